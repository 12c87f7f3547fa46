// Bounces tell the sender that a message did not reach somebody (RFC 3464).
#pragma once

#include "gateway/house.h"
#include "gateway/record.h"

namespace bulla::gateway {

// Failure is why one recipient will not get the message.
struct Failure {
  smtp::Mailbox recipient;
  std::string status;      // "5.1.1"
  std::string diagnostic;  // the next hop's or the key server's words; "" when none
};

// queue_bounce puts a bounce for the sender of `record` into the queue; durable when it returns. It contains the header
// fields that the mail outside of an envelope has too, and nothing else of the message. Mail without a return path, and
// bounces of our own, are not bounced: that is logged, and it is no error. Blocks on the disk.
Result<> queue_bounce(const House& house, const Record& record, Millis accepted, const std::vector<Failure>& failures);

// failure_of makes a Failure of an SMTP reply.
Failure failure_of(const smtp::Mailbox& recipient, const smtp::Reply& reply);

}  // namespace bulla::gateway
