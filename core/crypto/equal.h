// Comparison in constant time.
#pragma once

#include "core/base/bytes.h"

namespace bulla::crypto {

// equal is true if both have the same length and bytes; the time depends on the length alone.
bool equal(ByteView a, ByteView b);

}  // namespace bulla::crypto
