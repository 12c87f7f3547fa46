#include "core/envelope/base64_codec.h"

#include <cstring>

#include "core/base/encoding.h"

namespace bulla::envelope {

#ifdef __wasm__

void encode_groups(ByteView in, char* out) {
  base64_encode_into(in, out, false);
}

#else

namespace {

constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint32_t kBad = 1u << 31;

using Pair = std::array<char, 2>;
constexpr auto kPairs = [] {
  std::array<Pair, 4096> table{};
  for (std::size_t i = 0; i < table.size(); ++i) table[i] = {kAlphabet[i >> 6], kAlphabet[i & 63]};
  return table;
}();

// What a character at each of the four places adds to the 24 bits of its group.
constexpr auto kDigits = [] {
  std::array<std::array<std::uint32_t, 256>, 4> table{};
  for (auto& place : table) place.fill(kBad);
  for (std::uint32_t digit = 0; digit < 64; ++digit)
    for (std::size_t place = 0; place < 4; ++place)
      table[place][static_cast<std::uint8_t>(kAlphabet[digit])] = digit << (6 * (3 - place));
  return table;
}();

}  // namespace

void encode_groups(ByteView in, char* out) {
  for (std::size_t i = 0; i + 3 <= in.size(); i += 3, out += 4) {
    const std::uint32_t bits = std::uint32_t{in[i]} << 16 | std::uint32_t{in[i + 1]} << 8 | in[i + 2];
    std::memcpy(out, kPairs[bits >> 12].data(), 2);
    std::memcpy(out + 2, kPairs[bits & 4095].data(), 2);
  }
}

bool decode_groups(ByteView in, std::uint8_t* out) {
  std::uint32_t bad = 0;
  for (std::size_t i = 0; i + 4 <= in.size(); i += 4, out += 3) {
    const auto bits = kDigits[0][in[i]] | kDigits[1][in[i + 1]] | kDigits[2][in[i + 2]] | kDigits[3][in[i + 3]];
    bad |= bits;
    out[0] = static_cast<std::uint8_t>(bits >> 16);
    out[1] = static_cast<std::uint8_t>(bits >> 8);
    out[2] = static_cast<std::uint8_t>(bits);
  }
  return (bad & kBad) == 0;
}

#endif

}  // namespace bulla::envelope
