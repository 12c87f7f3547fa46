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

  // needed says what capacity an append of `count` bytes leads to; `hint` (0: none) is the size that is expected.
  std::size_t needed(std::size_t count, std::size_t hint) const {
    const auto size = bytes_.size() + count;
    if (size <= bytes_.capacity()) return bytes_.capacity();
    const auto grown = std::max({size, bytes_.capacity() * 2, kFirst});
    return hint >= size && hint < grown ? hint : grown;
  }
  void append(ByteView piece, std::size_t hint) {
    const auto capacity = needed(piece.size(), hint);
    if (capacity != bytes_.capacity()) {
      Bytes fresh;
      fresh.reserve(capacity);
      bulla::append(fresh, bytes_);
      wipe(bytes_);
      bytes_ = std::move(fresh);
    }
    bulla::append(bytes_, piece);
  }
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
