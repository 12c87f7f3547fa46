#include "core/opaque/group.h"

#include <sodium/crypto_core_ristretto255.h>
#include <sodium/crypto_scalarmult_ristretto255.h>
#include <sodium/utils.h>

#include <algorithm>

#include "core/base/check.h"
#include "core/base/writer.h"
#include "core/crypto/hash.h"

namespace bulla::opaque {
namespace {

// contextString of RFC 9497 §3.1 for mode OPRF: "OPRFV1-", mode 0, "-", identifier. The zero byte is part of it.
constexpr std::string_view kGroupTag{"HashToGroup-OPRFV1-\0-ristretto255-SHA512", 40};
constexpr std::string_view kKeyPairTag{"DeriveKeyPairOPRFV1-\0-ristretto255-SHA512", 41};
constexpr std::size_t kBlockSize = 128;   // SHA-512's input block
constexpr std::size_t kUniformSize = 64;  // bytes that are mapped to an element or a scalar

bool is_zero(const Secret& scalar) {
  return sodium_is_zero(scalar.reveal().data(), scalar.size()) == 1;
}

// libsodium 1.0.18 does not look at the highest bit of an encoding, so that each element would have a second one.
bool has_highest_bit(ByteView element) {
  return (element[kElementSize - 1] & 0x80) != 0;
}

Secret reduce(const Secret& uniform) {
  BULLA_ASSERT(uniform.size() == kUniformSize);
  Secret scalar(kScalarSize);
  crypto_core_ristretto255_scalar_reduce(scalar.writable().data(), uniform.reveal().data());
  return scalar;
}

}  // namespace

bool is_element(ByteView bytes) {
  return bytes.size() == kElementSize && !has_highest_bit(bytes) &&
         crypto_core_ristretto255_is_valid_point(bytes.data()) == 1 && sodium_is_zero(bytes.data(), bytes.size()) == 0;
}

bool is_scalar(ByteView bytes) {
  if (bytes.size() != kScalarSize) return false;
  Secret wide(kUniformSize);
  std::ranges::copy(bytes, wide.writable().begin());
  const auto reduced = reduce(wide);
  return !is_zero(reduced) && sodium_memcmp(reduced.reveal().data(), bytes.data(), kScalarSize) == 0;
}

Result<Secret> random_scalar(Random& random) {
  // One in 2^252 is zero: a random source that gives it time and again is broken.
  for (int i = 0; i < 4; ++i) {
    BULLA_TRY(auto uniform, random_secret(random, kUniformSize));
    auto scalar = reduce(uniform);
    if (!is_zero(scalar)) return scalar;
  }
  return fail(Code::kUnavailable, "the source of randomness gives zeros");
}

Secret invert(const Secret& scalar) {
  Secret inverse(kScalarSize);
  const int status = crypto_core_ristretto255_scalar_invert(inverse.writable().data(), scalar.reveal().data());
  BULLA_ASSERT(status == 0);
  return inverse;
}

std::optional<Element> multiply(const Secret& scalar, const Element& element) {
  Element product{};
  if (has_highest_bit(element)) return std::nullopt;
  if (crypto_scalarmult_ristretto255(product.data(), scalar.reveal().data(), element.data()) != 0) return std::nullopt;
  return product;
}

Element multiply_generator(const Secret& scalar) {
#ifdef __wasm__
  // crypto_scalarmult_ristretto255_base is three times as fast, for tables of 30 kB; the page multiplies twice.
  static constexpr Element kGenerator = {0xe2, 0xf2, 0xae, 0x0a, 0x6a, 0xbc, 0x4e, 0x71, 0xa8, 0x84, 0xa9,
                                         0x61, 0xc5, 0x00, 0x51, 0x5f, 0x58, 0xe3, 0x0b, 0x6a, 0xa5, 0x82,
                                         0xdd, 0x8d, 0xb6, 0xa6, 0x59, 0x45, 0xe0, 0x8d, 0x2d, 0x76};
  const auto product = multiply(scalar, kGenerator);
  BULLA_ASSERT(product);
  return *product;
#else
  Element product{};
  const int status = crypto_scalarmult_ristretto255_base(product.data(), scalar.reveal().data());
  BULLA_ASSERT(status == 0);
  return product;
#endif
}

Secret expand_message(std::initializer_list<ByteView> message, std::string_view tag) {
  BULLA_ASSERT(tag.size() <= 255);
  Bytes input(kBlockSize);  // Z_pad
  for (auto part : message) append(input, part);
  append_u16_be(input, kUniformSize);
  input.push_back(0);
  append(input, tag);
  input.push_back(static_cast<std::uint8_t>(tag.size()));
  auto first = crypto::sha512(input);
  wipe(input);
  // The output is as long as one digest, so that there is one block: H(b_0 ‖ 1 ‖ DST_prime).
  Bytes block;
  append(block, first);
  block.push_back(1);
  append(block, tag);
  block.push_back(static_cast<std::uint8_t>(tag.size()));
  auto uniform = crypto::sha512(block);
  wipe(block);
  wipe(first);
  auto out = Secret::copy_of(uniform);
  wipe(uniform);
  return out;
}

Secret hash_to_group(ByteView input) {
  auto uniform = expand_message({input}, kGroupTag);
  Secret element(kElementSize);
  crypto_core_ristretto255_from_hash(element.writable().data(), uniform.reveal().data());
  return element;
}

Secret hash_to_scalar(std::initializer_list<ByteView> input, std::string_view tag) {
  return reduce(expand_message(input, tag));
}

KeyPair derive_key_pair(ByteView seed, std::string_view info) {
  BULLA_ASSERT(info.size() <= 65535);
  Bytes length;
  append_u16_be(length, static_cast<std::uint16_t>(info.size()));
  ByteArray<1> counter{};
  auto scalar = hash_to_scalar({seed, length, as_bytes(info), counter}, kKeyPairTag);
  while (is_zero(scalar)) {
    ++counter[0];
    BULLA_ASSERT(counter[0] != 0);  // 256 hashes in a row were zero
    scalar = hash_to_scalar({seed, length, as_bytes(info), counter}, kKeyPairTag);
  }
  auto public_key = multiply_generator(scalar);
  return {std::move(scalar), public_key};
}

}  // namespace bulla::opaque
