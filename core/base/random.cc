#include "core/base/random.h"

#include <unistd.h>

#include <algorithm>

namespace bulla {

Result<> SystemRandom::fill(MutableBytes out) {
  // getentropy gives at most 256 bytes a call.
  for (std::size_t done = 0; done < out.size();) {
    auto n = std::min<std::size_t>(256, out.size() - done);
    if (getentropy(out.data() + done, n) != 0) {
      wipe(out);
      return fail(Code::kUnavailable, "the system gave no randomness");
    }
    done += n;
  }
  return {};
}

}  // namespace bulla
