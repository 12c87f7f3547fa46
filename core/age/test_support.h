// What the tests of age share.
#pragma once

#include <algorithm>

#include "core/age/stream.h"

namespace bulla::age::test {

// into collects what a sink is given.
inline Sink into(Bytes& out) {
  return [&out](ByteView bytes) -> Result<> {
    append(out, bytes);
    return {};
  };
}

// pattern makes bytes that repeat nowhere near a chunk's edge, so that chunks in a wrong order are noticed.
inline Bytes pattern(std::size_t size) {
  Bytes out(size);
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<std::uint8_t>(i * 7 + i / 251 + i / 65536);
  return out;
}

// in_pieces calls `write` with pieces of `step` bytes until one fails.
template <class Write>
Result<> in_pieces(ByteView bytes, std::size_t step, Write write) {
  while (!bytes.empty()) {
    auto piece = bytes.first(std::min(step, bytes.size()));
    BULLA_CHECK_OK(write(piece));
    bytes = bytes.subspan(piece.size());
  }
  return {};
}

}  // namespace bulla::age::test
