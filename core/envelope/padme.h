// Padmé: the rule for padded lengths (PURBs, PETS 2019), which hides a length for at most 12 percent more.
#pragma once

#include <cstdint>

namespace bulla::envelope {

// padme is the smallest allowed length that is at least `length`. Lengths are at most 2^62.
std::uint64_t padme(std::uint64_t length);

}  // namespace bulla::envelope
