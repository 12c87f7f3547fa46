// SHA-256 natively: OpenSSL's, which uses the processor's SHA instructions. WASM has hash_sodium.cc.
#ifndef __wasm__
#include <openssl/evp.h>

#include "core/base/check.h"
#include "core/crypto/hash.h"

namespace bulla::crypto {
namespace {

const EVP_MD* digest() {
  static const EVP_MD* const fetched = EVP_MD_fetch(nullptr, "SHA2-256", nullptr);
  BULLA_ASSERT(fetched != nullptr);
  return fetched;
}

}  // namespace

struct Sha256::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  State() { start(); }
  ~State() { EVP_MD_CTX_free(context); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  void start() { BULLA_ASSERT(context != nullptr && EVP_DigestInit_ex2(context, digest(), nullptr) == 1); }
};

Sha256::Sha256() : state_(std::make_unique<State>()) {}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(ByteView bytes) {
  BULLA_ASSERT(EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()) == 1);
}

Sha256Digest Sha256::finish() {
  Sha256Digest out{};
  BULLA_ASSERT(EVP_DigestFinal_ex(state_->context, out.data(), nullptr) == 1);
  state_->start();
  return out;
}

Sha256Digest sha256(ByteView bytes) {
  Sha256Digest out{};
  BULLA_ASSERT(EVP_Digest(bytes.data(), bytes.size(), out.data(), nullptr, digest(), nullptr) == 1);
  return out;
}

}  // namespace bulla::crypto
#endif
