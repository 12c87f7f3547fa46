#include "core/envelope/open.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "cli/account.h"
#include "cli/commands.h"
#include "cli/envelope_file.h"
#include "cli/password.h"
#include "cli/save.h"
#include "cli/state.h"
#include "core/base/time_text.h"
#include "program/process.h"
#include "program/utf8.h"

namespace bulla::cli {
namespace {

using program::printable;

// choose_server believes the file about its key server only if this user has an account there or named it.
Result<std::string> choose_server(const EnvelopeFile& file, const std::string& named,
                                  const std::vector<KnownAccount>& accounts) {
  if (!file.data) {
    if (named.empty()) {
      return fail(Code::kInvalid, "a bare age file does not say which key server it belongs to",
                  "name it with --server URL");
    }
    return check_origin(named);
  }
  BULLA_TRY(auto origin, check_origin(file.data->origin));
  if (!named.empty()) {
    BULLA_TRY(const auto wanted, check_origin(named));
    if (wanted != origin) {
      return fail(Code::kDenied, "the envelope belongs to the key server " + origin + ", not to " + wanted);
    }
    return origin;
  }
  if (std::ranges::find(accounts, origin, &KnownAccount::server) == accounts.end()) {
    return fail(Code::kDenied,
                "the envelope names the key server " + origin + ", where you have never signed in with this program",
                "if you know that server, say so: --server " + origin);
  }
  return origin;
}

// choose_address: what the command line says, else whom the envelope says it is for, else the only account there.
Result<std::string> choose_address(const EnvelopeFile& file, const std::string& named, const std::string& origin,
                                   const std::vector<KnownAccount>& accounts) {
  if (!named.empty()) return named;
  if (file.data && !file.data->to.empty()) return file.data->to;
  std::vector<std::string> there;
  for (const auto& account : accounts) {
    if (account.server == origin) there.push_back(account.address);
  }
  if (there.size() == 1) return there.front();
  return fail(Code::kInvalid, "which of your addresses is it for?", "name it with --address");
}

// ask_and_sign_in: at a terminal a wrong password may be typed again.
Result<Session> ask_and_sign_in(KeyServer& server, const std::string& address, const OpenOptions& options) {
  constexpr int kAttempts = 3;
  const Question question{"Password of " + printable(address) + " at " + server.origin() + ": ", "--password-file",
                          options.password_file};
  SystemRandom random;
  for (int attempt = 1;; ++attempt) {
    BULLA_TRY(const auto password, ask_password(question));
    auto session = sign_in(server, address, password, random);
    const bool wrong = !session && session.error().code == Code::kDenied;
    if (!wrong || !options.password_file.empty() || attempt == kAttempts) return session;
    program::report("bulla", session.error());
  }
}

// open_share finds the server share in what was released: it is sealed to one of the account's keys.
Result<Secret> open_share(const Released& released, const age::X25519Identity& identity) {
  for (const auto& text : released.stanzas) {
    BULLA_TRY(const auto stanza, age::parse_stanza(text));
    BULLA_TRY(auto share, identity.unwrap({&stanza, 1}));
    if (share) return std::move(*share);
  }
  return fail(Code::kAuthentic, "the key server released nothing that this account can open");
}

struct Opened {
  envelope::OpenEnvelope envelope;
  std::string organisation;  // whose domains and signing keys the key server vouches for
};

Result<Opened> release_and_open(KeyServer& server, const Session& session, const EnvelopeFile& file) {
  BULLA_TRY(auto released, server.release(file.id, session.token));
  BULLA_TRY(auto share, open_share(released, session.identity));
  BULLA_TRY(auto envelope,
            envelope::open_envelope(
                file.file, {file.id, std::move(share), std::move(released.signing_keys), std::move(released.domains)}));
  return Opened{std::move(envelope), std::move(released.organisation)};
}

// The organisation is named as the key server names it: in the manifest it calls itself whatever it likes.
void print_summary(const envelope::Manifest& manifest, const std::string& organisation) {
  // On stderr, so that `--out -` gives the mail and nothing else.
  const auto name = printable(manifest.from.name);
  const auto address = printable(manifest.from.address);
  // Opening has checked that the organisation proved this domain.
  const auto domain = printable(manifest.from.address.substr(manifest.from.address.rfind('@') + 1));
  std::fprintf(stderr, "From:    %s%s<%s>\n", name.c_str(), name.empty() ? "" : " ", address.c_str());
  std::fprintf(stderr, "Sealed:  by %s, verified for %s\n", printable(organisation).c_str(), domain.c_str());
  std::fprintf(stderr, "Subject: %s\n", printable(manifest.subject).c_str());
  std::fprintf(stderr, "Date:    %s\n", rfc3339(manifest.date).c_str());
}

Result<> save(const envelope::OpenEnvelope& opened, const OpenOptions& options) {
  const auto overwrite = options.force ? Overwrite::kYes : Overwrite::kNo;
  std::vector<std::string> saved;
  if (!options.attachments.empty()) {
    BULLA_TRY(saved, save_attachments(opened, options.attachments, overwrite));
  }
  if (options.out == "-") {
    BULLA_CHECK_OK(write_original(opened, STDOUT_FILENO));
  } else if (!options.out.empty() || options.attachments.empty()) {
    BULLA_TRY(auto path, save_original(opened, options.out, options.file, overwrite));
    saved.push_back(std::move(path));
  }
  for (const auto& path : saved) std::fprintf(stderr, "Saved:   %s\n", printable(path, 4096).c_str());
  return {};
}

}  // namespace

Result<int> run_open(const Settings& settings, const OpenOptions& options) {
  BULLA_TRY(const auto file, read_envelope_file(options.file));
  BULLA_TRY(const auto accounts, read_accounts(settings.folder));
  BULLA_TRY(auto origin, choose_server(file, options.server.empty() ? settings.server : options.server, accounts));
  BULLA_TRY(const auto address,
            choose_address(file, options.address.empty() ? settings.address : options.address, origin, accounts));
  BULLA_TRY(auto server, KeyServer::make(std::move(origin), settings.ca_file));
  BULLA_TRY(const auto session, ask_and_sign_in(server, address, options));
  auto opened = release_and_open(server, session, file);
  server.end_session(session.token);
  if (!opened) return fail(opened.error());
  print_summary(opened->envelope.manifest(), opened->organisation);
  BULLA_CHECK_OK(save(opened->envelope, options));
  BULLA_CHECK_OK(remember_account(settings.folder, {server.origin(), session.address}));
  return program::kExitOk;
}

}  // namespace bulla::cli
