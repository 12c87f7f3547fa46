#include "core/base/time_text.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>

namespace bulla {
namespace {

constexpr Millis kLast = 253402300799999;  // 9999-12-31T23:59:59.999Z

// The digits at [at, at + count), or -1.
int number(std::string_view text, std::size_t at, std::size_t count) {
  int value = 0;
  for (char c : text.substr(at, count)) {
    if (c < '0' || c > '9') return -1;
    value = value * 10 + (c - '0');
  }
  return value;
}

}  // namespace

std::string rfc3339(Millis time) {
  time = std::clamp<Millis>(time, 0, kLast);
  auto seconds = static_cast<std::time_t>(time / 1000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 32> date{};
  auto length = std::strftime(date.data(), date.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::array<char, 8> fraction{};
  std::snprintf(fraction.data(), fraction.size(), ".%03dZ", static_cast<int>(time % 1000));
  return std::string(date.data(), length) + fraction.data();
}

std::optional<Millis> parse_rfc3339(std::string_view text) {
  constexpr std::string_view kForm = "dddd-dd-ddTdd:dd:dd";
  if (text.size() != 20 && text.size() != 24) return std::nullopt;
  for (std::size_t i = 0; i < kForm.size(); ++i)
    if (kForm[i] == 'd' ? (text[i] < '0' || text[i] > '9') : text[i] != kForm[i]) return std::nullopt;
  if (text.back() != 'Z' || (text.size() == 24 && text[19] != '.')) return std::nullopt;
  int fraction = text.size() == 24 ? number(text, 20, 3) : 0;
  if (fraction < 0) return std::nullopt;
  std::tm parts{};
  parts.tm_year = number(text, 0, 4) - 1900;
  parts.tm_mon = number(text, 5, 2) - 1;
  parts.tm_mday = number(text, 8, 2);
  parts.tm_hour = number(text, 11, 2);
  parts.tm_min = number(text, 14, 2);
  parts.tm_sec = number(text, 17, 2);
  std::tm asked = parts;
  auto seconds = timegm(&parts);
  // timegm carries 31 February over into March; a date that it had to change was not one.
  if (parts.tm_mon != asked.tm_mon || parts.tm_mday != asked.tm_mday || parts.tm_hour != asked.tm_hour ||
      parts.tm_min != asked.tm_min || parts.tm_sec != asked.tm_sec || seconds < 0)
    return std::nullopt;
  return static_cast<Millis>(seconds) * 1000 + fraction;
}

}  // namespace bulla
