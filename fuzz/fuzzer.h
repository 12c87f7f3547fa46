// What the fuzz programs share. Each defines LLVMFuzzerTestOneInput and states with BULLA_ASSERT what must hold.
#pragma once

#include "core/base/bytes.h"
#include "core/base/check.h"
#include "core/base/test_random.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace bulla::fuzz {

// accepted is called for an input that its parser took, so that the harness looked at what was read. replay_main.cc
// insists that some of a corpus gets as far.
inline std::size_t accepted_inputs = 0;
inline void accepted() {
  ++accepted_inputs;
}

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
