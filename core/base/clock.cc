#include "core/base/clock.h"

#ifndef __wasm__
#include <chrono>

namespace bulla {

Millis SystemClock::now() const {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

}  // namespace bulla
#endif
