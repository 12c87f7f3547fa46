// Opening a sealed file with what the key server released: decryption and all checks, in the format's order (§4).
// Native only; the browser does the same over opener.h, check.h and its own reader of the manifest.
#pragma once

#include "core/envelope/manifest.h"
#include "core/envelope/opener.h"

namespace bulla::envelope {

// Release is what the key server gives for one message and recipient (envelope-format §9).
struct Release {
  EnvelopeId id;
  Secret share;  // kServerShareSize bytes
  std::vector<crypto::Ed25519Public> signing_keys;
  std::vector<std::string> domains;  // proved by the organisation; A-labels, lower case
};

// OpenEnvelope owns an opened message; all checks have passed.
class OpenEnvelope {
 public:
  const Manifest& manifest() const { return manifest_; }
  // The stored message.
  ByteView stored() const { return message_; }
  // Writes the original message, byte for byte, in pieces.
  Result<> original(const ByteSink& sink) const;
  // The bytes of a part as stored (still encoded as the part says).
  ByteView part(const Part& part) const { return message_.subspan(part.offset, part.size); }

 private:
  friend Result<OpenEnvelope> open_envelope(ByteView file, const Release& release);
  OpenEnvelope(std::unique_ptr<ContentOpener> content, Manifest manifest, ByteView message)
      : content_(std::move(content)), manifest_(std::move(manifest)), message_(message) {}
  std::unique_ptr<ContentOpener> content_;
  Manifest manifest_;
  ByteView message_;
};

// open_envelope opens a whole file (header ‖ payload). Every failure is not_as_sealed().
Result<OpenEnvelope> open_envelope(ByteView file, const Release& release);

}  // namespace bulla::envelope
