// QUIT (RFC 5321 §4.1.1.10): the end of the session.
#include "smtp/server_session.h"

namespace bulla::smtp {

ServerSession::Step ServerSession::on_quit(const std::string& argument) {
  if (!argument.empty()) return say_error(Answer::kSyntax, "QUIT takes none");
  close_with(smtp::answer(Answer::kBye));
  return {};
}

}  // namespace bulla::smtp
