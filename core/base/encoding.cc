#include "core/base/encoding.h"

#include <cstring>

namespace bulla {
namespace {

constexpr char kStandard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr char kUrl[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::uint8_t kBad = 0xff;

constexpr std::array<std::uint8_t, 256> make_decode(const char* alphabet) {
  std::array<std::uint8_t, 256> table{};
  table.fill(kBad);
  for (std::uint8_t i = 0; i < 64; ++i) table[static_cast<std::uint8_t>(alphabet[i])] = i;
  return table;
}
constexpr auto kStandardDecode = make_decode(kStandard);
constexpr auto kUrlDecode = make_decode(kUrl);

std::size_t encode(ByteView in, char* out, const char* alphabet, bool padded) {
  char* const start = out;
  std::size_t i = 0;
  for (; i + 3 <= in.size(); i += 3) {
    std::uint32_t v = std::uint32_t{in[i]} << 16 | std::uint32_t{in[i + 1]} << 8 | in[i + 2];
    *out++ = alphabet[v >> 18];
    *out++ = alphabet[v >> 12 & 63];
    *out++ = alphabet[v >> 6 & 63];
    *out++ = alphabet[v & 63];
  }
  if (auto left = in.size() - i; left != 0) {
    std::uint32_t v = std::uint32_t{in[i]} << 16 | (left == 2 ? std::uint32_t{in[i + 1]} << 8 : 0);
    *out++ = alphabet[v >> 18];
    *out++ = alphabet[v >> 12 & 63];
    if (left == 2) *out++ = alphabet[v >> 6 & 63];
    if (padded) {
      *out++ = '=';
      if (left == 1) *out++ = '=';
    }
  }
  return static_cast<std::size_t>(out - start);
}

std::string encode(ByteView in, const char* alphabet, bool padded) {
  std::string out((in.size() + 2) / 3 * 4, '\0');
  out.resize(encode(in, out.data(), alphabet, padded));
  return out;
}

std::optional<Bytes> decode(std::string_view in, const std::array<std::uint8_t, 256>& table) {
  if (in.size() % 4 == 1) return std::nullopt;
  Bytes out;
  out.reserve(in.size() / 4 * 3 + 2);
  std::uint32_t v = 0;
  int bits = 0;
  for (char c : in) {
    auto digit = table[static_cast<std::uint8_t>(c)];
    if (digit == kBad) return std::nullopt;
    v = (v << 6 | digit) & 0xffffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out.push_back(static_cast<std::uint8_t>(v >> bits));
    }
  }
  if ((v & ((1u << bits) - 1)) != 0) return std::nullopt;
  return out;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string base64(ByteView bytes) {
  return encode(bytes, kStandard, true);
}
std::string base64_raw(ByteView bytes) {
  return encode(bytes, kStandard, false);
}
std::string base64url(ByteView bytes) {
  return encode(bytes, kUrl, false);
}

std::size_t base64_encode_into(ByteView bytes, char* out, bool padded) {
  return encode(bytes, out, kStandard, padded);
}

std::optional<Bytes> decode_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  if (text.ends_with("==")) return decode(text.substr(0, text.size() - 2), kStandardDecode);
  if (text.ends_with('=')) return decode(text.substr(0, text.size() - 1), kStandardDecode);
  return decode(text, kStandardDecode);
}
std::optional<Bytes> decode_base64_raw(std::string_view text) {
  return decode(text, kStandardDecode);
}
std::optional<Bytes> decode_base64url(std::string_view text) {
  return decode(text, kUrlDecode);
}

std::string hex(ByteView bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (auto byte : bytes) {
    out.push_back(kDigits[byte >> 4]);
    out.push_back(kDigits[byte & 15]);
  }
  return out;
}

std::optional<Bytes> decode_hex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  Bytes out;
  out.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    int high = hex_digit(text[i]), low = hex_digit(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    out.push_back(static_cast<std::uint8_t>(high << 4 | low));
  }
  return out;
}

}  // namespace bulla
