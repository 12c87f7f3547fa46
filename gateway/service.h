// Service is the running gateway: the parts wired together, from start to a drained end.
#pragma once

#include "gateway/courier.h"
#include "gateway/front.h"
#include "gateway/registrar.h"
#include "queue/durable_queue.h"

namespace bulla::gateway {

class Service {
 public:
  // check reads the certificates that the settings name, and changes nothing.
  static Result<> check(const Settings& settings);
  // start opens the queue, TLS and the template, and listens. `html_template` is the text of the envelope's page.
  static Result<std::unique_ptr<Service>> start(const Settings& settings, const Keys& keys,
                                                std::string_view html_template, program::Log& log);
  ~Service();
  // run works until SIGTERM or SIGINT, and then drains: what is being received or delivered is finished, within bounds.
  // At SIGHUP it takes policy and certificate anew: `reload` reads the configuration again.
  // kInternal when a part that the mail needs has ended by an error: the program is to be started again.
  Result<> run(const std::function<Result<Settings>()>& reload);

 private:
  Service(const Settings& settings, const Keys& keys, program::Log& log);
  Result<> open_queue();
  Result<> open_key_server();
  Result<> open_next_hop();
  Result<> listen();
  void reload(const Result<Settings>& fresh);
  net::Task<> shut_down();

  const Settings& settings_;
  const Keys& keys_;
  program::Log& log_;
  SystemRandom random_;
  SystemClock clock_;
  queue::PosixFileSystem files_;
  std::unique_ptr<queue::DurableQueue> queue_;
  std::optional<envelope::HtmlTemplate> html_;
  std::shared_ptr<net::TlsServer> tls_;
  // The workers end before the loop that they report to.
  net::Loop loop_;
  net::Workers sealers_;
  net::Workers workers_;
  std::optional<House> house_;
  std::unique_ptr<HttpKeyServer> key_server_;
  std::unique_ptr<net::SmtpClient> client_;
  std::unique_ptr<Courier> courier_;
  std::unique_ptr<Registrar> registrar_;
  std::unique_ptr<Intake> intake_;
  std::unique_ptr<Front> front_;
  std::unique_ptr<net::SmtpServer> server_;
  std::unique_ptr<net::TaskGroup> parts_;
  bool ending_ = false;
  std::string broken_;  // which part has ended by an error
};

}  // namespace bulla::gateway
