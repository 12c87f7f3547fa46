// SHA-256 and SHA-512 (FIPS 180-4), and HMAC over both (RFC 2104).
#pragma once

#include <memory>

#include "core/base/bytes.h"
#include "core/base/secret.h"

namespace bulla::crypto {

using Sha256Digest = ByteArray<32>;
using Sha512Digest = ByteArray<64>;

Sha256Digest sha256(ByteView bytes);
Sha512Digest sha512(ByteView bytes);
Sha256Digest hmac_sha256(ByteView key, ByteView message);
Sha512Digest hmac_sha512(ByteView key, ByteView message);

// Sha256 hashes a stream; finish() returns the digest and starts anew. Natively OpenSSL's, five times libsodium's
// speed.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  void update(ByteView bytes);
  Sha256Digest finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace bulla::crypto
