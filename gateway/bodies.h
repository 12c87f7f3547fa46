// Bodies of outgoing mail, made while they are sent: no message is in memory as a whole.
#pragma once

#include "core/envelope/base64_lines.h"
#include "mail/compose.h"
#include "net/smtp_client.h"
#include "queue/queue.h"

namespace bulla::gateway {

// envelope_body is the mail around an envelope: head, the payload in base64, tail. The payload must be `payload_size`
// bytes: a shorter one fails instead of going out incomplete.
std::unique_ptr<net::BodySource> envelope_body(net::Workers& workers, mail::MailFrame frame,
                                               std::unique_ptr<queue::Body> payload, std::uint64_t payload_size);

// passed_body is a message as it came, behind the Received field. Its size is checked in the same way.
std::unique_ptr<net::BodySource> passed_body(net::Workers& workers, std::string trace,
                                             std::unique_ptr<queue::Body> body, std::uint64_t size);

}  // namespace bulla::gateway
