// Random: where randomness comes from, passed in so that tests can fix it or make it fail.
#pragma once

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/base/secret.h"

namespace bulla {

class Random {
 public:
  virtual ~Random() = default;
  // fill writes random bytes over all of `out`, or fails with kUnavailable and leaves nothing usable.
  virtual Result<> fill(MutableBytes out) = 0;
};

// SystemRandom asks the kernel (getrandom), in a browser the host (crypto.getRandomValues). Safe from any thread.
class SystemRandom final : public Random {
 public:
  Result<> fill(MutableBytes out) override;
};

template <std::size_t N>
Result<ByteArray<N>> random_array(Random& random) {
  ByteArray<N> out{};
  BULLA_CHECK_OK(random.fill(out));
  return out;
}

inline Result<Secret> random_secret(Random& random, std::size_t size) {
  Secret out(size);
  BULLA_CHECK_OK(random.fill(out.writable()));
  return out;
}

}  // namespace bulla
