// The `bulla-split` stanza (envelope-format §3): the file key under two shares, of which the envelope holds one.
#pragma once

#include "core/age/header.h"
#include "core/age/keys.h"
#include "core/envelope/id.h"

namespace bulla::envelope {

constexpr std::size_t kServerShareSize = 16;
constexpr std::size_t kEnvelopeShareSize = 32;
constexpr const char* kSplitType = "bulla-split";

// Shares of one recipient's copy of one message. They are used once.
struct Shares {
  Secret server;    // kServerShareSize bytes, for the key server, sealed
  Secret envelope;  // kEnvelopeShareSize bytes, for the envelope
  static Result<Shares> make(Random& random);
  Shares clone() const { return {server.clone(), envelope.clone()}; }
};

// SplitRecipient wraps a file key under both shares.
class SplitRecipient final : public age::Recipient {
 public:
  // The sizes of the shares are the caller's duty.
  SplitRecipient(const EnvelopeId& id, Shares shares) : id_(id), shares_(std::move(shares)) {}
  Result<age::Stanza> wrap(ByteView file_key, Random& random) const override;

 private:
  EnvelopeId id_;
  Shares shares_;
};

// SplitIdentity opens the copy whose server share it has. A stanza of another message is not its own.
class SplitIdentity final : public age::Identity {
 public:
  // server_share is kServerShareSize bytes: kInvalid otherwise.
  static Result<SplitIdentity> from_share(const EnvelopeId& id, ByteView server_share);
  Result<std::optional<Secret>> unwrap(std::span<const age::Stanza> stanzas) const override;

 private:
  SplitIdentity(const EnvelopeId& id, Secret share) : id_(id), share_(std::move(share)) {}
  EnvelopeId id_;
  Secret share_;
};

// recipient_header makes the age header of one recipient's copy: header ‖ payload is the sealed file.
Result<Bytes> recipient_header(ByteView file_key, const EnvelopeId& id, Shares shares, Random& random);

// sealed_file_id reads the envelope's id from a header. kInvalid unless it has exactly one stanza, a well-formed
// `bulla-split`.
Result<EnvelopeId> sealed_file_id(const age::Header& header);

}  // namespace bulla::envelope
