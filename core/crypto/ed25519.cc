#include "core/crypto/ed25519.h"

#include <sodium/crypto_sign_ed25519.h>

#include <algorithm>

namespace bulla::crypto {

Result<Ed25519Key> Ed25519Key::generate(Random& random) {
  BULLA_TRY(auto seed, random_secret(random, kEd25519SeedSize));
  return from_seed(seed.reveal());
}

Result<Ed25519Key> Ed25519Key::from_seed(ByteView seed) {
  if (seed.size() != kEd25519SeedSize) return fail(Code::kInvalid, "a signing key's seed is 32 bytes");
  Ed25519Key key;
  key.secret_ = Secret(crypto_sign_ed25519_SECRETKEYBYTES);
  crypto_sign_ed25519_seed_keypair(key.public_.data(), key.secret_.writable().data(), seed.data());
  return key;
}

Secret Ed25519Key::seed() const {
  return Secret::copy_of(secret_.reveal().first(kEd25519SeedSize));
}

Ed25519Signature Ed25519Key::sign(ByteView message) const {
  Ed25519Signature out{};
  crypto_sign_ed25519_detached(out.data(), nullptr, message.data(), message.size(), secret_.reveal().data());
  return out;
}

bool ed25519_verify(const Ed25519Public& key, ByteView message, const Ed25519Signature& signature) {
  return crypto_sign_ed25519_verify_detached(signature.data(), message.data(), message.size(), key.data()) == 0;
}

}  // namespace bulla::crypto
