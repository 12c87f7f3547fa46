#include "cli/key_server.h"

#include <boost/json/serialize.hpp>

#include "core/base/encoding.h"
#include "net/origin.h"
#include "program/options.h"
#include "program/utf8.h"

namespace bulla::cli {
namespace {

using program::printable;

Code code_of_status(unsigned status) {
  switch (status) {
    case 401:
    case 403:
      return Code::kDenied;
    case 404:
      return Code::kNotFound;
    case 409:
    case 410:
      return Code::kConflict;
    case 429:
      return Code::kTooMany;
    default:
      return status >= 500 ? Code::kUnavailable : Code::kInvalid;
  }
}

Error error_of(const net::HttpResponse& response) {
  Error error{code_of_status(response.status), "the key server answered " + std::to_string(response.status), ""};
  const auto answer = JsonObject::parse(response.body_text());
  if (!answer) return error;
  const auto details = answer->object("error");
  if (!details) return error;
  if (const auto message = details->text_or("message", ""); !message.empty()) error.text = printable(message);
  error.hint = printable(details->text_or("hint", ""));
  // A code that is wrong for the last time cannot be typed again.
  if (details->integer_or("tries_left", 1) <= 0) error.code = Code::kTooMany;
  if (const auto state = details->text_or("state", ""); !state.empty()) error.text += " (" + printable(state) + ")";
  return error;
}

}  // namespace

Result<std::string> check_origin(std::string_view text) {
  auto origin = net::parse_origin(text);
  if (!origin)
    return fail(origin.error().code, "'" + printable(text) + "' " + origin.error().text, origin.error().hint);
  return std::move(origin->text);
}

KeyServer::KeyServer(std::string origin, std::shared_ptr<const net::TlsClient> tls)
    : origin_(std::move(origin)), loop_(std::make_unique<net::Loop>()) {
  net::HttpClientConfig config;
  config.tls = std::move(tls);
  config.user_agent = std::string("bulla/") + program::version();
  client_ = std::make_unique<net::HttpClient>(*loop_, std::move(config));
}

Result<KeyServer> KeyServer::make(std::string origin, const std::string& ca_file) {
  std::shared_ptr<const net::TlsClient> tls;
  if (!ca_file.empty()) {
    BULLA_TRY(tls, net::TlsClient::make({.ca_file = ca_file}));
  }
  return KeyServer(std::move(origin), std::move(tls));
}

Result<JsonObject> KeyServer::send(net::HttpCall call, const Secret& session) {
  if (!session.empty()) call.headers.set("Authorization", "Bearer " + std::string(as_text(session.reveal())));
  auto response = loop_->block_on(client_->send(std::move(call)));
  if (!response) {
    return fail(response.error().code, "the key server at " + origin_ + " cannot be reached: " + response.error().text);
  }
  if (response->status < 200 || response->status > 299) return fail(error_of(*response));
  return JsonObject::parse(response->body_text().empty() ? "{}" : response->body_text());
}

Result<JsonObject> KeyServer::post(std::string_view path, const boost::json::object& body, const Secret& session) {
  net::HttpCall call;
  call.method = net::HttpMethod::kPost;
  call.url = origin_ + std::string(path);
  call.headers.set("Content-Type", "application/json");
  call.body = to_bytes(boost::json::serialize(body));
  return send(std::move(call), session);
}

void KeyServer::end_session(const Secret& session) {
  net::HttpCall call;
  call.method = net::HttpMethod::kDelete;
  call.url = origin_ + "/v1/session";
  static_cast<void>(send(std::move(call), session));
}

Result<Released> KeyServer::release(const envelope::EnvelopeId& id, const Secret& session) {
  BULLA_TRY(const auto answer, post("/v1/envelopes/" + id.text() + "/release", {}, session));
  Released released;
  BULLA_TRY(released.stanzas, answer.texts("stanzas"));
  BULLA_TRY(released.domains, answer.texts("domains"));
  BULLA_TRY(const auto organisation, answer.object("organisation"));
  released.organisation = organisation.text_or("name", "");
  BULLA_TRY(const auto keys, answer.texts("signing_keys"));
  for (const auto& text : keys) {
    const auto bytes = decode_base64url(text);
    crypto::Ed25519Public key{};
    if (!bytes || bytes->size() != key.size())
      return fail(Code::kInvalid, "the key server sent a signing key that is none");
    std::ranges::copy(*bytes, key.begin());
    released.signing_keys.push_back(key);
  }
  return released;
}

}  // namespace bulla::cli
