// HELP (RFC 5321 §4.1.1.8).
#include "smtp/server_session.h"

namespace bulla::smtp {

ServerSession::Step ServerSession::on_help() {
  say(smtp::answer(Answer::kHelp));
  return {};
}

}  // namespace bulla::smtp
