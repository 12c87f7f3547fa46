// bulla-gateway(8): seals outgoing mail
//
// SYNOPSIS
//   bulla-gateway [--config FILE] [--check | --enrolment | --version | --help]
//
// DESCRIPTION
//   bulla-gateway takes mail from an organisation's mail server by SMTP, decides by policy which of it is to be sealed,
//   puts that into envelopes that only their recipients can open, and hands everything to the next mail server.
//
//   A message's way:
//
//     SMTP in → policy → seal → queue (250) → register at the key server → SMTP out
//
//   250 is answered when the message is durable in the queue. What is queued is encrypted: a sealed message is
//   ciphertext already, everything else is encrypted to the queue key. The key server gets shares of keys, and never a
//   message. While it is not reachable, mail is accepted and waits. What policy wants sealed is never sent in clear: it
//   is refused, it waits, or it comes back to its sender with the reason.
//
//   One copy goes to each recipient of a sealed message, so that nobody learns of the others in Bcc.
//
// OPTIONS
//   --config FILE   the configuration (default /etc/bulla-gateway/config.toml)
//   --check         read the configuration and the certificates that it names, report all mistakes, and end
//   --enrolment     print the block that makes this gateway known to its key server, and end; keys are made if missing
//
// CONFIGURATION
//   TOML; every key stands in doc/configuration.md.
//
// POLICY
//   See policy/policy.h. Each recipient is decided alone; a refusal is for the whole message. A report on another
//   message (of delivery or disposition, with a null return path, to one recipient) passes unsealed unless its subject
//   carries the flag; all other automatic mail is treated like a letter.
//
// SIGNALS
//   SIGTERM, SIGINT   stop to take mail, finish what is under way (at most half a minute), end
//   SIGHUP            read the configuration's [policy] and domains, and the certificate, again; with a mistake in the
//                     configuration the old policy stays; of other tables that have changed, the log says that they
//                     need a restart (config.needs_restart)
//
// LOG
//   JSON lines on stderr. Never a subject, an address's local part, a body or a key; envelope ids as keyed hashes.
//
// EXIT STATUS
//   0 ended as asked; 1 failed; 2 the command line or the configuration is wrong; 70 a fault of the program itself.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "assets/assets.h"
#include "gateway/service.h"
#include "program/options.h"
#include "program/process.h"

namespace {

using namespace bulla;

constexpr const char* kName = "bulla-gateway";

Result<int> serve(const gateway::Settings& settings, const std::string& config) {
  SystemRandom random;
  BULLA_TRY(const auto keys, gateway::load_keys(settings, random));
  const auto html = assets::find("viewer/envelope.html");
  if (!html) return fail(Code::kInternal, "this program was built without the envelope's page");
  program::Log log(kName, settings.log_level);
  BULLA_TRY(const auto service, gateway::Service::start(settings, keys, as_text(html->bytes), log));
  BULLA_CHECK_OK(service->run([&] { return gateway::load_settings(config); }));
  return program::kExitOk;
}

Result<int> print_enrolment(const gateway::Settings& settings) {
  SystemRandom random;
  BULLA_TRY(const auto keys, gateway::load_keys(settings, random));
  std::fputs(gateway::enrolment(settings, keys).c_str(), stdout);
  return program::kExitOk;
}

}  // namespace

int main(int argc, char** argv) {
  bool enrolment = false;
  const auto options = program::parse_options(
      argc, argv,
      {kName, "Seals outgoing mail: an SMTP relay in front of the internet.", "/etc/bulla-gateway/config.toml"},
      [&](CLI::App& app) {
        app.add_flag("--enrolment", enrolment, "Print this gateway's block for the key server's configuration");
      });
  if (!options) return options.error();
  return program::run(kName, [&]() -> Result<int> {
    const auto settings = gateway::load_settings(options->config);
    if (!settings) {
      program::report(kName, settings.error());
      return program::kExitUsage;
    }
    if (options->check) {
      const auto checked = gateway::Service::check(*settings);
      if (!checked) {
        program::report(kName, checked.error());
        return program::kExitUsage;
      }
      std::printf("%s is in order.\n", options->config.c_str());
      return program::kExitOk;
    }
    return enrolment ? print_enrolment(*settings) : serve(*settings, options->config);
  });
}
