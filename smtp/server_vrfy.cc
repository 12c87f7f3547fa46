// VRFY (RFC 5321 §4.1.1.6, §7.3): tells nobody who exists.
#include "smtp/server_session.h"

namespace bulla::smtp {

ServerSession::Step ServerSession::on_vrfy(const std::string& argument) {
  if (argument.empty()) return say_error(Answer::kSyntax, "VRFY address");
  say(smtp::answer(Answer::kCannotVerify));
  return {};
}

}  // namespace bulla::smtp
