#include "core/crypto/x25519.h"

#include <sodium/crypto_scalarmult_curve25519.h>

#include <algorithm>

#include "core/base/check.h"
#include "core/crypto/sodium_ready.h"

namespace bulla::crypto {

X25519Public x25519_public(ByteView scalar) {
  // Not crypto_scalarmult_base: its tables of the Edwards curve would add 30 kB to every envelope's page.
  static constexpr X25519Public kBasePoint = {9};
  auto shared = x25519(scalar, kBasePoint);
  BULLA_ASSERT(shared);  // a clamped scalar is a multiple of the cofactor and less than the base point's order
  X25519Public out{};
  std::copy_n(shared->reveal().begin(), out.size(), out.begin());
  return out;
}

Result<Secret> x25519(ByteView scalar, const X25519Public& point) {
  BULLA_ASSERT(scalar.size() == kX25519ScalarSize);
  sodium_ready();
  Secret out(32);
  if (crypto_scalarmult_curve25519(out.writable().data(), scalar.data(), point.data()) != 0)
    return fail(Code::kInvalid, "a public key is a point of low order");
  return out;
}

}  // namespace bulla::crypto
