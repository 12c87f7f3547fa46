#include "core/crypto/equal.h"

#include <sodium/utils.h>

namespace bulla::crypto {

bool equal(ByteView a, ByteView b) {
  return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace bulla::crypto
