// Ed25519 (RFC 8032 §5.1).
#pragma once

#include "core/base/bytes.h"
#include "core/base/random.h"
#include "core/base/result.h"
#include "core/base/secret.h"

namespace bulla::crypto {

using Ed25519Public = ByteArray<32>;
using Ed25519Signature = ByteArray<64>;

constexpr std::size_t kEd25519SeedSize = 32;

// Ed25519Key is a signing key.
class Ed25519Key {
 public:
  static Result<Ed25519Key> generate(Random& random);
  // The seed is kEd25519SeedSize bytes: kInvalid otherwise.
  static Result<Ed25519Key> from_seed(ByteView seed);
  // The seed, for whoever stores the key.
  Secret seed() const;
  const Ed25519Public& public_key() const { return public_; }
  Ed25519Signature sign(ByteView message) const;

 private:
  Ed25519Key() = default;
  Secret secret_;  // 64 bytes: seed ‖ public key
  Ed25519Public public_{};
};

// ed25519_verify is true if the signature is valid. Refuses non-canonical and low-order keys (libsodium's rules).
bool ed25519_verify(const Ed25519Public& key, ByteView message, const Ed25519Signature& signature);

}  // namespace bulla::crypto
