// Clock: where time comes from, so that tests can move it.
#pragma once

#include <cstdint>

namespace bulla {

// Milliseconds since 1970-01-01T00:00:00Z, or a span of milliseconds.
using Millis = std::int64_t;

constexpr Millis kSecond = 1000;
constexpr Millis kMinute = 60 * kSecond;
constexpr Millis kHour = 60 * kMinute;
constexpr Millis kDay = 24 * kHour;

class Clock {
 public:
  virtual ~Clock() = default;
  // now is the wall clock in UTC; it may jump.
  virtual Millis now() const = 0;
};

// ManualClock stands still until it is moved.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Millis start) : now_(start) {}
  Millis now() const override { return now_; }
  void advance(Millis by) { now_ += by; }
  void set(Millis now) { now_ = now; }

 private:
  Millis now_;
};

#ifndef __wasm__
class SystemClock final : public Clock {
 public:
  Millis now() const override;
};
#endif

}  // namespace bulla
