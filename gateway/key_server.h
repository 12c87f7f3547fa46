// KeyServer: what the gateway asks the key server (doc/key-api.md, "Gateways").
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/secret.h"
#include "net/http_client.h"
#include "net/task.h"

namespace bulla::gateway {

constexpr std::size_t kMaxBatch = 500;  // recipients in one request

struct Directory {
  std::string release_id;
  std::string release_key;                               // "age1..."
  std::map<std::string, std::vector<std::string>> keys;  // by address, as asked
  std::optional<Millis> time;                            // the key server's clock
};

struct NewShare {
  std::string to;      // "release:KEYID" or "age1..."
  std::string stanza;  // text of an age stanza
};

struct NewRecipient {
  std::string address;
  std::vector<NewShare> shares;
};

struct NewEnvelope {
  std::string id;
  std::string sender;
  std::string sender_name;
  Millis date = 0;
  std::optional<Millis> expires;
  std::vector<NewRecipient> recipients;
};

enum class RegisterStatus { kRegistered, kOutdated, kRefused };
struct RegisterResult {
  RegisterStatus status = RegisterStatus::kRefused;
  std::string reason;
};

// Errors: kDenied when the server does not know our token (401, 403), kInvalid when it refuses a request as a whole
// (other 4xx), kTooMany (429), kUnavailable for everything else: no connection, 5xx, an answer that is none.
class KeyServer {
 public:
  virtual ~KeyServer() = default;
  // directory asks for at most kMaxBatch addresses.
  virtual net::Awaiting<Directory> directory(std::vector<std::string> addresses) = 0;
  // register_envelopes registers at most kMaxBatch recipients in all; the results stand in the same order.
  virtual net::Awaiting<std::vector<std::vector<RegisterResult>>> register_envelopes(
      std::vector<NewEnvelope> envelopes) = 0;
};

// HttpKeyServer asks over HTTP.
class HttpKeyServer final : public KeyServer {
 public:
  HttpKeyServer(net::Loop& loop, net::HttpClientConfig config, std::string url, Secret token);
  net::Awaiting<Directory> directory(std::vector<std::string> addresses) override;
  net::Awaiting<std::vector<std::vector<RegisterResult>>> register_envelopes(
      std::vector<NewEnvelope> envelopes) override;

 private:
  net::Awaiting<std::string> post(std::string path, std::string body);
  net::HttpClient client_;
  std::string url_;
  Secret token_;
};

}  // namespace bulla::gateway
