#include "net/smtp_server_session.h"

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

namespace bulla::net {
namespace {

constexpr std::size_t kReadSize = 64 * 1024;

std::chrono::steady_clock::time_point after(Millis time) {
  return std::chrono::steady_clock::now() + std::chrono::milliseconds(time);
}
Millis left_until(std::chrono::steady_clock::time_point end) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now()).count();
  return std::max<Millis>(0, left);
}

}  // namespace

SmtpServerSession::SmtpServerSession(SmtpServer::State& server, std::unique_ptr<Connection> connection, SmtpPeer peer)
    : server_(server),
      connection_(std::move(connection)),
      address_(peer.address),
      handler_(server.factory(peer)),
      session_(server.config.session),
      buffer_(kReadSize),
      session_end_(after(server.config.session_timeout)),
      command_end_(after(server.config.command_timeout)) {
  server_.open.insert(this);
}

SmtpServerSession::~SmtpServerSession() {
  server_.open.erase(this);
  server_.count.remove(address_);
  charge(0);
  wipe(buffer_);
  handler_->ended(why_.empty() ? "cancelled" : why_);
}

void SmtpServerSession::wake_if_idle() {
  if (waiting_ && session_.idle()) connection_->cancel();
}

Task<> SmtpServerSession::run() {
  co_await converse();
  drop_body();
  co_await connection_->close();
}

Task<> SmtpServerSession::converse() {
  while (true) {
    auto action = session_.next();
    if (const auto* piece = std::get_if<smtp::BodyPiece>(&action)) {
      take_piece(piece->bytes);  // many and small: worth no coroutine of their own
      continue;
    }
    const bool go_on = co_await perform(std::move(action));
    if (!go_on) co_return;
  }
}

Task<bool> SmtpServerSession::perform(smtp::ServerAction action) {
  if (std::holds_alternative<smtp::NeedInput>(action)) co_return co_await read_more();
  if (auto* begin = std::get_if<smtp::BodyBegin>(&action)) {
    begin_body(begin->declared_size);
  } else if (std::holds_alternative<smtp::BodyDropped>(action)) {
    drop_body();
  } else if (auto* mail = std::get_if<smtp::AskMail>(&action)) {
    const auto reply = co_await guarded(handler_->mail(std::move(mail->mail)));
    session_.answer(reply);
  } else if (auto* recipient = std::get_if<smtp::AskRecipient>(&action)) {
    const auto reply = co_await guarded(handler_->recipient(std::move(recipient->recipient)));
    session_.answer(reply);
  } else if (auto* end_of_body = std::get_if<smtp::BodyEnd>(&action)) {
    co_await take_message(std::move(end_of_body->envelope));
  } else if (std::holds_alternative<smtp::StartTls>(action)) {
    co_return co_await start_tls();
  } else {
    co_await flush();
    end("quit");
    co_return false;
  }
  co_return true;
}

Millis SmtpServerSession::read_timeout() {
  if (session_.reading_body()) return std::min(server_.config.data_timeout, left_until(body_end_));
  return std::min(left_until(command_end_), left_until(session_end_));
}

Task<bool> SmtpServerSession::read_more() {
  // Each whole command has an answer; without one the client has not finished its line, and its time runs on.
  if (session_.has_output()) command_end_ = after(server_.config.command_timeout);
  if (!co_await flush()) co_return false;
  if (server_.draining && session_.idle()) {
    session_.close_with(smtp::answer(smtp::Answer::kShuttingDown));
    end("draining");
    co_return true;
  }
  waiting_ = true;
  const auto size = co_await connection_->read(buffer_, read_timeout());
  waiting_ = false;
  if (size) {
    session_.feed(ByteView(buffer_).first(*size));
    wipe(MutableBytes(buffer_).first(*size));
    co_return true;
  }
  if (server_.draining && session_.idle()) co_return true;
  end(code_name(size.error().code));
  if (size.error().code != Code::kTimeout) co_return false;
  session_.close_with(smtp::answer(smtp::Answer::kTimedOut));
  co_return true;
}

Task<bool> SmtpServerSession::flush() {
  if (!session_.has_output()) co_return true;
  const std::string output = session_.take_output();
  const auto written = co_await connection_->write(as_bytes(output), server_.config.data_timeout);
  if (!written) end(code_name(written.error().code));
  co_return written.has_value();
}

Task<bool> SmtpServerSession::start_tls() {
  if (!co_await flush()) co_return false;
  const auto started =
      co_await connection_->accept_tls(server_.config.tls->context(), server_.config.handshake_timeout);
  if (!started) {
    end("TLS handshake failed");
    connection_->abort();
    co_return false;
  }
  session_.tls_started();
  command_end_ = after(server_.config.command_timeout);
  co_return true;
}

void SmtpServerSession::begin_body(std::optional<std::uint64_t> declared) {
  drop_body();
  body_end_ = after(server_.config.message_timeout);
  declared_ = std::min(declared.value_or(0), server_.config.session.max_message);
  // The client hears 452 now only at the message's end; a size that cannot fit is not read into memory first.
  if (server_.stats.memory + declared_ > server_.config.max_memory)
    session_.refuse_body(smtp::answer(smtp::Answer::kNoRoom));
}

void SmtpServerSession::take_piece(ByteView piece) {
  for (const bool sparing : {false, true}) {
    const auto capacity = body_.grown(piece.size(), declared_, sparing);
    if (!charge(capacity)) continue;
    body_.reserve(capacity);
    body_.append(piece);
    return;
  }
  session_.refuse_body(smtp::answer(smtp::Answer::kNoRoom));
}

void SmtpServerSession::drop_body() {
  body_.clear();
  charge(0);
}

bool SmtpServerSession::charge(std::uint64_t bytes) {
  if (bytes > charged_ && server_.stats.memory + (bytes - charged_) > server_.config.max_memory) return false;
  server_.stats.memory += bytes;
  server_.stats.memory -= charged_;
  charged_ = bytes;
  return true;
}

Task<> SmtpServerSession::take_message(smtp::Envelope envelope) {
  const auto reply = co_await guarded(handler_->message(std::move(envelope), body_.take()));
  charge(0);
  ++(reply.positive() ? server_.stats.messages : server_.stats.refused);
  session_.answer(reply);
  command_end_ = after(server_.config.command_timeout);
}

Task<smtp::Reply> SmtpServerSession::guarded(Task<smtp::Reply> reply) {
  try {
    co_return co_await std::move(reply);
  } catch (const boost::system::system_error& error) {
    if (error.code() == boost::asio::error::operation_aborted) throw;
    server_.loop.report("smtp session", error.what());
  } catch (const std::exception& error) {
    server_.loop.report("smtp session", error.what());
  }
  co_return smtp::answer(smtp::Answer::kTryLater);
}

}  // namespace bulla::net
