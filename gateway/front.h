// Front is the gateway's SMTP side: who may send through it, and the way of a message to Intake.
#pragma once

#include <functional>

#include "gateway/house.h"
#include "gateway/intake.h"
#include "net/smtp_server.h"

namespace bulla::gateway {

class Front {
 public:
  // on_queued is called when something new is in the queue. Messages are taken in on `sealers`, which are not the
  // house's workers: what has been delivered is written down at once, and does not stand in line behind the sealing of
  // others. What is passed by reference must outlive the server.
  Front(const House& house, net::Workers& sealers, Intake& intake, std::function<void()> on_queued);
  net::SmtpServerConfig config(std::shared_ptr<net::TlsServer> tls) const;
  net::SmtpHandlerFactory factory();

 private:
  class Session;
  bool allowed(const std::string& address) const;

  const House& house_;
  net::Workers& sealers_;
  Intake& intake_;
  std::function<void()> on_queued_;
};

}  // namespace bulla::gateway
