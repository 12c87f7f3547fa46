// Big-endian integers onto the end of a byte string.
#pragma once

#include "core/base/bytes.h"

namespace bulla {

template <class T>
void append_big_endian(Bytes& out, T value) {
  for (int shift = static_cast<int>(sizeof(T)) * 8 - 8; shift >= 0; shift -= 8)
    out.push_back(static_cast<std::uint8_t>(value >> shift));
}
inline void append_u16_be(Bytes& out, std::uint16_t value) {
  append_big_endian(out, value);
}
inline void append_u32_be(Bytes& out, std::uint32_t value) {
  append_big_endian(out, value);
}
inline void append_u64_be(Bytes& out, std::uint64_t value) {
  append_big_endian(out, value);
}

}  // namespace bulla
