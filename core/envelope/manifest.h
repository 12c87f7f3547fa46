// The manifest (envelope-format §6): what the gateway signed about a message. JSON by Boost.JSON; native only.
#pragma once

#include "core/crypto/ed25519.h"
#include "core/crypto/hash.h"
#include "core/envelope/id.h"
#include "core/envelope/index.h"

namespace bulla::envelope {

struct Organisation {
  std::string id;
  std::string name;
  bool operator==(const Organisation&) const = default;
};

// What the recipient may do with the message.
struct May {
  bool reply = false;
  bool reply_all = false;
  bool forward = false;
  bool operator==(const May&) const = default;
};

struct ReplyTo {
  std::string key;    // age recipient
  std::string token;  // base64url
  bool operator==(const ReplyTo&) const = default;
};

struct Manifest {
  EnvelopeId id;
  crypto::Ed25519Public key{};
  Organisation organisation;
  Mailbox from;
  std::optional<Mailbox> sender;
  std::vector<Mailbox> to, cc;
  std::string subject;
  Millis date = 0;
  Millis sealed = 0;
  std::optional<Millis> expires;
  May may;
  std::optional<ReplyTo> reply;
  std::optional<std::string> archive;
  std::uint64_t size = 0;           // of the stored message
  std::uint64_t original_size = 0;  // of the restored one
  crypto::Sha256Digest root{};
  std::vector<Run> runs;
  std::vector<Part> parts;
  std::vector<BodyGroup> body;
  bool complete = false;  // `index`
  bool operator==(const Manifest&) const = default;
};

// is_author says whether an address may stand in `from` and `sender`: nothing hidden in it, nor a second @. Readers
// vouch for its domain, so nothing in it may look like another address.
bool is_author(std::string_view address);

// write_manifest: kInvalid when a bound is broken or the text would be longer than kMaxManifest.
Result<std::string> write_manifest(const Manifest& manifest);

// parse_manifest: kInvalid for anything that the format calls malformed: syntax, duplicate names, types, bounds, runs
// and parts outside of the message, indexes of parts that are not there, sizes that contradict each other.
Result<Manifest> parse_manifest(std::string_view json);

}  // namespace bulla::envelope
