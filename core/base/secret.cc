#include "core/base/secret.h"

#include <cstring>

namespace bulla {

void wipe(MutableBytes bytes) {
  if (!bytes.empty()) explicit_bzero(bytes.data(), bytes.size());
}

void wipe(std::string& text) {
  text.resize(text.capacity());
  if (!text.empty()) explicit_bzero(text.data(), text.size());
  text.clear();
}

void wipe(Bytes& bytes) {
  bytes.resize(bytes.capacity());
  wipe(MutableBytes(bytes));
  bytes.clear();
}

Secret Secret::copy_of(ByteView bytes) {
  Secret secret;
  secret.bytes_.assign(bytes.begin(), bytes.end());
  return secret;
}

Secret Secret::take(Bytes&& bytes) {
  Secret secret;
  secret.bytes_ = std::move(bytes);
  return secret;
}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this != &other) {
    wipe(bytes_);
    bytes_ = std::exchange(other.bytes_, {});
  }
  return *this;
}

}  // namespace bulla
