// RSET (RFC 5321 §4.1.1.5): drops the transaction.
#include "smtp/server_session.h"

namespace bulla::smtp {

ServerSession::Step ServerSession::on_rset(const std::string& argument) {
  if (!argument.empty()) return say_error(Answer::kSyntax, "RSET takes none");
  reset_transaction();
  say(smtp::answer(Answer::kOk));
  return {};
}

}  // namespace bulla::smtp
