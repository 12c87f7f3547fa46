#include "core/age/bech32.h"

#include <algorithm>

#include "core/base/check.h"

namespace bulla::age {
namespace {

constexpr std::string_view kAlphabet = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
constexpr std::size_t kChecksumSize = 6;

// Not <cctype>, whose answers depend on the locale.
bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
char lower(char c) {
  return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c;
}
char upper(char c) {
  return is_lower(c) ? static_cast<char>(c - 'a' + 'A') : c;
}

// Checksum is the BCH code of BIP 173 over values of five bits.
class Checksum {
 public:
  explicit Checksum(std::string_view prefix) {
    for (char c : prefix) add(static_cast<std::uint32_t>(static_cast<unsigned char>(lower(c))) >> 5);
    add(0);
    for (char c : prefix) add(static_cast<std::uint32_t>(static_cast<unsigned char>(lower(c))) & 31);
  }
  void add(std::uint32_t value) {
    constexpr std::uint32_t kGenerator[] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3};
    auto top = state_ >> 25;
    state_ = (state_ & 0x1ffffff) << 5 ^ value;
    for (unsigned i = 0; i < 5; ++i) state_ ^= (top >> i & 1) != 0 ? kGenerator[i] : 0;
  }
  std::uint32_t state() const { return state_; }

 private:
  std::uint32_t state_ = 1;
};

bool valid_prefix(std::string_view prefix) {
  return !prefix.empty() && std::ranges::all_of(prefix, [](char c) { return c >= 33 && c <= 126; });
}

bool mixed_case(std::string_view text) {
  return std::ranges::any_of(text, is_upper) && std::ranges::any_of(text, is_lower);
}

// Turns values of five bits into bytes. What is left over must be less than a value, and zero.
std::optional<Secret> join_bits(ByteView values) {
  Secret out(values.size() * 5 / 8);
  std::uint32_t held = 0;
  unsigned bits = 0;
  std::size_t written = 0;
  for (auto value : values) {
    held = (held << 5 | value) & 0xfff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    out.writable()[written++] = static_cast<std::uint8_t>(held >> bits);
  }
  if (bits >= 5 || (held & ((1u << bits) - 1)) != 0) return std::nullopt;
  return out;
}

}  // namespace

Secret bech32_encode(std::string_view prefix, ByteView data) {
  BULLA_ASSERT(valid_prefix(prefix) && !mixed_case(prefix));
  const bool in_upper = std::ranges::any_of(prefix, is_upper);
  Secret out(prefix.size() + 1 + (data.size() * 8 + 4) / 5 + kChecksumSize);
  auto next = out.writable().begin();
  for (char c : prefix) *next++ = static_cast<std::uint8_t>(c);
  *next++ = '1';
  auto put = [&](std::uint32_t value) {
    *next++ = static_cast<std::uint8_t>(in_upper ? upper(kAlphabet[value]) : kAlphabet[value]);
  };

  Checksum checksum(prefix);
  auto put_data = [&](std::uint32_t value) {
    checksum.add(value);
    put(value);
  };
  std::uint32_t held = 0;
  unsigned bits = 0;
  for (auto byte : data) {
    held = (held << 8 | byte) & 0xfff;
    for (bits += 8; bits >= 5; bits -= 5) put_data(held >> (bits - 5) & 31);
  }
  if (bits > 0) put_data(held << (5 - bits) & 31);

  for (std::size_t i = 0; i < kChecksumSize; ++i) checksum.add(0);
  for (unsigned i = 0; i < kChecksumSize; ++i) put((checksum.state() ^ 1) >> (5 * (5 - i)) & 31);
  return out;
}

std::optional<Bech32> bech32_decode(std::string_view text) {
  if (text.size() > kMaxBech32 || mixed_case(text)) return std::nullopt;
  auto one = text.rfind('1');
  if (one == std::string_view::npos || one + 1 + kChecksumSize > text.size()) return std::nullopt;
  auto prefix = text.substr(0, one);
  if (!valid_prefix(prefix)) return std::nullopt;

  auto rest = text.substr(one + 1);
  Secret values(rest.size());
  Checksum checksum(prefix);
  for (std::size_t i = 0; i < rest.size(); ++i) {
    auto value = kAlphabet.find(lower(rest[i]));
    if (value == std::string_view::npos) return std::nullopt;
    checksum.add(static_cast<std::uint32_t>(value));
    values.writable()[i] = static_cast<std::uint8_t>(value);
  }
  if (checksum.state() != 1) return std::nullopt;
  auto data = join_bits(values.reveal().first(rest.size() - kChecksumSize));
  if (!data) return std::nullopt;
  return Bech32{std::string(prefix), std::move(*data)};
}

}  // namespace bulla::age
