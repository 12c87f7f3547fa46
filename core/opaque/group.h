// The prime-order group ristretto255 with SHA-512, as OPRF and OPAQUE use it (RFC 9496; RFC 9497 §2.1 and §4.1).
// Elements are their canonical encodings; scalars are 32 bytes, little-endian, less than the group's order.
#pragma once

#include <initializer_list>
#include <optional>

#include "core/base/bytes.h"
#include "core/base/random.h"
#include "core/base/result.h"
#include "core/base/secret.h"

namespace bulla::opaque {

constexpr std::size_t kElementSize = 32;
constexpr std::size_t kScalarSize = 32;
using Element = ByteArray<kElementSize>;

// is_element is true for the canonical encoding of an element that is not the identity.
bool is_element(ByteView bytes);

// is_scalar is true for 32 bytes that are a reduced scalar other than zero.
bool is_scalar(ByteView bytes);

// random_scalar draws 64 bytes and reduces them; never zero.
Result<Secret> random_scalar(Random& random);
// invert returns the multiplicative inverse of a scalar that is not zero.
Secret invert(const Secret& scalar);

// multiply returns scalar * element; nothing when `element` is not one, or the product is the identity.
std::optional<Element> multiply(const Secret& scalar, const Element& element);
// multiply_generator returns scalar * generator, for a scalar that is not zero.
Element multiply_generator(const Secret& scalar);

// expand_message_xmd with SHA-512 (RFC 9380 §5.3.1) over the parts of a message, for an output of 64 bytes.
// `tag` is at most 255 bytes long.
Secret expand_message(std::initializer_list<ByteView> message, std::string_view tag);

// hash_to_group maps any input to an element (RFC 9497 §4.1). The identity is as unlikely as a guessed key.
Secret hash_to_group(ByteView input);
// hash_to_scalar maps any input to a scalar under the given domain-separation tag.
Secret hash_to_scalar(std::initializer_list<ByteView> input, std::string_view tag);

// A private scalar and its public element.
struct KeyPair {
  Secret private_key;
  Element public_key{};
};

// derive_key_pair makes a key pair of a 32-byte seed (RFC 9497 §3.2.1, DeriveKeyPair).
KeyPair derive_key_pair(ByteView seed, std::string_view info);

}  // namespace bulla::opaque
