// Reading UTF-8 (RFC 3629) one code point at a time.
#pragma once

#include <cstdint>
#include <string_view>

namespace bulla::envelope {

constexpr char32_t kReplacement = 0xfffd;

// next_code_point takes the first code point off a text that is not empty. What is not UTF-8 (overlong forms,
// surrogates and cut-off sequences too) gives kReplacement for one byte.
inline char32_t next_code_point(std::string_view& text) {
  auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const auto first = byte(0);
  const std::size_t more = first < 0x80 ? 0 : first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
  constexpr char32_t kLeast[] = {0, 0x80, 0x800, 0x10000};
  char32_t value = more == 0 ? first : first & (0x3fU >> more);
  bool good = first < 0x80 || (first >= 0xc2 && first < 0xf5 && text.size() > more);
  for (std::size_t i = 1; good && i <= more; ++i) {
    good = (byte(i) & 0xc0) == 0x80;
    value = value << 6 | (byte(i) & 0x3f);
  }
  good = good && value >= kLeast[more] && value <= 0x10ffff && (value < 0xd800 || value > 0xdfff);
  text.remove_prefix(good ? more + 1 : 1);
  return good ? value : kReplacement;
}

}  // namespace bulla::envelope
