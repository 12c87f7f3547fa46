// HKDF-SHA256 and HKDF-SHA512 (RFC 5869).
#pragma once

#include "core/base/bytes.h"
#include "core/base/secret.h"

namespace bulla::crypto {

// hkdf_sha256 extracts and expands. `length` is at most 255 times the digest's size; more is a bug and aborts.
Secret hkdf_sha256(ByteView input_key, ByteView salt, std::string_view info, std::size_t length);
// The two steps of HKDF-SHA512; the pseudorandom key is 64 bytes.
Secret hkdf_sha512_extract(ByteView salt, ByteView input_key);
Secret hkdf_sha512_expand(ByteView pseudorandom_key, ByteView info, std::size_t length);

}  // namespace bulla::crypto
