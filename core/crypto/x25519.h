// X25519 (RFC 7748).
#pragma once

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/base/secret.h"

namespace bulla::crypto {

using X25519Public = ByteArray<32>;

constexpr std::size_t kX25519ScalarSize = 32;

// x25519_public is the public key of a 32-byte scalar.
X25519Public x25519_public(ByteView scalar);
// x25519 is the shared secret, 32 bytes; kInvalid when it is all zero (a point of low order).
Result<Secret> x25519(ByteView scalar, const X25519Public& point);

}  // namespace bulla::crypto
