#include "keyserver/server.h"

#include <csignal>
#include <filesystem>

#include "keys/housekeeping.h"
#include "keyserver/api.h"
#include "keyserver/key_folder.h"
#include "keyserver/outbox_sender.h"
#include "program/options.h"
#include "store/sqlite_store.h"

namespace bulla::keyserver {
namespace {

// Many requests wait for the disk together (group commit), few need the CPU.
constexpr unsigned kWorkers = 16;
constexpr Millis kDrain = 10 * kSecond;
constexpr Millis kSweepEvery = kMinute;

net::SmtpClientConfig client_config(const Settings& settings, std::shared_ptr<const net::TlsClient> verified) {
  net::SmtpClientConfig config;
  config.helo_name = settings.origin_host;
  config.verified_tls = std::move(verified);
  // A code is of use for ten minutes: better a second try than a long wait.
  config.connect_timeout = config.handshake_timeout = 15 * kSecond;
  config.greeting_timeout = config.reply_timeout = config.data_start_timeout = 30 * kSecond;
  config.data_block_timeout = 30 * kSecond;
  config.data_end_timeout = kMinute;
  return config;
}

Result<std::unique_ptr<store::SqliteStore>> open_store(const Settings& settings) {
  std::error_code error;
  std::filesystem::create_directories(settings.state, error);
  if (error) {
    return fail(Code::kUnavailable, "cannot make the folder " + settings.state.string() + ": " + error.message(),
                "Check `state` in the configuration, and who owns the folder above it.");
  }
  return store::SqliteStore::open(settings.database().string());
}

}  // namespace

struct Server::Parts {
  Parts(Settings settings_, KeyFolder folder_, std::unique_ptr<store::SqliteStore> store_,
        std::unique_ptr<keys::Limits> limits_, std::shared_ptr<const net::TlsClient> relay_tls,
        std::shared_ptr<net::TlsServer> tls_, std::span<const assets::File> files, program::Log& log_)
      : settings(std::move(settings_)),
        log(log_),
        folder(std::move(folder_)),
        store(std::move(store_)),
        limits(std::move(limits_)),
        organisations(settings.organisations),
        world{*store, clock, random, folder.secret, folder.release_key, folder.opaque, organisations, *limits},
        tls(std::move(tls_)),
        loop([this](std::string_view name, std::string_view text) {
          log.error("task.failed", {{"task", name}, {"reason", text}});
        }),
        workers(kWorkers),
        client(loop, client_config(settings, std::move(relay_tls))),
        outbox(world, settings, loop, workers, client, log),
        pages(files),
        handlers(world, program::version(), settings.origin, [this] { outbox.wake(); }),
        api(handlers, pages, workers, clock, log),
        http(loop, http_config(), api) {}

  net::HttpServerConfig http_config() const {
    net::HttpServerConfig config;
    config.tls = tls;
    config.max_body = kMaxBodyStandard;
    config.trusted_proxies = settings.trusted_proxies;
    return config;
  }

  net::Task<> sweep() {
    const auto swept = co_await workers.run([this] { return keys::sweep(world); });
    if (!swept) log.error("sweep.failed", swept.error());
    co_await net::sleep(kSweepEvery);
  }

  net::Task<> drain() {
    log.info("server.draining");
    (void)co_await http.drain(kDrain);
    loop.stop();
  }

  void reload() {
    auto next = load ? load() : fail(Code::kInternal, "there is nothing to load from");
    if (!next) return log.error("reload.failed", next.error());
    if (tls) {
      if (auto reloaded = tls->reload(); !reloaded) return log.error("reload.failed", reloaded.error());
    }
    organisations.replace(next->organisations);
    log.info("server.reloaded", {{"organisations", next->organisations->all().size()}});
  }

  static constexpr std::uint64_t kMaxBodyStandard = 64 * 1024;

  // In the order in which they need each other; dropped in the reverse.
  const Settings settings;
  program::Log& log;
  SystemClock clock;
  SystemRandom random;
  KeyFolder folder;
  std::unique_ptr<store::SqliteStore> store;
  std::unique_ptr<keys::Limits> limits;
  keys::OrganisationBook organisations;
  keys::World world;
  std::shared_ptr<net::TlsServer> tls;
  std::function<Result<Settings>()> load;
  net::Loop loop;
  net::Workers workers;
  net::SmtpClient client;
  OutboxSender outbox;
  Pages pages;
  Handlers handlers;
  Api api;
  net::HttpServer http;
  net::Endpoint endpoint;
};

namespace {

// load_tls is null without TLS, for a proxy that does it.
Result<std::shared_ptr<net::TlsServer>> load_tls(const Settings& settings) {
  if (!settings.tls) return nullptr;
  return net::TlsServer::load(settings.tls->certificate, settings.tls->key);
}

// load_relay_tls is null when the relay's certificate need not be verified.
Result<std::shared_ptr<const net::TlsClient>> load_relay_tls(const Settings& settings) {
  if (settings.mail.tls != smtp::TlsPolicy::kRequired) return nullptr;
  return net::TlsClient::make({.ca_file = settings.mail.ca_file});
}

}  // namespace

Result<> Server::check(const Settings& settings) {
  BULLA_TRY([[maybe_unused]] const auto tls, load_tls(settings));
  BULLA_TRY([[maybe_unused]] const auto relay_tls, load_relay_tls(settings));
  return {};
}

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::open(Settings settings, std::span<const assets::File> files,
                                             program::Log& log) {
  SystemRandom random;
  const bool first_start = !std::filesystem::exists(settings.database());
  BULLA_TRY(auto folder, open_key_folder(settings.keys, first_start, random));
  BULLA_TRY(auto store, open_store(settings));
  BULLA_TRY(auto limits, keys::Limits::make(random, settings.limits_factor));
  BULLA_TRY(auto tls, load_tls(settings));
  BULLA_TRY(auto relay_tls, load_relay_tls(settings));
  auto parts = std::make_unique<Parts>(std::move(settings), std::move(folder), std::move(store), std::move(limits),
                                       std::move(relay_tls), std::move(tls), files, log);
  BULLA_CHECK_OK(keys::check_belongs(parts->world));
  BULLA_TRY(parts->endpoint, parts->http.listen(parts->settings.listen));
  log.info("server.started", {{"listen", parts->endpoint.text()},
                              {"origin", parts->settings.origin},
                              {"tls", parts->tls != nullptr},
                              {"version", program::version()},
                              {"organisations", parts->settings.organisations->all().size()},
                              {"release_key", parts->world.release_key.id()}});
  return std::unique_ptr<Server>(new Server(std::move(parts)));
}

const net::Endpoint& Server::endpoint() const {
  return parts_->endpoint;
}

void Server::run() {
  Parts& p = *parts_;
  for (const int signal : {SIGTERM, SIGINT}) p.loop.on_signal(signal, [this] { stop(); });
  p.loop.on_signal(SIGHUP, [&p] { p.reload(); });
  p.loop.spawn("outbox", p.outbox.run());
  p.loop.spawn("sweep", net::keep_doing(p.loop, "sweep", [&p] { return p.sweep(); }));
  p.loop.run();
  p.log.info("server.stopped");
}

void Server::stop() {
  Parts& p = *parts_;
  p.loop.post([&p] { p.loop.spawn("drain", p.drain()); });
}

void Server::on_reload(std::function<Result<Settings>()> load) {
  parts_->load = std::move(load);
}

}  // namespace bulla::keyserver
