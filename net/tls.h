// TLS settings for servers and clients: TLS 1.2 and 1.3, AEAD suites, no renegotiation, no compression.
#pragma once

#include <memory>
#include <string>

#include "core/base/result.h"

namespace boost::asio::ssl {
class context;
}

namespace bulla::net {

// TlsServer is a server's certificate chain and key. reload() is for new connections; those that stand keep theirs.
// Safe from any thread.
class TlsServer {
 public:
  // Both files are PEM; the chain starts with the server's own certificate. kInvalid names the file and what is wrong.
  static Result<std::shared_ptr<TlsServer>> load(std::string certificate_file, std::string key_file);
  ~TlsServer();
  // reload reads the files again. On an error the old certificate stays in use.
  Result<> reload();

  std::shared_ptr<boost::asio::ssl::context> context() const;  // for net/ only

 private:
  TlsServer();
  struct State;
  std::unique_ptr<State> state_;
};

struct TlsClientOptions {
  std::string ca_file;  // PEM, trusted instead of the system's authorities; empty: the system's
  bool verify = true;   // false: any certificate (opportunistic SMTP only, where clear text would be the alternative)
};

// TlsClient is what a client trusts. Immutable, safe from any thread.
class TlsClient {
 public:
  static Result<std::shared_ptr<const TlsClient>> make(TlsClientOptions options = {});
  ~TlsClient();

  bool verifies() const;
  boost::asio::ssl::context& context() const;  // for net/ only

 private:
  TlsClient();
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace bulla::net
