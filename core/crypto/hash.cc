#include "core/crypto/hash.h"

#include <sodium/crypto_auth_hmacsha256.h>
#include <sodium/crypto_auth_hmacsha512.h>
#include <sodium/crypto_hash_sha512.h>

namespace bulla::crypto {
namespace {

// An empty key may be a view of nothing; libsodium wants an address all the same.
const std::uint8_t* address_of(ByteView key) {
  static constexpr std::uint8_t kNothing = 0;
  return key.empty() ? &kNothing : key.data();
}

}  // namespace

Sha512Digest sha512(ByteView bytes) {
  Sha512Digest out{};
  crypto_hash_sha512(out.data(), bytes.data(), bytes.size());
  return out;
}

Sha256Digest hmac_sha256(ByteView key, ByteView message) {
  Sha256Digest out{};
  crypto_auth_hmacsha256_state state;
  WipeOnExit wipe_state({reinterpret_cast<std::uint8_t*>(&state), sizeof(state)});
  crypto_auth_hmacsha256_init(&state, address_of(key), key.size());
  crypto_auth_hmacsha256_update(&state, message.data(), message.size());
  crypto_auth_hmacsha256_final(&state, out.data());
  return out;
}

Sha512Digest hmac_sha512(ByteView key, ByteView message) {
  Sha512Digest out{};
  crypto_auth_hmacsha512_state state;
  WipeOnExit wipe_state({reinterpret_cast<std::uint8_t*>(&state), sizeof(state)});
  crypto_auth_hmacsha512_init(&state, address_of(key), key.size());
  crypto_auth_hmacsha512_update(&state, message.data(), message.size());
  crypto_auth_hmacsha512_final(&state, out.data());
  return out;
}

}  // namespace bulla::crypto
