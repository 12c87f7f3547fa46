// Bech32 (BIP 173), as age uses it for keys: bytes only, and no limit on the length but ours.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/base/secret.h"

namespace bulla::age {

constexpr std::size_t kMaxBech32 = 4096;  // characters; a hybrid post-quantum recipient has about 2,000

struct Bech32 {
  std::string prefix;  // in the case of the text
  Secret data;
};

// bech32_encode writes the text in the case of `prefix`, which is all upper or all lower case.
Secret bech32_encode(std::string_view prefix, ByteView data);
// bech32_decode gives nothing for a text that bech32_encode would not write: mixed case, a wrong checksum, bits left
// over.
std::optional<Bech32> bech32_decode(std::string_view text);

}  // namespace bulla::age
