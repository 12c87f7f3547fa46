// NOOP (RFC 5321 §4.1.1.9): does nothing, with any argument.
#include "smtp/server_session.h"

namespace bulla::smtp {

ServerSession::Step ServerSession::on_noop() {
  say(smtp::answer(Answer::kOk));
  return {};
}

}  // namespace bulla::smtp
