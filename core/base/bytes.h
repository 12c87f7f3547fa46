// Byte strings: the three types that carry data through the whole system, and conversions from text.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bulla {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;
using MutableBytes = std::span<std::uint8_t>;
template <std::size_t N>
using ByteArray = std::array<std::uint8_t, N>;

// as_bytes views text as bytes; the view lives as long as the text.
inline ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// as_text views bytes as text of the same length, whatever they are.
inline std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline Bytes to_bytes(ByteView bytes) {
  return {bytes.begin(), bytes.end()};
}
inline Bytes to_bytes(std::string_view text) {
  return to_bytes(as_bytes(text));
}
inline std::string to_string(ByteView bytes) {
  return std::string(as_text(bytes));
}

// append adds bytes (or text) to the end of a byte string.
inline void append(Bytes& out, ByteView bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}
inline void append(Bytes& out, std::string_view text) {
  append(out, as_bytes(text));
}

// equal_public compares bytes that are no secret; for secrets see crypto/equal.h.
inline bool equal_public(ByteView a, ByteView b) {
  return as_text(a) == as_text(b);
}

}  // namespace bulla
