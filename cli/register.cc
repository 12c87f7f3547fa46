#include <cstdio>

#include "cli/account.h"
#include "cli/commands.h"
#include "cli/password.h"
#include "cli/state.h"
#include "mail/address.h"
#include "program/process.h"
#include "program/utf8.h"

namespace bulla::cli {
namespace {

// The server counts wrong codes; this bounds what is not even a code.
constexpr int kMaxTries = 20;

// prove_address asks for the code, at a terminal again while the server takes another, and returns the ticket.
Result<std::string> prove_address(KeyServer& server, const std::string& request, const RegisterOptions& options) {
  const Question question{"Code from the mail: ", "--code-file", options.code_file, Echo::kOn};
  for (int attempt = 1;; ++attempt) {
    BULLA_TRY(const auto code, ask_secret(question));
    auto ticket = verify_code(server, request, code);
    if (ticket || !options.code_file.empty() || attempt == kMaxTries) return ticket;
    const bool wrong = ticket.error().code == Code::kDenied || ticket.error().code == Code::kInvalid;
    if (!wrong) return ticket;
    program::report("bulla", ticket.error());
  }
}

}  // namespace

Result<int> run_register(const Settings& settings, const RegisterOptions& options) {
  if (!mail::Address::parse(options.address)) {
    return fail(Code::kInvalid, "'" + program::printable(options.address) + "' is not a mail address",
                "write it in full, such as bob@example.org");
  }
  const auto& named = options.server.empty() ? settings.server : options.server;
  if (named.empty()) return fail(Code::kInvalid, "which key server?", "name it with --server https://keys.example.com");
  BULLA_TRY(auto origin, check_origin(named));
  BULLA_TRY(auto server, KeyServer::make(std::move(origin), settings.ca_file));

  BULLA_TRY(const auto request, request_code(server, options.address));
  std::printf("A code is on its way to %s, if somebody has sent a sealed message there.\n",
              program::printable(options.address).c_str());
  std::fflush(stdout);
  BULLA_TRY(const auto ticket, prove_address(server, request, options));
  BULLA_TRY(const auto password,
            ask_new_password({"New password (at least 10 characters): ", "--password-file", options.password_file}));
  SystemRandom random;
  BULLA_TRY(const auto session, register_account(server, ticket, password, random));
  server.end_session(session.token);
  BULLA_CHECK_OK(remember_account(settings.folder, {server.origin(), session.address}));
  std::printf("%s is registered at %s.\n", program::printable(session.address).c_str(), server.origin().c_str());
  return program::kExitOk;
}

}  // namespace bulla::cli
