// Sealing: a message and what is to be said about it become one payload, which all recipients' copies share.
//
//   auto sealed = seal_message({.message = mail, .index = &index, ...}, clock, random, to_queue);
//   auto header = recipient_header(sealed->file_key.reveal(), sealed->id, shares, random);   // for each recipient
//   // header ‖ payload is the sealed file of that recipient
#pragma once

#include "core/age/stream.h"
#include "core/envelope/content_sealer.h"
#include "core/envelope/manifest.h"
#include "core/envelope/split.h"

namespace bulla::envelope {

struct SealRequest {
  ByteView message;                     // as the gateway took it; without Bcc
  const MessageIndex* index = nullptr;  // made of exactly these bytes
  const crypto::Ed25519Key* signing_key = nullptr;
  Organisation organisation;
  std::optional<Millis> expires;
  May may;
  std::optional<ReplyTo> reply;
  std::optional<std::string> archive;
  unsigned workers = 1;  // threads; more than one pays from about 4 MiB
};

struct SealedMessage {
  EnvelopeId id;
  Secret file_key;
  Manifest manifest;
  std::uint64_t payload_size = 0;
};

// seal_message writes the payload (nonce and chunks) to the sink, in order, in pieces of at most about 1 MiB, in
// constant memory, and returns what the recipients' headers need. A failed sink, or randomness, fails it: then what the
// sink has taken is of no use.
Result<SealedMessage> seal_message(const SealRequest& request, const Clock& clock, Random& random,
                                   const age::Sink& payload);

}  // namespace bulla::envelope
