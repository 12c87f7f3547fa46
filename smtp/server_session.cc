#include "smtp/server_session.h"

#include <utility>

#include "core/base/check.h"
#include "core/base/secret.h"

namespace bulla::smtp {

ServerSession::ServerSession(ServerConfig config) : config_(std::move(config)) {
  Reply greeting = smtp::answer(Answer::kReady);
  greeting.text = config_.host_name + ' ' + greeting.text;
  say(greeting);
}

ServerSession::~ServerSession() {
  wipe(input_);
  wipe(output_);
}

void ServerSession::discard_input() {
  wipe(input_);
  read_ = 0;
  parser_.reset();
}

void ServerSession::feed(ByteView bytes) {
  if (closing_) return;
  if (input_.capacity() - input_.size() < bytes.size()) {
    // A fresh buffer instead of a growing one, which would leave a copy of its bytes behind.
    Bytes fresh;
    fresh.reserve(input().size() + bytes.size());
    append(fresh, input());
    wipe(input_);
    input_ = std::move(fresh);
    read_ = 0;
  }
  append(input_, bytes);
}

ServerAction ServerSession::next() {
  BULLA_ASSERT(waiting_ == Waiting::kNothing);
  while (!closing_ && (!input().empty() || (data_ && data_->done()))) {
    if (auto step = data_ ? read_body() : read_command()) return std::move(*step);
  }
  if (closing_) {
    discard_input();
    return CloseSession{};
  }
  // All has been read, and given out where it was to be: nothing of it stays while the client is waited for.
  wipe(MutableBytes(input_));
  input_.clear();
  read_ = 0;
  return NeedInput{};
}

ServerSession::Step ServerSession::read_command() {
  ByteView in = input();
  const bool complete = parser_.feed(in);
  consume_up_to(in);
  if (!complete) return {};
  if (++commands_ > config_.max_commands) {
    close_with(smtp::answer(Answer::kTooManyCommands));
    return {};
  }
  return run(parser_.command());
}

ServerSession::Step ServerSession::run(const Command& command) {
  const bool has_address = command.verb == Verb::kMail || command.verb == Verb::kRcpt;
  switch (command.fault) {
    case Command::Fault::kNone:
      break;
    case Command::Fault::kTooLong:
      return say_error(Answer::kLineTooLong);
    case Command::Fault::kControl:
      return say_error(Answer::kSyntax);
    case Command::Fault::kNotAscii:
      return say_error(has_address ? Answer::kNonAsciiAddress : Answer::kSyntax);
    case Command::Fault::kBareLineEnd:
      close_with(smtp::answer(Answer::kBareLineEnd));
      return {};
    case Command::Fault::kHopeless:
      close_with(smtp::answer(Answer::kLineTooLong));
      return {};
  }
  switch (command.verb) {
    case Verb::kEhlo:
      return on_ehlo(command.argument);
    case Verb::kHelo:
      return on_helo(command.argument);
    case Verb::kMail:
      return on_mail(command.argument);
    case Verb::kRcpt:
      return on_rcpt(command.argument);
    case Verb::kData:
      return on_data(command.argument);
    case Verb::kRset:
      return on_rset(command.argument);
    case Verb::kNoop:
      return on_noop();
    case Verb::kQuit:
      return on_quit(command.argument);
    case Verb::kVrfy:
      return on_vrfy(command.argument);
    case Verb::kHelp:
      return on_help();
    case Verb::kStartTls:
      return on_starttls(command.argument);
    case Verb::kExpn:
      return say_error(Answer::kNotImplemented);
    case Verb::kForeign:
      close_with(smtp::answer(Answer::kUnknownCommand, "this is an SMTP server"));
      return {};
    case Verb::kUnknown:
      return say_error(Answer::kUnknownCommand);
  }
  return {};
}

void ServerSession::say(const Reply& reply) {
  output_ += reply.wire();
  if (reply.code == 421) closing_ = true;
}

ServerSession::Step ServerSession::say_error(Answer row, std::string_view detail) {
  say(smtp::answer(row, detail));
  if (++errors_ >= config_.max_errors) close_with(smtp::answer(Answer::kTooManyErrors));
  return {};
}

void ServerSession::close_with(const Reply& reply) {
  say(reply);
  waiting_ = Waiting::kNothing;
  closing_ = true;
  reset_transaction();
}

void ServerSession::answer(const Reply& reply) {
  BULLA_ASSERT(waiting_ != Waiting::kNothing && waiting_ != Waiting::kTls);
  const auto was = std::exchange(waiting_, Waiting::kNothing);
  say(reply);
  switch (was) {
    case Waiting::kMail:
      if (reply.positive()) mail_ = std::move(asked_mail_);
      break;
    case Waiting::kRecipient:
      if (reply.positive()) recipients_.push_back(std::move(*asked_));
      break;
    case Waiting::kBody:
      if (reply.positive()) ++messages_;
      reset_transaction();
      break;
    case Waiting::kNothing:
    case Waiting::kTls:
      break;
  }
  asked_.reset();
  asked_mail_.reset();
}

void ServerSession::reset_transaction() {
  mail_.reset();
  recipients_.clear();
  data_.reset();
  body_refusal_.reset();
  body_dropped_ = false;
}

std::string ServerSession::take_output() {
  return std::exchange(output_, {});
}

bool ServerSession::idle() const {
  return waiting_ == Waiting::kNothing && !data_ && !mail_ && input().empty() && !parser_.in_line();
}

}  // namespace bulla::smtp
