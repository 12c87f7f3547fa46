#include "net/http_server.h"

#include "net/http_server_session.h"

namespace bulla::net {

std::optional<HttpResponse> HttpHandler::refuse(const HttpRequest&) {
  return std::nullopt;
}

std::uint64_t HttpHandler::body_limit(const HttpRequest&, std::uint64_t standard) {
  return standard;
}

HttpResponse HttpHandler::error(unsigned status, std::string_view text) {
  return http_response(status, "text/plain; charset=utf-8", std::string(text) + "\n");
}

HttpServer::HttpServer(Loop& loop, HttpServerConfig config, HttpHandler& handler)
    : state_(std::make_shared<State>(loop, std::move(config), handler)) {}

HttpServer::~HttpServer() {
  state_->stop_listening();
  state_->sessions.cancel();
}

Result<Endpoint> HttpServer::listen(const Endpoint& endpoint) {
  return state_->listen(endpoint, "http listener", [state = state_](std::unique_ptr<Connection> connection) {
    state->accept(std::move(connection));
  });
}

Task<bool> HttpServer::drain(Millis deadline) {
  const auto state = state_;
  co_return co_await state->drain(deadline);
}

HttpServerStats HttpServer::stats() const {
  auto stats = state_->stats;
  stats.open = state_->count.total();
  return stats;
}

bool HttpServer::State::trusted(const std::string& address) const {
  for (const auto& network : config.trusted_proxies)
    if (network.contains(address)) return true;
  return false;
}

namespace {

// Only in clear: with TLS there is no answer without a handshake, which is what overload cannot afford.
Task<> turn_away(std::unique_ptr<Connection> connection, HttpResponse response) {
  response.headers.set("Retry-After", "5");
  const std::string text = http_head(response, true) + std::string(response.body_text());
  if (co_await connection->write(as_bytes(text), kSecond)) co_await connection->close();
}

}  // namespace

void HttpServer::State::accept(std::unique_ptr<Connection> connection) {
  ++stats.accepted;
  auto address = connection->remote().host;
  const auto per_address = trusted(address) ? config.max_connections : config.max_per_address;
  if (!count.add(address, config.max_connections, per_address)) {
    ++stats.turned_away;
    if (!config.tls && turning_away.size() < 64)
      turning_away.spawn("http overload", turn_away(std::move(connection), handler.error(503, "Too many connections")));
    return;
  }
  auto run = [](std::shared_ptr<State> state, std::unique_ptr<Connection> own, std::string peer) -> Task<> {
    HttpServerSession session(*state, std::move(own), std::move(peer));
    co_await session.run();
  };
  sessions.spawn("http session", run(shared_from_this(), std::move(connection), std::move(address)));
}

}  // namespace bulla::net
