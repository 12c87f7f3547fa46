// WipedBuffer: bytes that grow without leaving copies behind. A vector that grows frees its old memory as it is.
#pragma once

#include <algorithm>

#include "core/base/secret.h"

namespace bulla::net {

class WipedBuffer {
 public:
  ~WipedBuffer() { clear(); }
  WipedBuffer() = default;
  WipedBuffer(const WipedBuffer&) = delete;
  WipedBuffer& operator=(const WipedBuffer&) = delete;

  std::size_t size() const { return bytes_.size(); }
  std::size_t capacity() const { return bytes_.capacity(); }

  // grown is the capacity to reserve for `count` bytes more: twice the old one, or `hint` (0: none), the size that is
  // expected, if that is enough. With `sparing`, an eighth more.
  std::size_t grown(std::size_t count, std::size_t hint, bool sparing = false) const {
    const auto size = bytes_.size() + count;
    if (size <= bytes_.capacity()) return bytes_.capacity();
    const auto more = sparing ? bytes_.capacity() / 8 : std::max(bytes_.capacity(), kFirst);
    const auto capacity = std::max(size, bytes_.capacity() + more);
    return hint >= size && hint < capacity ? hint : capacity;
  }
  void reserve(std::size_t capacity) {
    if (capacity <= bytes_.capacity()) return;
    Bytes fresh;
    fresh.reserve(capacity);
    bulla::append(fresh, bytes_);
    wipe(bytes_);
    bytes_ = std::move(fresh);
  }
  // append needs room that was reserved.
  void append(ByteView piece) { bulla::append(bytes_, piece); }
  void clear() {
    wipe(bytes_);
    Bytes().swap(bytes_);
  }
  Secret take() {
    auto secret = Secret::take(std::move(bytes_));
    bytes_ = {};
    return secret;
  }

 private:
  static constexpr std::size_t kFirst = 16 * 1024;
  Bytes bytes_;
};

}  // namespace bulla::net
