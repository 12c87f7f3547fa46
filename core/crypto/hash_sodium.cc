// SHA-256 of the WASM modules. Natively OpenSSL's is faster: see hash_openssl.cc.
#ifdef __wasm__
#include <sodium/crypto_hash_sha256.h>

#include "core/crypto/hash.h"

namespace bulla::crypto {

struct Sha256::State {
  crypto_hash_sha256_state hash;
  State() { crypto_hash_sha256_init(&hash); }
};

Sha256::Sha256() : state_(std::make_unique<State>()) {}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(ByteView bytes) {
  crypto_hash_sha256_update(&state_->hash, bytes.data(), bytes.size());
}

Sha256Digest Sha256::finish() {
  Sha256Digest out{};
  crypto_hash_sha256_final(&state_->hash, out.data());  // wipes the state
  crypto_hash_sha256_init(&state_->hash);
  return out;
}

Sha256Digest sha256(ByteView bytes) {
  Sha256Digest out{};
  crypto_hash_sha256(out.data(), bytes.data(), bytes.size());
  return out;
}

}  // namespace bulla::crypto
#endif
