// RCPT (RFC 5321 §4.1.1.3): one recipient more.
#include "smtp/server_session.h"

namespace bulla::smtp {

ServerSession::Step ServerSession::on_rcpt(const std::string& argument) {
  if (!mail_) return say_error(Answer::kBadSequence, "say MAIL first");
  auto recipient = parse_rcpt_arguments(argument);
  if (!recipient) return say_error(recipient.error());
  if (recipients_.size() >= config_.max_recipients) {
    // Not an error of the client: it is to send the rest in another transaction (RFC 5321 §4.5.3.1.10).
    say(smtp::answer(Answer::kTooManyRecipients));
    return {};
  }
  asked_ = *recipient;
  waiting_ = Waiting::kRecipient;
  return AskRecipient{std::move(*recipient)};
}

}  // namespace bulla::smtp
