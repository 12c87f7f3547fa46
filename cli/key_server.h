// KeyServer: the key server's HTTP API (doc/key-api.md) as a client calls it, one call after the other.
#pragma once

#include <string>
#include <string_view>

#include "cli/json.h"
#include "core/base/secret.h"
#include "core/envelope/id.h"
#include "core/envelope/open.h"
#include "net/http_client.h"

namespace bulla::cli {

// check_origin is net::parse_origin for what a person or a file said, with that text in the error.
Result<std::string> check_origin(std::string_view text);

// Released is what a release holds before the share is opened.
struct Released {
  std::vector<std::string> stanzas;  // the server share, sealed to the account's keys
  std::vector<crypto::Ed25519Public> signing_keys;
  std::vector<std::string> domains;
  std::string organisation;  // name
};

// An answer with an error status becomes an Error with the server's own words and hint; kTooMany when it says that no
// tries are left.
class KeyServer {
 public:
  // `origin` has gone through check_origin; ca_file (may be empty) is trusted instead of the system's authorities.
  static Result<KeyServer> make(std::string origin, const std::string& ca_file);

  const std::string& origin() const { return origin_; }

  // post sends an object and returns the answered one; `session` (may be empty) is the bearer token.
  Result<JsonObject> post(std::string_view path, const boost::json::object& body, const Secret& session = {});
  Result<Released> release(const envelope::EnvelopeId& id, const Secret& session);
  // end_session: nothing can be done if it fails, so it says nothing.
  void end_session(const Secret& session);

 private:
  KeyServer(std::string origin, std::shared_ptr<const net::TlsClient> tls);
  Result<JsonObject> send(net::HttpCall call, const Secret& session);

  std::string origin_;
  std::unique_ptr<net::Loop> loop_;
  std::unique_ptr<net::HttpClient> client_;
};

}  // namespace bulla::cli
