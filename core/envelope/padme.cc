#include "core/envelope/padme.h"

#include <bit>

namespace bulla::envelope {

std::uint64_t padme(std::uint64_t length) {
  if (length < 2) return length;
  const int exponent = static_cast<int>(std::bit_width(length)) - 1;
  const int significant = static_cast<int>(std::bit_width(static_cast<unsigned>(exponent)));
  const int free_bits = exponent - significant;
  if (free_bits <= 0) return length;
  const std::uint64_t mask = (std::uint64_t{1} << free_bits) - 1;
  return (length + mask) & ~mask;
}

}  // namespace bulla::envelope
