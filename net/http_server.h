// HttpServer: HTTP/1.1 (RFC 9112) over TCP or TLS, with bounds on everything. What is served is the owner's.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/address.h"
#include "net/http_message.h"
#include "net/loop.h"
#include "net/tls.h"

namespace bulla::net {

struct HttpServerConfig {
  std::shared_ptr<TlsServer> tls;  // empty: plain HTTP
  std::size_t max_connections = 2000;
  std::size_t max_per_address = 200;     // does not count for trusted proxies
  std::size_t max_header = 16 * 1024;    // bytes of request line and fields; more gets 431
  std::uint64_t max_body = 1 << 20;      // bytes, unless the handler's body_limit() says otherwise; more gets 413
  std::size_t max_requests = 10000;      // per connection
  Millis idle_timeout = 60 * kSecond;    // between two requests
  Millis header_timeout = 10 * kSecond;  // from a request's first byte to the end of its header
  Millis body_timeout = 60 * kSecond;    // for the whole body
  Millis write_timeout = 60 * kSecond;   // for the whole response
  Millis handshake_timeout = 10 * kSecond;
  // Proxies whose X-Forwarded-For (last address) and X-Forwarded-Proto are believed.
  std::vector<IpNetwork> trusted_proxies;
};

// HttpHandler is the owner's side: routes, answers. Many requests run at once on the server's loop, one per connection.
class HttpHandler {
 public:
  virtual ~HttpHandler() = default;
  // handle answers a request. What it throws becomes error(500), and a report. HEAD is asked like GET; the server
  // leaves the body out.
  virtual Task<HttpResponse> handle(HttpRequest request) = 0;
  // refuse answers a request from its header alone, before any of its body is read; the connection then closes. For
  // those who may not send what the address takes.
  virtual std::optional<HttpResponse> refuse(const HttpRequest& head);
  // body_limit decides how many bytes of body are read, from the header alone; `standard` is the server's max_body.
  virtual std::uint64_t body_limit(const HttpRequest& head, std::uint64_t standard);
  // error makes the response for what the server itself refuses (400, 405, 408, 413, 431, 500, 503), so that
  // errors look alike. Default: text/plain.
  virtual HttpResponse error(unsigned status, std::string_view text);
};

struct HttpServerStats {
  std::size_t open = 0;           // connections now
  std::uint64_t accepted = 0;     // connections
  std::uint64_t turned_away = 0;  // connections, by the limits
  std::uint64_t requests = 0;     // answered by the handler
  std::uint64_t refused = 0;      // answered by error() or refuse()
};

class HttpServerSession;

class HttpServer {
 public:
  // The handler must outlive the server and its sessions (see Loop::run).
  HttpServer(Loop& loop, HttpServerConfig config, HttpHandler& handler);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // listen opens a listener and returns the address it has (port 0: the system chooses one). May be called repeatedly.
  Result<Endpoint> listen(const Endpoint& endpoint);
  // drain stops listening, closes idle connections, lets requests finish, and cancels what is left at the deadline.
  Task<bool> drain(Millis deadline);
  HttpServerStats stats() const;

 private:
  friend class HttpServerSession;
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace bulla::net
