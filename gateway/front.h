// Front is the gateway's SMTP side: who may send through it, and the way of a message to Intake.
#pragma once

#include <functional>

#include "gateway/house.h"
#include "gateway/intake.h"
#include "net/smtp_server.h"

namespace bulla::gateway {

class Front {
 public:
  // on_queued is called when something new is in the queue. What is passed by reference must outlive the server.
  Front(const House& house, Intake& intake, std::function<void()> on_queued);
  net::SmtpServerConfig config(std::shared_ptr<net::TlsServer> tls) const;
  net::SmtpHandlerFactory factory();

 private:
  class Session;
  bool allowed(const std::string& address) const;

  const House& house_;
  Intake& intake_;
  std::function<void()> on_queued_;
};

}  // namespace bulla::gateway
