// One connection of an HttpServer: reads requests, asks the handler, writes responses.
#pragma once

#include <memory>
#include <string>

#include "net/http_reader.h"
#include "net/http_server.h"
#include "net/session_host.h"

namespace bulla::net {

// State is shared by the sessions, which may outlive the server by a moment.
struct HttpServer::State : SessionHost, std::enable_shared_from_this<HttpServer::State> {
  State(Loop& l, HttpServerConfig c, HttpHandler& h) : SessionHost(l), config(std::move(c)), handler(h) {}

  void accept(std::unique_ptr<Connection> connection);
  bool trusted(const std::string& address) const;

  HttpServerConfig config;
  HttpHandler& handler;
  HttpServerStats stats;
};

// http_head is a response's status line and fields, with Content-Length, Date and (if `close`) Connection.
std::string http_head(const HttpResponse& response, bool close);

class HttpServerSession final : public HostedSession {
 public:
  HttpServerSession(HttpServer::State& server, std::unique_ptr<Connection> connection, std::string peer);
  ~HttpServerSession();
  HttpServerSession(const HttpServerSession&) = delete;
  HttpServerSession& operator=(const HttpServerSession&) = delete;

  Task<> run();
  void wake_if_idle() override;

 private:
  // Refusal is for HttpHandler::error(), or the handler's own response; status 0 and no response: close without a word.
  struct Refusal {
    HttpRefusal error = {};
    std::optional<HttpResponse> response = {};
  };
  template <class T>
  using OrRefusal = std::expected<T, Refusal>;

  Task<bool> serve_one();
  Task<OrRefusal<HttpRequest>> read_request();
  Task<OrRefusal<HttpRequest>> read_head(HttpRequestReader& reader);
  Task<OrRefusal<void>> read_body(HttpRequestReader& reader);
  // What a fill() that failed means for the client.
  Refusal gone_or_slow() const;
  void apply_proxy(HttpRequest& request) const;
  // fill reads more bytes into the input; false when the peer is gone or too slow (timed_out_).
  Task<bool> fill(Millis timeout);
  Task<HttpResponse> guarded(HttpRequest request);
  Task<bool> write(HttpResponse response, bool head, bool close);

  HttpServer::State& server_;
  std::unique_ptr<Connection> connection_;
  std::string peer_;
  Bytes input_;
  bool timed_out_ = false;
  bool waiting_ = false;
  bool keep_alive_ = true;
};

}  // namespace bulla::net
