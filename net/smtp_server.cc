#include "net/smtp_server.h"

#include "net/smtp_server_session.h"

namespace bulla::net {

Task<smtp::Reply> SmtpHandler::mail(smtp::MailArguments) {
  co_return smtp::answer(smtp::Answer::kSenderOk);
}
void SmtpHandler::ended(std::string_view) {}

SmtpServer::SmtpServer(Loop& loop, SmtpServerConfig config, SmtpHandlerFactory factory)
    : state_(std::make_shared<State>(loop, std::move(config), std::move(factory))) {
  state_->config.session.offer_tls = state_->config.tls != nullptr;
}

SmtpServer::~SmtpServer() {
  state_->stop_listening();
  state_->sessions.cancel();
}

Result<Endpoint> SmtpServer::listen(const Endpoint& endpoint) {
  return state_->listen(endpoint, "smtp listener", [state = state_](std::unique_ptr<Connection> connection) {
    state->accept(std::move(connection));
  });
}

Task<bool> SmtpServer::drain(Millis deadline) {
  const auto state = state_;
  co_return co_await state->drain(deadline);
}

SmtpServerStats SmtpServer::stats() const {
  auto stats = state_->stats;
  stats.open = state_->count.total();
  return stats;
}

namespace {

Task<> turn_away(std::unique_ptr<Connection> connection) {
  const std::string text = smtp::answer(smtp::Answer::kTooManyConnections).wire();
  if (co_await connection->write(as_bytes(text), kSecond)) co_await connection->close();
}

}  // namespace

void SmtpServer::State::accept(std::unique_ptr<Connection> connection) {
  ++stats.accepted;
  const auto peer = connection->remote();
  if (!count.add(peer.host, config.max_connections, config.max_per_address)) {
    ++stats.turned_away;
    // Not an unbounded number of these either; the rest is just closed.
    if (turning_away.size() < 64) turning_away.spawn("smtp overload", turn_away(std::move(connection)));
    return;
  }
  SmtpPeer about{peer.host, peer.port, connection->local(), stats.accepted};
  auto run = [](std::shared_ptr<State> state, std::unique_ptr<Connection> own, SmtpPeer who) -> Task<> {
    SmtpServerSession session(*state, std::move(own), std::move(who));
    co_await session.run();
  };
  sessions.spawn("smtp session", run(shared_from_this(), std::move(connection), std::move(about)));
}

}  // namespace bulla::net
