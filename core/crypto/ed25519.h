// Ed25519 (RFC 8032 §5.1).
#pragma once

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/base/secret.h"

namespace bulla::crypto {

using Ed25519Public = ByteArray<32>;
using Ed25519Signature = ByteArray<64>;

// A signing key from its 32-byte seed.
class Ed25519Key {
 public:
  static Result<Ed25519Key> from_seed(ByteView seed);
  const Ed25519Public& public_key() const { return public_; }
  Ed25519Signature sign(ByteView message) const;

 private:
  Secret secret_;  // 64 bytes: seed ‖ public key
  Ed25519Public public_{};
};

// True if the signature is valid. Refuses non-canonical and low-order keys (libsodium's rules).
bool ed25519_verify(const Ed25519Public& key, ByteView message, const Ed25519Signature& signature);

}  // namespace bulla::crypto
