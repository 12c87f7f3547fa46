// The texts of a configuration that stand for endpoints, spans of time and sizes.
#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "program/config.h"

namespace bulla::program {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr std::array<Unit, 5> kTimeUnits = {{{"ms", 1}, {"s", kSecond}, {"m", kMinute}, {"h", kHour}, {"d", kDay}}};
constexpr std::array<Unit, 9> kSizeUnits = {{{"", 1},
                                             {"B", 1},
                                             {"kB", 1000},
                                             {"MB", 1000'000},
                                             {"GB", 1000'000'000},
                                             {"KiB", 1ULL << 10},
                                             {"MiB", 1ULL << 20},
                                             {"GiB", 1ULL << 30},
                                             {"TiB", 1ULL << 40}}};

// parse_with_unit reads a decimal number followed at once by one of the units.
std::optional<std::uint64_t> parse_with_unit(std::string_view text, std::span<const Unit> units) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  const std::string_view name(end, static_cast<std::size_t>(text.data() + text.size() - end));
  const auto unit = std::ranges::find(units, name, &Unit::name);
  constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (unit == units.end() || number > kMax / unit->factor) return std::nullopt;
  return number * unit->factor;
}

}  // namespace

std::optional<Millis> parse_duration(std::string_view text) {
  const auto value = parse_with_unit(text, kTimeUnits);
  return value ? std::optional(static_cast<Millis>(*value)) : std::nullopt;
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  return parse_with_unit(text, kSizeUnits);
}

std::optional<Endpoint> parse_endpoint(std::string_view text) {
  const bool bracketed = text.starts_with('[');
  const auto host_end = bracketed ? text.find("]:") : text.find(':');
  if (host_end == text.npos) return std::nullopt;
  const auto host = bracketed ? text.substr(1, host_end - 1) : text.substr(0, host_end);
  const auto port_text = text.substr(host_end + (bracketed ? 2 : 1));
  if (host.empty() || host.size() > 253 || host.find_first_of(" \t/[]@") != host.npos) return std::nullopt;
  if (bracketed != (host.find(':') != host.npos)) return std::nullopt;
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(port_text.data(), port_text.data() + port_text.size(), port);
  if (error != std::errc() || end != port_text.data() + port_text.size() || port == 0) return std::nullopt;
  return Endpoint{std::string(host), port};
}

std::string to_string(const Endpoint& endpoint) {
  const bool bracketed = endpoint.host.find(':') != std::string::npos;
  return (bracketed ? "[" + endpoint.host + "]" : endpoint.host) + ":" + std::to_string(endpoint.port);
}

}  // namespace bulla::program
