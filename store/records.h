// What a key server keeps, as values. Addresses are canonical (see mail/address.h), times are UTC in milliseconds.
#pragma once

#include <optional>
#include <string>

#include "core/base/bytes.h"
#include "core/base/clock.h"

namespace bulla::store {

using EnvelopeId = ByteArray<22>;
// Tokens are kept as keyed hashes only: whoever reads the store cannot use them.
using Digest = ByteArray<32>;

// Envelope is one sealed message: what its gateway said about it. Never the message.
struct Envelope {
  EnvelopeId id{};
  std::string organisation;
  std::string sender;
  std::string sender_name;
  Millis date = 0;
  std::optional<Millis> expires;
  Millis registered = 0;
  bool locked = false;

  bool expired(Millis now) const { return expires && *expires <= now; }
  bool operator==(const Envelope&) const = default;
};

// Listing says that an envelope is meant for an address.
struct Listing {
  EnvelopeId envelope{};
  std::string address;
  // Keyed hash of the server share where the server has seen it (it came sealed to the release key).
  std::optional<Digest> share_digest;
  Millis registered = 0;

  bool operator==(const Listing&) const = default;
};

// Share is the server share of one listing, sealed to `holder`: "release:KEYID" or an age recipient.
struct Share {
  EnvelopeId envelope{};
  std::string address;
  std::string holder;
  std::string stanza;

  bool operator==(const Share&) const = default;
};

// The holders of shares that wait for their recipient's registration begin with this.
constexpr std::string_view kReleasePrefix = "release:";

// Account is a recipient who has registered: one for each address.
struct Account {
  std::string address;
  std::string recipient;  // "age1..."
  Bytes identity;         // the wrapped identity, an age file that only the recipient opens
  Bytes opaque_record;
  Millis created = 0;

  bool operator==(const Account&) const = default;
};

// MailKind is what the mail to an address says. kNone is never sent: it only makes all requests the same work.
enum class MailKind : std::uint8_t { kNone = 0, kCode = 1, kHasAccount = 2 };

// CodeRequest is somebody's claim to read an address, to be proved by typing the code that was mailed there.
struct CodeRequest {
  Digest id{};
  std::string address;
  Digest network{};  // keyed hash of the network that asked
  MailKind kind = MailKind::kNone;
  Digest code{};  // keyed hash
  Millis created = 0;
  Millis expires = 0;
  int tries_left = 0;
  bool verified = false;

  bool operator==(const CodeRequest&) const = default;
};

// Ticket allows one registration of an address that has been proved.
struct Ticket {
  Digest id{};
  std::string address;
  Millis expires = 0;
  bool used = false;

  bool operator==(const Ticket&) const = default;
};

struct Session {
  Digest id{};
  std::string address;
  Millis created = 0;
  Millis used = 0;
  bool ended = false;  // kept for a while, so that the sign-in that made it cannot be repeated

  bool operator==(const Session&) const = default;
};

// Event is a line of an organisation's receipts. `number` counts from 1 within the organisation, without gaps.
struct Event {
  std::string organisation;
  std::int64_t number = 0;
  std::string type;
  EnvelopeId envelope{};
  std::string address;
  Millis time = 0;

  bool operator==(const Event&) const = default;
};

// OutboxMail waits to be sent. `body` is sealed by the owner (a code in it would be a secret).
struct OutboxMail {
  std::int64_t number = 0;  // given by the store
  std::string address;
  MailKind kind = MailKind::kNone;
  Bytes body;
  int attempts = 0;
  Millis next_try = 0;
  Millis expires = 0;

  bool operator==(const OutboxMail&) const = default;
};

// CodeCounts are the requests for codes within a window.
struct CodeCounts {
  int address_hour = 0;
  int address_day = 0;
  int network_hour = 0;
};

}  // namespace bulla::store
