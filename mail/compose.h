// The mails that Bulla writes itself: the mail around an envelope, codes, and bounces. MIME and header encoding by
// GMime. Everything is CRLF, 7 bit, lines at most 998 characters; no text given here can add a header field.
#pragma once

#include "core/base/clock.h"
#include "core/base/random.h"
#include "core/base/result.h"
#include "core/envelope/html.h"
#include "core/envelope/index.h"
#include "mail/notice.h"

namespace bulla::mail {

// outer_fields takes from a message the fields that the mail around its envelope keeps: From, Sender, Reply-To, To, Cc,
// Date, Message-ID, In-Reply-To, References, Auto-Submitted, Precedence, List-Id, List-Unsubscribe, Importance and
// Subject. Fields that are plain ASCII stay byte for byte, others are encoded again; of fields that may stand there
// once the first is taken, and what is longer than 64 KiB is left out. To be stored with the sealed message.
struct OuterFields {
  std::string fields;   // lines with CRLF, without Subject
  std::string subject;  // a whole field with CRLF, "" when there is none
};
OuterFields outer_fields(ByteView message);

// subject_field makes a Subject field of text.
std::string subject_field(std::string_view text);

struct EnvelopeMail {
  std::string trace;    // Received fields, ready with CRLF; see received_field
  std::string fields;   // OuterFields::fields
  std::string subject;  // OuterFields::subject or subject_field(...)
  Notice notice;
  envelope::HtmlFrame html;
};
// A mail with its payload left out, like HtmlFrame: head ‖ Base64Lines of the payload ‖ tail.
struct MailFrame {
  std::string head;
  std::string tail;
};
Result<MailFrame> compose_envelope_mail(const EnvelopeMail& mail, Random& random);
// The size of the whole mail, for SIZE= (RFC 1870).
std::uint64_t frame_size(const MailFrame& frame, std::uint64_t payload_size);

// received_field makes a Received field (RFC 5321 §4.4) of values that are checked or replaced, never trusted.
struct Received {
  std::string from_helo;
  std::string from_address;  // IP
  std::string by;
  std::string with = "ESMTP";
  std::string id;
  Millis time = 0;
};
std::string received_field(const Received& received);

// TextMail is a small mail of plain text that a program sends by itself: Auto-Submitted: auto-generated (RFC 3834).
// Its sender gives the transport a null return path.
struct TextMail {
  envelope::Mailbox from;
  envelope::Mailbox to;
  std::string subject;
  std::string text;  // UTF-8; any line ends
  Millis date = 0;
  std::string message_id_domain;
};
Result<std::string> compose_text_mail(const TextMail& mail, Random& random);

// Bounce is a report of failed or delayed delivery (RFC 3464), with the original's header and never its body.
struct Bounce {
  envelope::Mailbox from;  // usually MAILER-DAEMON@gateway
  std::string to;          // the sender of the message
  std::string reporting_mta;
  std::string subject;  // e.g. "Not delivered: ..."
  std::string text;     // for people
  Millis date = 0;
  Millis arrived = 0;
  bool delayed = false;  // Action: delayed instead of failed
  struct Recipient {
    std::string address;
    std::string status;      // "5.1.1"
    std::string diagnostic;  // "550 no such user"; "" when none
    std::string remote_mta;  // "" when none
  };
  std::vector<Recipient> recipients;
  std::string original_fields;  // header fields for text/rfc822-headers; "" leaves the part out
  std::string message_id_domain;
};
Result<std::string> compose_bounce(const Bounce& bounce, Random& random);

}  // namespace bulla::mail
