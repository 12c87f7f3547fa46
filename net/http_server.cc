#include "net/http_server.h"

#include "net/connection.h"
#include "net/http_server_session.h"

namespace bulla::net {

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
  BULLA_TRY(auto listener, Listener::open(state_->loop, endpoint));
  state_->listeners.push_back(listener);
  auto accept = [state = state_](std::unique_ptr<Connection> connection) { state->accept(std::move(connection)); };
  // The task holds the listener: a coroutine's own parameters live as long as it does.
  state_->sessions.spawn("http listener", [](std::shared_ptr<Listener> l, Listener::Handler handler) -> Task<> {
    co_await l->run(std::move(handler));
  }(listener, std::move(accept)));
  return listener->local();
}

Task<bool> HttpServer::drain(Millis deadline) {
  const auto state = state_;
  state->draining = true;
  state->stop_listening();
  for (auto* session : state->open) session->wake_if_idle();
  const bool all = co_await state->sessions.wait_empty(deadline);
  if (!all) {
    state->sessions.cancel();
    co_await state->sessions.wait_empty(kSecond);
  }
  co_return all;
}

HttpServerStats HttpServer::stats() const {
  auto stats = state_->stats;
  stats.open = state_->count.total();
  return stats;
}

void HttpServer::State::stop_listening() {
  for (auto& listener : listeners) listener->close();
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
