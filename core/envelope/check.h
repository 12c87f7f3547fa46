// The content of a sealed file and the checks on it that need no JSON (envelope-format §4): the same code in programs
// and in the browser.
#pragma once

#include <optional>
#include <span>

#include "core/base/result.h"
#include "core/crypto/ed25519.h"
#include "core/crypto/hash.h"

namespace bulla::envelope {

constexpr std::size_t kLeafSize = 1024 * 1024;
constexpr std::size_t kMaxManifest = 8 * 1024 * 1024;
constexpr std::size_t kTrailerSize = 64 + 4;  // signature and length of the manifest

// The one text that outsiders see, whatever check failed; the code is kAuthentic.
constexpr const char* kNotAsSealed = "damaged, or not what the sender sealed";
std::unexpected<Error> not_as_sealed();

// A view of a content: body is the message and its padding.
struct ContentView {
  ByteView body;
  ByteView manifest;
  crypto::Ed25519Signature signature;
};

// split_content takes the plaintext of a payload apart.
Result<ContentView> split_content(ByteView content);

// signed_bytes is what the signature is over.
Bytes signed_bytes(ByteView manifest);

// find_signer returns the key, of those that came with the release, under which the manifest is signed.
Result<crypto::Ed25519Public> find_signer(const ContentView& content, std::span<const crypto::Ed25519Public> keys);

// check_message checks padding and root hash; message_size and root are the manifest's. Returns the message's bytes.
Result<ByteView> check_message(const ContentView& content, std::uint64_t message_size,
                               const crypto::Sha256Digest& root);

// RootHash hashes a message that comes in pieces: SHA-256 over the SHA-256 of each leaf.
class RootHash {
 public:
  void update(ByteView bytes);
  crypto::Sha256Digest finish();

 private:
  crypto::Sha256 leaf_;
  std::size_t in_leaf_ = 0;
  crypto::Sha256 root_;
};
crypto::Sha256Digest root_hash(ByteView message);

}  // namespace bulla::envelope
