#include "core/crypto/password.h"

#include <sodium/crypto_pwhash_argon2id.h>

#include "core/crypto/sodium_ready.h"

namespace bulla::crypto {

static_assert(kArgon2SaltSize == crypto_pwhash_argon2id_SALTBYTES);

Result<Secret> argon2id(ByteView password, ByteView salt, const Argon2Cost& cost, std::size_t length) {
  if (salt.size() != kArgon2SaltSize) return fail(Code::kInvalid, "a password's salt is 16 bytes");
  if (cost.memory_kib < kMinArgon2Memory || cost.memory_kib > kMaxArgon2Memory)
    return fail(Code::kInvalid, "Argon2's memory is out of bounds");
  if (cost.passes < 1 || cost.passes > kMaxArgon2Passes)
    return fail(Code::kInvalid, "Argon2's passes are out of bounds");
  if (length < 16 || length > 1024) return fail(Code::kInvalid, "Argon2's output is 16 to 1024 bytes");
  if (password.size() > kMaxPassword) return fail(Code::kInvalid, "a password is at most 4096 bytes");
  sodium_ready();
  Secret out(length);
  const auto* text = password.empty() ? "" : reinterpret_cast<const char*>(password.data());  // libsodium wants one
  // What is left to fail is the memory.
  if (crypto_pwhash_argon2id(out.writable().data(), length, text, password.size(), salt.data(), cost.passes,
                             std::size_t{cost.memory_kib} * 1024, crypto_pwhash_argon2id_ALG_ARGON2ID13) != 0)
    return fail(Code::kUnavailable, "there is not enough memory to stretch a password");
  return out;
}

}  // namespace bulla::crypto
