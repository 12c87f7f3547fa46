// Courier delivers what is ready to the next hop: a sealed message as one mail for each recipient, a passed message as
// one mail for all. Results count for each recipient alone.
#pragma once

#include "core/envelope/html.h"
#include "gateway/settle.h"
#include "mail/compose.h"
#include "net/smtp_client.h"

namespace bulla::gateway {

// reason_for_log says in words why a delivery failed: in our own. A server's text may repeat what it was sent, so of
// its answers only the code is told.
std::string reason_for_log(const smtp::Reply& reply);

class Courier {
 public:
  // What is passed by reference must outlive it.
  Courier(const House& house, net::SmtpClient& client, const envelope::HtmlTemplate& html);
  // run works until stop() and until deliveries under way have ended.
  net::Task<> run();
  void wake() { wake_.set(); }
  void stop();

 private:
  // work delivers claims of one message. Whatever happens, those that are not settled then are tried later.
  net::Task<> work(std::vector<queue::Claim> claims);
  net::Task<> deliver(const std::vector<queue::Claim>& claims);
  net::Task<> deliver_sealed(const Loaded& message);
  net::Task<> deliver_passed(const Loaded& message);
  Result<mail::MailFrame> compose(const Record& record, const RecordRecipient& recipient) const;
  void after(const Loaded& message, const std::vector<queue::Claim>& claims, const smtp::TransactionResult& result);
  void log_attempt(const Loaded& message, const Attempt& attempt, const smtp::TransactionResult& result,
                   std::size_t index, const std::vector<queue::Change>& changes) const;
  void failed(const Loaded& message, const std::vector<queue::Claim>& claims, const Error& error);

  const House& house_;
  net::SmtpClient& client_;
  const envelope::HtmlTemplate& html_;
  net::Event wake_;
  net::TaskGroup deliveries_;
  bool stopping_ = false;
};

}  // namespace bulla::gateway
