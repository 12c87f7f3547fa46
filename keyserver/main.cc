// NAME
//   bulla-keyserver - keeps key shares and accounts for secure mail, and serves the portal
//
// SYNOPSIS
//   bulla-keyserver --config FILE [--check]
//
// DESCRIPTION
//   Gateways register the envelopes that they seal: who may open each, and one half of its key, sealed. Recipients
//   register with a mailed code and a password that never leaves their browser, sign in, and ask for the release of
//   their halves. The key server never receives a message. Its HTTP API is described in doc/key-api.md.
//
//   A recipient's half is sealed to the key server's release key until the recipient registers. Then it is sealed to
//   the recipient's own key, and the key server's copy is deleted: from then on it cannot open it any more.
//
//   Whatever is answered with success is on disk. It may be killed at any moment.
//
//   --check reads the configuration and the certificates that it names, reports all mistakes, and ends.
//
// FILES
//   state/keys.sqlite   The database (SQLite, with -wal and -shm beside it). Back up with `sqlite3 FILE .backup`.
//   keys/               release.key, opaque.key, server.secret: made at the first start, readable by their owner only.
//                       They belong to the database and are worth as much as the accounts in it: without opaque.key
//                       nobody can sign in. Keep their backup apart from that of the database.
//
// CONFIGURATION (TOML)
//   [server]
//   listen           Address and port, 127.0.0.1:8443. Without TLS only loopback is served.
//   origin           What browsers call it: https://keys.example.com, in lower case and without a slash at the end.
//                    Envelopes point to it: choose it for long.
//   tls_certificate, tls_key
//                    PEM files. Without them plain HTTP, for a proxy that does TLS.
//   trusted_proxies  Networks whose X-Forwarded-For and X-Forwarded-Proto are believed. Needed behind a proxy, or all
//                    recipients share the limits of one network.
//   state, keys      The two folders, /var/lib/bulla-keyserver and /etc/bulla-keyserver/keys.
//   [mail]
//   relay            Where codes are sent, 127.0.0.1:25.
//   tls              none, opportunistic (default) or required.
//   ca_file          Authorities for `required`, instead of the system's.
//   from             Sender of codes, no-reply@HOST. The return path is null.
//   [limits]
//   factor           Multiplies all limits on how often something may be asked, 1. For tests and measurements.
//   [log]
//   level            debug, info, warn, error or off.
//   [[organisation]] Whose gateway is served; `bulla-gateway --enrolment` prints this block.
//   id, name, domains, signing_keys, token_sha256
//
// SIGNALS
//   SIGTERM, SIGINT  Stop listening, finish what was begun, end.
//   SIGHUP           Read the configuration again; take over the organisations and the TLS certificate.
//
// DIAGNOSTICS
//   JSON lines on standard error. They hold no codes, no shares, no tokens, and no addresses: people are named by keyed
//   hashes, requests by the pattern of their route and the network that they came from.
//
// EXIT STATUS
//   0 success, 1 it could not start or go on, 2 the command line or the configuration is wrong.
#include <cstdio>

#include "keyserver/server.h"
#include "program/options.h"
#include "program/process.h"

namespace {

using bulla::Result;

Result<int> serve(const bulla::program::Options& options) {
  using namespace bulla;
  BULLA_TRY(auto settings, keyserver::load_settings(options.config));
  if (options.check) {
    BULLA_CHECK_OK(keyserver::Server::check(settings));
    std::printf("%s is in order.\n", options.config.c_str());
    return program::kExitOk;
  }
  program::Log log("bulla-keyserver", settings.log_level);
  BULLA_TRY(const auto server, keyserver::Server::open(std::move(settings), assets::files(), log));
  server->on_reload([file = options.config] { return keyserver::load_settings(file); });
  server->run();
  return program::kExitOk;
}

}  // namespace

int main(int argc, char** argv) {
  const bulla::program::ProgramInfo info{"bulla-keyserver",
                                         "Keeps key shares and accounts for secure mail, and serves the portal.",
                                         "/etc/bulla-keyserver/config.toml"};
  const auto options = bulla::program::parse_options(argc, argv, info);
  if (!options) return options.error();
  return bulla::program::run(info.name, [&] { return serve(*options); });
}
