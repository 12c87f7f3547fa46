// ChaCha20-Poly1305 (RFC 8439 §2.8) with a 32-byte key, a 12-byte nonce and no associated data: all that age needs.
#pragma once

#include <memory>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/base/secret.h"

namespace bulla::crypto {

constexpr std::size_t kAeadKeySize = 32;
constexpr std::size_t kAeadNonceSize = 12;
constexpr std::size_t kAeadTagSize = 16;
using AeadNonce = ByteArray<kAeadNonceSize>;

// The text of every error that says "wrong key, or not what was sealed": from outside all such failures look alike.
constexpr const char* kDoesNotDecrypt = "it does not decrypt: damaged, altered, or not sealed to this key";

// Aead holds one key for many messages. Each nonce is used for one message under a key: the caller's duty.
// One thread at a time uses an Aead; threads that share a key make one each.
class Aead {
 public:
  // The key is kAeadKeySize bytes.
  explicit Aead(ByteView key);
  ~Aead();
  Aead(Aead&&) noexcept;
  Aead& operator=(Aead&&) noexcept;

  // seal writes ciphertext and tag; out.size() == plaintext.size() + kAeadTagSize. `out` may begin at `plaintext`,
  // but not overlap it in another way.
  void seal(const AeadNonce& nonce, ByteView plaintext, MutableBytes out);
  // open writes the plaintext; out.size() + kAeadTagSize == sealed.size(). On failure (kAuthentic) `out` is wiped.
  // `out` may begin at `sealed`.
  Result<> open(const AeadNonce& nonce, ByteView sealed, MutableBytes out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace bulla::crypto
