// HttpClient: requests to http and https URLs, with keep-alive. Redirects are not followed.
#pragma once

#include <memory>
#include <string>

#include "net/http_message.h"
#include "net/loop.h"
#include "net/tls.h"

namespace bulla::net {

struct HttpClientConfig {
  std::shared_ptr<const TlsClient> tls;  // empty: made with the system's authorities at the first https request
  std::string user_agent = "bulla";
  Millis connect_timeout = 10 * kSecond;     // per address, TLS handshake included
  Millis request_timeout = 30 * kSecond;     // from connecting to the last byte of the response
  std::uint64_t max_response = 16ull << 20;  // bytes of body; more is kInvalid
  std::size_t max_header = 64 * 1024;
  std::size_t max_idle = 8;  // connections kept open
  Millis idle_timeout = 30 * kSecond;
};

struct HttpCall {
  HttpMethod method = HttpMethod::kGet;
  std::string url;  // absolute: "https://keys.example.org/api/..."
  HttpHeaders headers;
  Bytes body;
};

class HttpClient {
 public:
  HttpClient(Loop& loop, HttpClientConfig config);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // send makes one request. Any status is a response. Errors: kInvalid (URL, response is no HTTP or too big),
  // kUnavailable (name, connection, TLS), kTimeout. A request that a kept connection lost before the first byte of an
  // answer is made once more on a new one, whatever its method: what is called must be idempotent, as our API is.
  Awaiting<HttpResponse> send(HttpCall call);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace bulla::net
