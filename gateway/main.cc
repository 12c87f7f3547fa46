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
//   --config FILE   the configuration (default /etc/bulla/gateway.toml)
//   --check         read the configuration and the certificates that it names, report all mistakes, and end
//   --enrolment     print the block that makes this gateway known to its key server, and end; keys are made if missing
//
// CONFIGURATION
//   [gateway]
//   hostname = "gateway.acme.example"     the gateway's own name in mail
//   state = "/var/lib/bulla-gateway"      folder of the queue
//   keys = "/etc/bulla-gateway/keys"      folder of the keys, made at the first start; back it up, apart from the state
//   log_level = "info"                    debug | info | warn | error | off
//   [smtp]
//   listen = "127.0.0.1:2525"
//   allow = ["127.0.0.0/8", "::1"]        networks that may send through the gateway; all others get 550 5.7.1
//   max_size = "50MB"                     of one message
//   max_memory = "512MiB"                 of all messages that are being taken in; beyond it 452 4.3.1
//   tls_certificate, tls_key              PEM files: offers STARTTLS; read again at SIGHUP
//   [next_hop]
//   address = "127.0.0.1:25"              where all mail goes
//   tls = "opportunistic"                 none | opportunistic | required (with a certificate that verifies)
//   tls_name                              the name that the certificate must have, if it is not the address's
//   [key_server]
//   url = "https://keys.example.com"      plain http is taken for loopback only
//   origin                                what recipients' browsers open, if that is another address
//   token_file                            what the gateway shows to the key server; made at the first start
//   ca_file                               PEM, trusted instead of the system's authorities
//   [organisation]
//   id = "acme"
//   name = "Acme Ltd"
//   domains = ["acme.example"]            senders of sealed mail must be in one of these
//   [policy]
//   seal = "matching"                     matching: the flag or a listed domain | all: everything but bounces
//   subject_flag = "[secure]"             not visible outside of the envelope; "" for none
//   recipient_domains = []                ".example.org" stands for all subdomains
//   [envelope]
//   subject = "keep"                      or a text to show instead
//   expires = "90d"                       when the key server stops to release keys, or "never"
//   [queue]
//   retry_first = "1m"                    the first wait after a failure; it doubles
//   retry_max = "1h"                      up to this
//   expires = "5d"                        then the sender gets a bounce
//   reserve = "64MiB"                     room on the disk that mail may not take; beyond it 452 4.3.1
//   deliveries = 20                       at once
//
// POLICY
//   See policy/policy.h. Each recipient is decided alone; a refusal is for the whole message. Bounces and other reports
//   (null return path and multipart/report) pass unsealed unless their subject carries the flag; all other automatic
//   mail is treated like a letter.
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
  service->run([&] { return gateway::load_settings(config); });
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
      argc, argv, {kName, "Seals outgoing mail: an SMTP relay in front of the internet.", "/etc/bulla/gateway.toml"},
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
