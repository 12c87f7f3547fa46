// EHLO and HELO (RFC 5321 §4.1.1.1): who the client says it is; what we offer. Both drop a transaction under way.
#include "smtp/server_session.h"

namespace bulla::smtp {

ServerSession::Step ServerSession::on_ehlo(const std::string& argument) {
  const auto helo = parse_helo_argument(argument);
  if (!helo) return say_error(helo.error(), "EHLO domain");
  helo_ = *helo;
  esmtp_ = true;
  reset_transaction();
  std::string text = config_.host_name + "\nPIPELINING\nSIZE " + std::to_string(config_.max_message);
  if (config_.offer_tls && !tls_) text += "\nSTARTTLS";
  text += "\nENHANCEDSTATUSCODES\n8BITMIME";
  say({250, "", std::move(text)});
  return {};
}

ServerSession::Step ServerSession::on_helo(const std::string& argument) {
  const auto helo = parse_helo_argument(argument);
  if (!helo) return say_error(helo.error(), "HELO domain");
  helo_ = *helo;
  esmtp_ = false;
  reset_transaction();
  say({250, "", config_.host_name});
  return {};
}

}  // namespace bulla::smtp
