#include "net/tls.h"

#include <openssl/ssl.h>

#include <boost/asio/ssl/context.hpp>
#include <mutex>

namespace bulla::net {
namespace {

namespace ssl = boost::asio::ssl;
using Context = ssl::context;

// ECDHE with AEAD for TLS 1.2; those of TLS 1.3 are all good.
constexpr const char* kCiphers = "ECDHE+AESGCM:ECDHE+CHACHA20";

void harden(Context& context) {
  SSL_CTX* native = context.native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(native, kCiphers);
  SSL_CTX_set_options(native, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
}

Result<std::shared_ptr<Context>> load_server(const std::string& certificate_file, const std::string& key_file) {
  auto context = std::make_shared<Context>(Context::tls_server);
  harden(*context);
  boost::system::error_code error;
  context->use_certificate_chain_file(certificate_file, error);
  if (error)
    return fail(Code::kInvalid, "TLS certificate " + certificate_file + ": " + error.message(),
                "a PEM file, own certificate first");
  context->use_private_key_file(key_file, Context::pem, error);
  if (error)
    return fail(Code::kInvalid, "TLS key " + key_file + ": " + error.message(),
                "a PEM file with the key of " + certificate_file);
  if (SSL_CTX_check_private_key(context->native_handle()) != 1)
    return fail(Code::kInvalid, "TLS key " + key_file + " does not belong to " + certificate_file);
  return context;
}

}  // namespace

struct TlsServer::State {
  std::string certificate_file;
  std::string key_file;
  mutable std::mutex mutex;
  std::shared_ptr<Context> context;
};

TlsServer::TlsServer() : state_(std::make_unique<State>()) {}
TlsServer::~TlsServer() = default;

Result<std::shared_ptr<TlsServer>> TlsServer::load(std::string certificate_file, std::string key_file) {
  std::shared_ptr<TlsServer> server(new TlsServer);
  server->state_->certificate_file = std::move(certificate_file);
  server->state_->key_file = std::move(key_file);
  BULLA_CHECK_OK(server->reload());
  return server;
}

Result<> TlsServer::reload() {
  BULLA_TRY(auto context, load_server(state_->certificate_file, state_->key_file));
  const std::lock_guard lock(state_->mutex);
  state_->context = std::move(context);
  return {};
}

std::shared_ptr<Context> TlsServer::context() const {
  const std::lock_guard lock(state_->mutex);
  return state_->context;
}

struct TlsClient::State {
  Context context{Context::tls_client};
  bool verify = true;
};

TlsClient::TlsClient() : state_(std::make_unique<State>()) {}
TlsClient::~TlsClient() = default;

Result<std::shared_ptr<const TlsClient>> TlsClient::make(TlsClientOptions options) {
  std::shared_ptr<TlsClient> client(new TlsClient);
  auto& context = client->state_->context;
  client->state_->verify = options.verify;
  harden(context);
  boost::system::error_code error;
  if (!options.verify) {
    context.set_verify_mode(ssl::verify_none);
    return client;
  }
  context.set_verify_mode(ssl::verify_peer);
  if (options.ca_file.empty()) {
    context.set_default_verify_paths(error);
  } else {
    context.load_verify_file(options.ca_file, error);
  }
  if (error)
    return fail(Code::kInvalid, "TLS authorities " + options.ca_file + ": " + error.message(),
                "a PEM file of certificates");
  return client;
}

bool TlsClient::verifies() const {
  return state_->verify;
}
Context& TlsClient::context() const {
  return state_->context;
}

}  // namespace bulla::net
