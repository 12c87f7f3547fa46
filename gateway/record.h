// Record is all that the gateway must know about a queued message besides its body. It is kept encrypted by the queue.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/secret.h"
#include "core/envelope/index.h"
#include "smtp/syntax.h"

namespace bulla::gateway {

struct RecordRecipient {
  smtp::Mailbox address;
  // Of a sealed message: the age header of this recipient's copy, and the server share until the key server has it
  // (empty from then on).
  Secret header;
  Secret server_share;
};

// SealedPart is what only sealed messages have.
struct SealedPart {
  std::string id;  // envelope id
  envelope::Mailbox from;
  Millis date = 0;
  std::optional<Millis> expires;
};

struct Record {
  smtp::ReversePath sender;
  std::uint64_t size = 0;  // of the body: the payload, or the message as it leaves
  bool eight_bit = false;
  bool report = false;  // a bounce of our own: it is never bounced itself
  std::string trace;    // Received fields that go on top, with CRLF
  std::string fields;   // of the mail around the envelope, and of a bounce's copy of the header
  std::string subject;  // field with CRLF, as it may be shown outside
  std::optional<SealedPart> sealed;
  std::vector<RecordRecipient> recipients;
};

// The encoding, version 1: a byte of version, then the members in order; texts and lists with a 4-byte length.
Secret encode(const Record& record);
// decode: kInternal for what encode() has not written.
Result<Record> decode(ByteView bytes);

}  // namespace bulla::gateway
