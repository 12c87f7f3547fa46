// Secret: bytes that must not outlive their use. Move-only, wiped when dropped, not comparable, not printable.
#pragma once

#include <cstddef>
#include <utility>

#include "core/base/bytes.h"

namespace bulla {

// wipe overwrites bytes with zeros in a way that the compiler does not remove.
void wipe(MutableBytes bytes);
void wipe(std::string& text);
void wipe(Bytes& bytes);

// Secret owns bytes on the heap and wipes them. Its bytes are read through reveal() alone, so that grep finds each use.
class Secret {
 public:
  Secret() = default;
  // A secret of `size` zero bytes, to be filled through writable().
  explicit Secret(std::size_t size) : bytes_(size) {}
  // Copies the bytes; the source stays the caller's to wipe.
  static Secret copy_of(ByteView bytes);
  // Takes a byte string over without a copy.
  static Secret take(Bytes&& bytes);

  Secret(Secret&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
  Secret& operator=(Secret&& other) noexcept;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret() { wipe(bytes_); }

  bool operator==(const Secret&) const = delete;

  std::size_t size() const { return bytes_.size(); }
  bool empty() const { return bytes_.empty(); }
  ByteView reveal() const { return bytes_; }
  MutableBytes writable() { return bytes_; }
  Secret clone() const { return copy_of(bytes_); }

 private:
  Bytes bytes_;
};

// WipeOnExit wipes a buffer of the enclosing scope when the scope is left.
class WipeOnExit {
 public:
  explicit WipeOnExit(MutableBytes bytes) : bytes_(bytes) {}
  ~WipeOnExit() { wipe(bytes_); }
  WipeOnExit(const WipeOnExit&) = delete;
  WipeOnExit& operator=(const WipeOnExit&) = delete;

 private:
  MutableBytes bytes_;
};

}  // namespace bulla
