#include <cstdio>

#include "cli/account.h"
#include "cli/commands.h"
#include "cli/password.h"
#include "cli/state.h"
#include "program/utf8.h"

namespace bulla::cli {

Result<int> run_register(const Settings& settings, const RegisterOptions& options) {
  const auto& named = options.server.empty() ? settings.server : options.server;
  if (named.empty()) return fail(Code::kInvalid, "which key server?", "name it with --server https://keys.example.com");
  BULLA_TRY(auto origin, check_origin(named));
  BULLA_TRY(auto server, KeyServer::make(std::move(origin), settings.ca_file));

  BULLA_TRY(const auto request, request_code(server, options.address));
  std::printf("A code is on its way to %s, if somebody has sent a sealed message there.\n",
              program::printable(options.address).c_str());
  std::fflush(stdout);
  BULLA_TRY(const auto code, ask_secret({"Code from the mail: ", "--code-file", options.code_file, Echo::kOn}));
  BULLA_TRY(const auto ticket, verify_code(server, request, code));
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
