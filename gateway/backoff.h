// When to try again: exponential, with jitter, so that what failed together does not come back together.
#pragma once

#include "core/base/clock.h"
#include "core/base/random.h"

namespace bulla::gateway {

struct Backoff {
  Millis first = kMinute;
  Millis max = kHour;

  // delay is the wait after so many failures (1, 2, ...): first, doubled each time up to max, and up to a quarter less.
  Millis delay(std::uint32_t failures, Random& random) const {
    Millis delay = first;
    for (std::uint32_t i = 1; i < failures && delay < max; ++i) delay *= 2;
    if (delay > max) delay = max;
    const auto noise = random_array<2>(random);
    const Millis part = noise ? (*noise)[0] * 256 + (*noise)[1] : 0;  // 0 to 65535
    return delay - delay / 4 * part / 65536;
  }
};

}  // namespace bulla::gateway
