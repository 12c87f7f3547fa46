// STARTTLS (RFC 3207). What came in clear is worth nothing afterwards: bytes behind the command are thrown away, so
// that nobody on the way can put commands into the session that begins with the handshake.
#include "smtp/server_session.h"

namespace bulla::smtp {

ServerSession::Step ServerSession::on_starttls(const std::string& argument) {
  if (!argument.empty()) return say_error(Answer::kSyntax, "STARTTLS takes none");
  if (tls_) return say_error(Answer::kBadSequence, "TLS is on");
  if (!config_.offer_tls) return say_error(Answer::kNotImplemented);
  say(smtp::answer(Answer::kStartTls));
  discard_input();
  waiting_ = Waiting::kTls;
  return StartTls{};
}

void ServerSession::tls_started() {
  discard_input();
  waiting_ = Waiting::kNothing;
  tls_ = true;
  helo_.clear();
  esmtp_ = false;
  reset_transaction();
}

}  // namespace bulla::smtp
