#include "net/smtp_client.h"

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>
#include <chrono>
#include <list>

#include "net/connection.h"
#include "smtp/data_writer.h"

namespace bulla::net {
namespace {

using smtp::ClientSession;
using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kBlock = 64 * 1024;

class HeldBody final : public BodySource {
 public:
  explicit HeldBody(Secret message) : message_(std::move(message)) {}
  Awaiting<ByteView> next() override { co_return std::exchange(given_, true) ? ByteView() : message_.reveal(); }

 private:
  Secret message_;
  bool given_ = false;
};

// Channel is one connection with its session. Between two messages it may wait in the pool.
struct Channel {
  SmtpTarget target;
  std::unique_ptr<Connection> connection;
  ClientSession session;
  std::size_t messages = 0;
  SteadyClock::time_point idle_since{};
};

// What an exchange came to, beyond its result.
struct Exchange {
  smtp::TransactionResult result;
  bool body_begun = false;
  bool tls_failed = false;
  bool ready = false;  // the channel can take another message
};

bool heard_nothing(const smtp::TransactionResult& result) {
  for (const auto& one : result.recipients)
    if (one.outcome != smtp::Outcome::kTemporary || (one.reply.code != 0 && one.reply.code != 421)) return false;
  return true;
}

struct WipeAtEnd {
  Bytes& bytes;
  ~WipeAtEnd() { wipe(bytes); }
};

smtp::TransactionResult failed(const smtp::Transaction& transaction, const Error& error) {
  smtp::TransactionResult result;
  for (const auto& recipient : transaction.recipients)
    result.recipients.push_back({recipient, smtp::Outcome::kTemporary, {0, "4.4.1", error.text}});
  return result;
}

}  // namespace

std::unique_ptr<BodySource> body_of(Secret message) {
  return std::make_unique<HeldBody>(std::move(message));
}
std::unique_ptr<BodySource> body_of(std::string message) {
  auto secret = Secret::copy_of(as_bytes(message));
  wipe(message);
  return body_of(std::move(secret));
}

struct SmtpClient::State : std::enable_shared_from_this<SmtpClient::State> {
  State(Loop& l, SmtpClientConfig c) : loop(l), config(std::move(c)), tasks(l) {}

  Task<smtp::TransactionResult> deliver(SmtpTarget target, smtp::Transaction transaction, BodySource& body);
  Awaiting<std::unique_ptr<Channel>> open(SmtpTarget target, smtp::TlsPolicy policy);
  Task<Exchange> exchange(Channel& channel, smtp::Transaction transaction, BodySource& body);
  Task<> read_more(Channel& channel);
  Task<bool> flush(Channel& channel, Millis timeout);
  Task<bool> start_tls(Channel& channel);
  Task<> send_body(Channel& channel, BodySource& body);
  Result<std::shared_ptr<const TlsClient>> tls_for(smtp::TlsPolicy policy);
  Millis timeout(const ClientSession& session) const;

  std::unique_ptr<Channel> take_idle(const SmtpTarget& target);
  Task<> keep(std::unique_ptr<Channel> channel);
  Task<> sweep();
  Task<> quit(std::unique_ptr<Channel> channel);

