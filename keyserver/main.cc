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
// CONFIGURATION
//   TOML; every key stands in doc/configuration.md.
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
