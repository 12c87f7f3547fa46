// Internal to crypto/: libsodium chooses its fast code for this processor only once it has been asked to.
#pragma once

#ifndef __wasm__
#include <sodium.h>

#include "core/base/check.h"
#endif

namespace bulla::crypto {

// sodium_ready initialises libsodium at the first call, from any thread. In WASM there is only one code, so nothing to
// do.
inline void sodium_ready() {
#ifndef __wasm__
  static const int ready = sodium_init();
  BULLA_ASSERT(ready >= 0);
#endif
}

}  // namespace bulla::crypto
