// Reader: a bounded cursor over bytes. Every parser of binary data uses it; none does its own pointer arithmetic.
#pragma once

#include <optional>

#include "core/base/bytes.h"

namespace bulla {

class Reader {
 public:
  explicit Reader(ByteView bytes) : rest_(bytes) {}

  bool at_end() const { return rest_.empty(); }
  ByteView rest() const { return rest_; }

  // take returns the next n bytes, or nothing (and moves nowhere) if fewer are left.
  std::optional<ByteView> take(std::size_t n) {
    if (n > rest_.size()) return std::nullopt;
    auto taken = rest_.first(n);
    rest_ = rest_.subspan(n);
    return taken;
  }

  // line returns the bytes up to the next LF, without it, and moves past it; nothing if no LF within `limit` bytes.
  std::optional<ByteView> line(std::size_t limit) {
    for (std::size_t i = 0; i < rest_.size() && i <= limit; ++i) {
      if (rest_[i] == '\n') {
        auto taken = rest_.first(i);
        rest_ = rest_.subspan(i + 1);
        return taken;
      }
    }
    return std::nullopt;
  }

  std::optional<std::uint16_t> u16_be() { return big_endian<std::uint16_t>(); }
  std::optional<std::uint32_t> u32_be() { return big_endian<std::uint32_t>(); }
  std::optional<std::uint64_t> u64_be() { return big_endian<std::uint64_t>(); }

 private:
  template <class T>
  std::optional<T> big_endian() {
    auto bytes = take(sizeof(T));
    if (!bytes) return std::nullopt;
    T value = 0;
    for (auto byte : *bytes) value = static_cast<T>(static_cast<T>(value << 8) | byte);
    return value;
  }

  ByteView rest_;
};

}  // namespace bulla
