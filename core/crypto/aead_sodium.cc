// The AEAD of the WASM modules. Natively OpenSSL's is faster: see aead_openssl.cc.
#ifdef __wasm__
#include <sodium/crypto_aead_chacha20poly1305.h>

#include "core/base/check.h"
#include "core/crypto/aead.h"

namespace bulla::crypto {

struct Aead::State {
  explicit State(ByteView bytes) : key(Secret::copy_of(bytes)) {}
  Secret key;
};

Aead::Aead(ByteView key) : state_(std::make_unique<State>(key)) {
  BULLA_ASSERT(key.size() == kAeadKeySize);
}
Aead::~Aead() = default;
Aead::Aead(Aead&&) noexcept = default;
Aead& Aead::operator=(Aead&&) noexcept = default;

void Aead::seal(const AeadNonce& nonce, ByteView plaintext, MutableBytes out) {
  BULLA_ASSERT(out.size() == plaintext.size() + kAeadTagSize);
  crypto_aead_chacha20poly1305_ietf_encrypt(out.data(), nullptr, plaintext.data(), plaintext.size(), nullptr, 0,
                                            nullptr, nonce.data(), state_->key.reveal().data());
}

Result<> Aead::open(const AeadNonce& nonce, ByteView sealed, MutableBytes out) {
  BULLA_ASSERT(sealed.size() == out.size() + kAeadTagSize);
  if (crypto_aead_chacha20poly1305_ietf_decrypt(out.data(), nullptr, nullptr, sealed.data(), sealed.size(), nullptr, 0,
                                                nonce.data(), state_->key.reveal().data()) != 0) {
    wipe(out);
    return fail(Code::kAuthentic, kDoesNotDecrypt);
  }
  return {};
}

}  // namespace bulla::crypto
#endif
