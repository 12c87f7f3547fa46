#include "gateway/service.h"

#include <algorithm>
#include <csignal>
#include <thread>

namespace bulla::gateway {
namespace {

constexpr Millis kDrain = 15 * kSecond;

// Sealers mostly compute, and wait for the disk in between.
unsigned sealer_threads() {
  return 2 * std::max(2U, std::thread::hardware_concurrency());
}
// One for each delivery, up to a bound: what the next hop has taken is written down at once, whatever else is being
// synced, since a crash in between makes a second copy.
unsigned disk_threads(const Settings& settings) {
  return static_cast<unsigned>(std::min<std::size_t>(settings.queue.deliveries, 60)) + 4;
}

// load_tls is null when STARTTLS is not configured.
Result<std::shared_ptr<net::TlsServer>> load_tls(const SmtpSettings& smtp) {
  if (smtp.tls_certificate.empty()) return nullptr;
  return net::TlsServer::load(smtp.tls_certificate.string(), smtp.tls_key.string());
}

// key_server_tls is null for plain http.
Result<std::shared_ptr<const net::TlsClient>> key_server_tls(const KeyServerSettings& server) {
  if (!server.url.starts_with("https:")) return nullptr;
  net::TlsClientOptions options;
  options.ca_file = server.ca_file.string();
  return net::TlsClient::make(options);
}

}  // namespace

Result<> Service::check(const Settings& settings) {
  BULLA_TRY([[maybe_unused]] const auto server, load_tls(settings.smtp));
  BULLA_TRY([[maybe_unused]] const auto client, key_server_tls(settings.key_server));
  return {};
}

Service::Service(const Settings& settings, const Keys& keys, program::Log& log)
    : settings_(settings),
      keys_(keys),
      log_(log),
      loop_([this](std::string_view name, std::string_view text) {
        log_.error("task.failed", {{"task", name}, {"reason", text}});
        // Without these, mail would be taken and never sent: better to be started again.
        if (name != "registrar" && name != "courier" && name != "delivery") return;
        broken_ = std::string(name);
        loop_.stop();
      }),
      sealers_(sealer_threads()),
      workers_(disk_threads(settings)) {}

Service::~Service() = default;

Result<std::unique_ptr<Service>> Service::start(const Settings& settings, const Keys& keys,
                                                std::string_view html_template, program::Log& log) {
  std::unique_ptr<Service> service(new Service(settings, keys, log));
  BULLA_TRY(service->html_, envelope::HtmlTemplate::parse(html_template));
  BULLA_CHECK_OK(service->open_queue());
  service->house_.emplace(House{settings, keys, *service->queue_, service->loop_, service->workers_, service->random_,
                                service->clock_, log});
  BULLA_CHECK_OK(service->open_key_server());
  BULLA_CHECK_OK(service->open_next_hop());
  BULLA_CHECK_OK(service->listen());
  return service;
}

Result<> Service::open_queue() {
  queue::DurableQueueOptions options;
  options.directory = queue_folder(settings_).string();
  options.reserve = settings_.queue.reserve;
  auto opened = queue::DurableQueue::open(files_, options, keys_.queue.clone(), random_, clock_);
  if (!opened && opened.error().code == Code::kConflict)
    return fail(Code::kConflict, opened.error().text, "another bulla-gateway runs with the same state folder");
  if (!opened) return fail(opened.error());
  queue_ = std::move(*opened);
  const auto& found = queue_->recovery();
  log_.info("queue.opened", {{"messages", found.messages}, {"leftovers", found.leftovers}});
  for (const auto& damaged : found.damaged) log_.error("queue.damaged", {{"reason", damaged}});
  return {};
}

Result<> Service::open_key_server() {
  net::HttpClientConfig config;
  config.user_agent = "bulla-gateway";
  BULLA_TRY(config.tls, key_server_tls(settings_.key_server));
  key_server_ = std::make_unique<HttpKeyServer>(loop_, config, settings_.key_server.url, keys_.token.clone());
  registrar_ = std::make_unique<Registrar>(*house_, *key_server_, [this] { courier_->wake(); });
  return {};
}

Result<> Service::open_next_hop() {
  net::SmtpClientConfig config;
  config.helo_name = settings_.hostname;
  if (settings_.next_hop.tls == smtp::TlsPolicy::kRequired) {
    BULLA_TRY(config.verified_tls, net::TlsClient::make());
  }
  client_ = std::make_unique<net::SmtpClient>(loop_, config);
  courier_ = std::make_unique<Courier>(*house_, *client_, *html_);
  return {};
}

Result<> Service::listen() {
  BULLA_TRY(tls_, load_tls(settings_.smtp));
  intake_ = std::make_unique<Intake>(settings_, keys_, *queue_, random_, clock_);
  front_ = std::make_unique<Front>(*house_, sealers_, *intake_, [this] {
    registrar_->wake();
    courier_->wake();
  });
  server_ = std::make_unique<net::SmtpServer>(loop_, front_->config(tls_), front_->factory());
  BULLA_TRY(const auto bound, server_->listen(settings_.smtp.listen));
  log_.info("smtp.listening", {{"address", bound.text()}});
  return {};
}

Result<> Service::run(const std::function<Result<Settings>()>& reload_settings) {
  parts_ = std::make_unique<net::TaskGroup>(loop_);
  parts_->spawn("registrar", registrar_->run());
  parts_->spawn("courier", courier_->run());
  const auto end = [this] {
    if (!std::exchange(ending_, true)) loop_.spawn("shutdown", shut_down());
  };
  loop_.on_signal(SIGTERM, end);
  loop_.on_signal(SIGINT, end);
  loop_.on_signal(SIGHUP, [this, reload_settings] { reload(reload_settings()); });
  loop_.run();
  log_.info("gateway.ended", {{"messages", queue_->stats().messages}});
  if (broken_.empty()) return {};
  return fail(Code::kInternal, "the " + broken_ + " has ended by an error, so mail would wait for ever",
              "The log has the reason (task.failed). Start the gateway again: nothing is lost.");
}

void Service::reload(const Result<Settings>& fresh) {
  if (fresh) {
    intake_->set_rules(fresh->rules);
    log_.info("policy.reloaded");
    if (const auto tables = needs_restart(settings_, *fresh); !tables.empty())
      log_.warn("config.needs_restart", {{"tables", tables}});
  } else {
    log_.error("policy.reload_failed", fresh.error());
  }
  if (!tls_) return;
  if (auto reloaded = tls_->reload(); !reloaded)
    log_.error("tls.reload_failed", reloaded.error());
  else
    log_.info("tls.reloaded");
}

net::Task<> Service::shut_down() {
  log_.info("gateway.ending");
  const bool received = co_await server_->drain(kDrain);
  registrar_->stop();
  courier_->stop();
  const bool delivered = co_await parts_->wait_empty(kDrain);
  if (!received || !delivered) log_.warn("gateway.cut_off", {{"receiving", !received}, {"delivering", !delivered}});
  co_await client_->close();
  loop_.stop();
}

}  // namespace bulla::gateway
