// Randomness for tests: predictable, or failing. No key that matters is ever made of it.
#pragma once

#include "core/base/random.h"

namespace bulla::test {

// FixedRandom counts upwards, so that each run of a test makes the same keys.
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

// FailingRandom gives good bytes `good` times, and then fails: for tests that fail at the first, second, ... use.
class FailingRandom final : public Random {
 public:
  explicit FailingRandom(int good) : good_(good) {}
  Result<> fill(MutableBytes out) override {
    if (good_-- <= 0) return fail(Code::kUnavailable, "no randomness, says the test");
    return fixed_.fill(out);
  }

 private:
  int good_;
  FixedRandom fixed_;
};

}  // namespace bulla::test
