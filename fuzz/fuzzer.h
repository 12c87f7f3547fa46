// What the fuzz programs share. Each defines LLVMFuzzerTestOneInput and states with BULLA_ASSERT what must hold.
#pragma once

#include "core/base/bytes.h"
#include "core/base/check.h"
#include "core/base/random.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace bulla::fuzz {

// FixedRandom gives the same bytes in each run, so that every finding can be repeated. It is no source for real keys.
class FixedRandom final : public Random {
 public:
  explicit FixedRandom(std::uint8_t start = 1) : next_(start) {}
  Result<> fill(MutableBytes out) override {
    for (auto& byte : out) byte = next_++;
    return {};
  }

 private:
  std::uint8_t next_;
};

// Input takes choices off the front of a fuzzer's input. An input that is used up gives zeros.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : rest_(data, size) {}

  std::uint8_t byte() {
    if (rest_.empty()) return 0;
    auto first = rest_.front();
    rest_ = rest_.subspan(1);
    return first;
  }
  std::uint32_t number() {
    std::uint32_t value = 0;
    for (int i = 0; i < 4; ++i) value = value << 8 | byte();
    return value;
  }
  // below gives a number less than `limit`, which is not zero.
  std::size_t below(std::size_t limit) { return number() % limit; }
  ByteView rest() const { return rest_; }

 private:
  ByteView rest_;
};

}  // namespace bulla::fuzz
