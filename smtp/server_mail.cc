// MAIL (RFC 5321 §4.1.1.2) with SIZE (RFC 1870) and BODY (RFC 6152): begins a transaction.
#include "smtp/server_session.h"

namespace bulla::smtp {

ServerSession::Step ServerSession::on_mail(const std::string& argument) {
  if (helo_.empty()) return say_error(Answer::kBadSequence, "say EHLO first");
  if (mail_) return say_error(Answer::kBadSequence, "a transaction is under way");
  if (config_.require_tls && !tls_) return say_error(Answer::kNeedsTls);
  auto mail = parse_mail_arguments(argument);
  if (!mail) return say_error(mail.error());
  if (mail->size.value_or(0) > config_.max_message) return say_error(Answer::kMessageTooBig);
  asked_mail_ = *mail;
  waiting_ = Waiting::kMail;
  return AskMail{std::move(*mail)};
}

}  // namespace bulla::smtp