  Loop& loop;
  SmtpClientConfig config;
  TaskGroup tasks;
  std::list<std::unique_ptr<Channel>> idle;  // the oldest first
  bool sweeping = false;
};

SmtpClient::SmtpClient(Loop& loop, SmtpClientConfig config)
    : state_(std::make_shared<State>(loop, std::move(config))) {}

SmtpClient::~SmtpClient() {
  state_->tasks.cancel();
}

Task<smtp::TransactionResult> SmtpClient::deliver(SmtpTarget target, smtp::Transaction transaction,
                                                  std::unique_ptr<BodySource> body) {
  const auto state = state_;
  co_return co_await state->deliver(std::move(target), std::move(transaction), *body);
}

Task<> SmtpClient::close() {
  const auto state = state_;
  while (!state->idle.empty()) {
    auto channel = std::move(state->idle.front());
    state->idle.pop_front();
    co_await state->quit(std::move(channel));
  }
}

Task<smtp::TransactionResult> SmtpClient::State::deliver(SmtpTarget target, smtp::Transaction transaction,
                                                         BodySource& body) {
  auto channel = take_idle(target);
  auto policy = target.tls;
  while (true) {
    const bool reused = channel != nullptr;
    if (!reused) {
      auto opened = co_await open(target, policy);
      if (!opened) co_return failed(transaction, opened.error());
      channel = std::move(*opened);
    }
    auto done = co_await exchange(*channel, transaction, body);
    if (done.ready) {
      co_await keep(std::move(channel));
      co_return std::move(done.result);
    }
    co_await quit(std::move(channel));
    channel.reset();
    // A kept connection may have been closed by the server in the meantime; that says nothing about this message.
    const bool stale = reused && !done.body_begun && heard_nothing(done.result);
    const bool clear_instead = done.tls_failed && policy == smtp::TlsPolicy::kOpportunistic;
    if (!stale && !clear_instead) co_return std::move(done.result);
    if (clear_instead) policy = smtp::TlsPolicy::kNone;
  }
}

Awaiting<std::unique_ptr<Channel>> SmtpClient::State::open(SmtpTarget target, smtp::TlsPolicy policy) {
  if (policy == smtp::TlsPolicy::kRequired && (!config.verified_tls || !config.verified_tls->verifies()))
    co_return fail(Code::kUnavailable, "TLS is required, and no authorities are configured to verify it");
  BULLA_CO_TRY(auto connection, co_await connect(target.endpoint, config.connect_timeout));
  smtp::ClientConfig session{config.helo_name, policy};
  co_return std::unique_ptr<Channel>(
      new Channel{std::move(target), std::move(connection), ClientSession(std::move(session))});
}

Result<std::shared_ptr<const TlsClient>> SmtpClient::State::tls_for(smtp::TlsPolicy policy) {
  if (policy == smtp::TlsPolicy::kRequired) return config.verified_tls;
  if (!config.any_tls) {
    TlsClientOptions any;
    any.verify = false;
    BULLA_TRY(config.any_tls, TlsClient::make(any));
  }
  return config.any_tls;
}

Task<Exchange> SmtpClient::State::exchange(Channel& channel, smtp::Transaction transaction, BodySource& body) {
  Exchange done;
  bool finished = false;
  channel.session.begin(std::move(transaction));
  while (true) {
    auto action = channel.session.next();
    if (std::holds_alternative<smtp::ClientNeedInput>(action)) {
      co_await read_more(channel);
    } else if (std::holds_alternative<smtp::ClientStartTls>(action)) {
      const bool started = co_await start_tls(channel);
      done.tls_failed = !started;
    } else if (std::holds_alternative<smtp::ClientSendBody>(action)) {
      done.body_begun = true;
      co_await send_body(channel, body);
    } else if (auto* end = std::get_if<smtp::ClientFinished>(&action)) {
      done.result = std::move(end->result);
      finished = true;
    } else {
      // ClientReady comes after the result (it was begun above); ClientClose before it only when nothing was begun.
      done.ready = finished && std::holds_alternative<smtp::ClientReady>(action);
      co_return done;
    }
  }
}

Millis SmtpClient::State::timeout(const ClientSession& session) const {
  switch (session.expecting()) {
    case ClientSession::Expecting::kGreeting:
      return config.greeting_timeout;
    case ClientSession::Expecting::kReply:
      return config.reply_timeout;
    case ClientSession::Expecting::kDataStart:
      return config.data_start_timeout;
    case ClientSession::Expecting::kDataEnd:
      return config.data_end_timeout;
  }
  return config.reply_timeout;
}

Task<bool> SmtpClient::State::flush(Channel& channel, Millis limit) {
  if (!channel.session.has_output()) co_return true;
  const std::string output = channel.session.take_output();
  const auto written = co_await channel.connection->write(as_bytes(output), limit);
  if (!written) channel.session.connection_lost(written.error().text);
  co_return written.has_value();
}

Task<> SmtpClient::State::read_more(Channel& channel) {
  if (!co_await flush(channel, config.reply_timeout)) co_return;
  Bytes buffer(4096);
  const auto size = co_await channel.connection->read(buffer, timeout(channel.session));
  if (size) {
    channel.session.feed(ByteView(buffer).first(*size));
  } else {
    channel.session.connection_lost(size.error().text);
  }
}

Task<bool> SmtpClient::State::start_tls(Channel& channel) {
  if (!co_await flush(channel, config.reply_timeout)) co_return true;
  auto client = tls_for(channel.target.tls);
  if (!client) {
    channel.session.tls_failed(client.error().text);
    co_return false;
  }
  const auto& target = channel.target;
  std::string name = target.tls_name.empty() ? target.endpoint.host : target.tls_name;
  const auto started = co_await channel.connection->connect_tls(*client, std::move(name), config.handshake_timeout);
  if (started) {
    channel.session.tls_started();
  } else {
    channel.session.tls_failed(started.error().text);
  }
  co_return started.has_value();
}

Task<> SmtpClient::State::send_body(Channel& channel, BodySource& body) {
  if (!co_await flush(channel, config.reply_timeout)) co_return;
  smtp::DataWriter writer;
  // A block under way and one more piece, each byte of which may be stuffed: it never grows, and leaves no copy behind.
  Bytes out;
  out.reserve(4 * kBlock + 16);
  const WipeAtEnd wiped{out};
  for (bool last = false; !last;) {
    Result<ByteView> next = co_await body.next();
    if (!next) co_return channel.session.body_failed(next.error());
    ByteView piece = *next;
    last = piece.empty();
    do {
      const auto part = piece.first(std::min(piece.size(), kBlock));
      piece = piece.subspan(part.size());
      auto stuffed = last ? writer.finish(out) : writer.write(part, out);
      if (!stuffed) co_return channel.session.body_failed(stuffed.error());
      if (out.size() < kBlock && !last) continue;
      const auto written = co_await channel.connection->write(out, config.data_block_timeout);
      if (!written) co_return channel.session.connection_lost(written.error().text);
      wipe(MutableBytes(out));
      out.clear();
    } while (!piece.empty());
  }
  channel.session.body_sent();
}

std::unique_ptr<Channel> SmtpClient::State::take_idle(const SmtpTarget& target) {
  for (auto at = idle.rbegin(); at != idle.rend(); ++at) {
    if (!((*at)->target == target)) continue;
    auto channel = std::move(*at);
    idle.erase(std::next(at).base());
    return channel;
  }
  return nullptr;
}

Task<> SmtpClient::State::keep(std::unique_ptr<Channel> channel) {
  if (config.max_idle == 0 || ++channel->messages >= config.max_per_connection)
    co_return co_await quit(std::move(channel));
  channel->idle_since = SteadyClock::now();
  idle.push_back(std::move(channel));
  if (!std::exchange(sweeping, true)) {
    // The coroutine keeps the state alive.
    tasks.spawn("smtp client",
                [](std::shared_ptr<State> self) -> Task<> { co_await self->sweep(); }(shared_from_this()));
  }
  if (idle.size() <= config.max_idle) co_return;
  auto oldest = std::move(idle.front());
  idle.pop_front();
  co_await quit(std::move(oldest));
}

// Closes connections that nobody has used for a while; ends when there are none.
Task<> SmtpClient::State::sweep() {
  const auto limit = std::chrono::milliseconds(config.idle_timeout);
  while (!idle.empty()) {
    const auto left = idle.front()->idle_since + limit - SteadyClock::now();
    if (left.count() > 0) {
      co_await sleep(std::chrono::ceil<std::chrono::milliseconds>(left).count());
      continue;
    }
    auto channel = std::move(idle.front());
    idle.pop_front();
    co_await quit(std::move(channel));
  }
  sweeping = false;
}

// A polite end, with little patience for it.
Task<> SmtpClient::State::quit(std::unique_ptr<Channel> channel) {
  auto& session = channel->session;
  session.quit();
  const auto action = session.next();
  if (!std::holds_alternative<smtp::ClientNeedInput>(action)) co_return channel->connection->abort();
  if (co_await flush(*channel, kSecond)) {
    Bytes buffer(512);
    std::ignore = co_await channel->connection->read(buffer, 2 * kSecond);
  }
  channel->connection->abort();
}

}  // namespace bulla::net
