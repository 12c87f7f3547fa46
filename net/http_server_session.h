// One connection of an HttpServer: reads requests, asks the handler, writes responses.
#pragma once

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/vector_body.hpp>
#include <memory>
#include <string>

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
  using Parser = boost::beast::http::request_parser<boost::beast::http::vector_body<std::uint8_t>>;
  // Refusal is a status and a text for HttpHandler::error(), or the handler's own response; status 0 and no response:
  // close without a word.
  struct Refusal {
    unsigned status = 0;
    std::string text = {};
    std::optional<HttpResponse> response = {};
  };
  template <class T>
  using OrRefusal = std::expected<T, Refusal>;

  Task<bool> serve_one();
  Task<OrRefusal<HttpRequest>> read_request();
  Task<OrRefusal<void>> read_header(Parser& parser);
  Task<OrRefusal<void>> read_body(Parser& parser, std::uint64_t limit);
  OrRefusal<HttpRequest> make_head(const Parser& parser) const;
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
