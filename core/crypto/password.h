// Argon2id (RFC 9106), version 1.3, one lane: makes a key of a password, slowly.
#pragma once

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/base/secret.h"

namespace bulla::crypto {

constexpr std::size_t kArgon2SaltSize = 16;
constexpr std::size_t kMaxPassword = 4096;
constexpr std::uint32_t kMinArgon2Memory = 8;            // KiB
constexpr std::uint32_t kMaxArgon2Memory = 1024 * 1024;  // KiB
constexpr std::uint32_t kMaxArgon2Passes = 64;

// Argon2Cost's defaults are what accounts use everywhere: 64 MiB, three passes.
struct Argon2Cost {
  std::uint32_t memory_kib = 64 * 1024;
  std::uint32_t passes = 3;
};

// argon2id stretches `password` to `length` bytes (16 to 1024). The salt is kArgon2SaltSize bytes.
// kInvalid: a cost or a size out of bounds. kUnavailable: no memory for it.
Result<Secret> argon2id(ByteView password, ByteView salt, const Argon2Cost& cost, std::size_t length);

}  // namespace bulla::crypto
