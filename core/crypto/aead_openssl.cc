// The native AEAD: OpenSSL's, about twice as fast as libsodium's on chunks of 64 KiB. WASM has aead_sodium.cc.
#ifndef __wasm__
#include <openssl/evp.h>

#include <algorithm>

#include "core/base/check.h"
#include "core/crypto/aead.h"

namespace bulla::crypto {
namespace {

struct FreeContext {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

// Fetched once: OpenSSL 3 takes locks and time at each implicit fetch.
const EVP_CIPHER* cipher() {
  static const EVP_CIPHER* const fetched = EVP_CIPHER_fetch(nullptr, "ChaCha20-Poly1305", nullptr);
  BULLA_ASSERT(fetched != nullptr);
  return fetched;
}

// Sets the key only; the nonce comes with each message.
Context make_context(ByteView key, bool encrypt) {
  Context context(EVP_CIPHER_CTX_new());
  BULLA_ASSERT(context != nullptr);
  BULLA_ASSERT(EVP_CipherInit_ex2(context.get(), cipher(), key.data(), nullptr, encrypt ? 1 : 0, nullptr) == 1);
  return context;
}

void start(EVP_CIPHER_CTX* context, const AeadNonce& nonce) {
  BULLA_ASSERT(EVP_CipherInit_ex2(context, nullptr, nullptr, nonce.data(), -1, nullptr) == 1);
}

// Lengths are int in OpenSSL, so long messages go in pieces.
void update(EVP_CIPHER_CTX* context, ByteView in, std::uint8_t* out) {
  constexpr std::size_t kPiece = std::size_t{1} << 30;
  while (!in.empty()) {
    auto piece = in.first(std::min(in.size(), kPiece));
    int written = 0;
    BULLA_ASSERT(EVP_CipherUpdate(context, out, &written, piece.data(), static_cast<int>(piece.size())) == 1);
    BULLA_ASSERT(static_cast<std::size_t>(written) == piece.size());
    out += written;
    in = in.subspan(piece.size());
  }
}

}  // namespace

struct Aead::State {
  explicit State(ByteView bytes) : key(Secret::copy_of(bytes)) {}
  EVP_CIPHER_CTX* sealing() {
    if (!seal_context) seal_context = make_context(key.reveal(), true);
    return seal_context.get();
  }
  EVP_CIPHER_CTX* opening() {
    if (!open_context) open_context = make_context(key.reveal(), false);
    return open_context.get();
  }

  Secret key;
  Context seal_context;  // made when first used: most keys serve one direction
  Context open_context;
};

Aead::Aead(ByteView key) : state_(std::make_unique<State>(key)) {
  BULLA_ASSERT(key.size() == kAeadKeySize);
}
Aead::~Aead() = default;
Aead::Aead(Aead&&) noexcept = default;
Aead& Aead::operator=(Aead&&) noexcept = default;

void Aead::seal(const AeadNonce& nonce, ByteView plaintext, MutableBytes out) {
  BULLA_ASSERT(out.size() == plaintext.size() + kAeadTagSize);
  auto* context = state_->sealing();
  auto* tag = out.data() + plaintext.size();
  int written = 0;
  start(context, nonce);
  update(context, plaintext, out.data());
  BULLA_ASSERT(EVP_CipherFinal_ex(context, tag, &written) == 1 && written == 0);
  BULLA_ASSERT(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, kAeadTagSize, tag) == 1);
}

Result<> Aead::open(const AeadNonce& nonce, ByteView sealed, MutableBytes out) {
  BULLA_ASSERT(sealed.size() == out.size() + kAeadTagSize);
  auto* context = state_->opening();
  ByteArray<kAeadTagSize> tag;
  std::copy_n(sealed.end() - kAeadTagSize, kAeadTagSize, tag.begin());
  int written = 0;
  start(context, nonce);
  BULLA_ASSERT(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, kAeadTagSize, tag.data()) == 1);
  update(context, sealed.first(out.size()), out.data());
  std::uint8_t unused[1];
  if (EVP_CipherFinal_ex(context, unused, &written) != 1) {
    wipe(out);
    return fail(Code::kAuthentic, kDoesNotDecrypt);
  }
  return {};
}

}  // namespace bulla::crypto
#endif
