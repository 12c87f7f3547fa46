#include "keys/rate_limit.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

#include "core/base/reader.h"
#include "core/crypto/hash.h"

namespace bulla::keys {

RateLimiter::RateLimiter(Rate rate, const ByteArray<16>& seed)
    : rate_(rate), seed_(seed), tables_{Table(kPlaces), Table(kPlaces)} {}

Millis RateLimiter::take(std::string_view key, Millis now) {
  const auto digest = crypto::hmac_sha256(seed_, as_bytes(key));
  Reader hash(digest);
  const std::lock_guard lock(mutex_);
  std::array<Millis*, 2> places{};
  for (std::size_t i = 0; i < places.size(); ++i) places[i] = &tables_[i][*hash.u64_be() % kPlaces];

  // A clock that was set back must not lock anybody out: no place is ever further ahead than a full burst.
  const Millis horizon = now + rate_.burst * rate_.interval;
  for (auto* place : places) *place = std::min(*place, horizon);
  const Millis first = std::min(*places[0], *places[1]);
  const Millis next = std::max(first, now) + rate_.interval;
  if (next > horizon) return next - horizon;
  for (auto* place : places) *place = std::max(*place, next);
  return 0;
}

std::string network_of(std::string_view address) {
  // An IPv4 address that came through an IPv6 socket.
  constexpr std::string_view kMapped = "::ffff:";
  if (address.starts_with(kMapped) && address.contains('.')) address.remove_prefix(kMapped.size());
  std::string text(address);
  ByteArray<16> bytes{};
  if (inet_pton(AF_INET, text.c_str(), bytes.data()) == 1) {
    bytes[3] = 0;
    char out[INET_ADDRSTRLEN];
    return std::string(inet_ntop(AF_INET, bytes.data(), out, sizeof out)) + "/24";
  }
  if (inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1) {
    std::fill(bytes.begin() + 8, bytes.end(), std::uint8_t{0});
    char out[INET6_ADDRSTRLEN];
    return std::string(inet_ntop(AF_INET6, bytes.data(), out, sizeof out)) + "/64";
  }
  return text;
}

std::string site_of(std::string_view network) {
  constexpr std::string_view kIpv6 = "/64";
  if (!network.ends_with(kIpv6)) return {};
  const std::string text(network.substr(0, network.size() - kIpv6.size()));
  ByteArray<16> bytes{};
  if (inet_pton(AF_INET6, text.c_str(), bytes.data()) != 1) return {};
  std::fill(bytes.begin() + 6, bytes.end(), std::uint8_t{0});
  char out[INET6_ADDRSTRLEN];
  return std::string(inet_ntop(AF_INET6, bytes.data(), out, sizeof out)) + "/48";
}

Millis NetworkLimiter::take(std::string_view network, Millis now) {
  if (const auto wait = networks_.take(network, now)) return wait;
  const auto site = site_of(network);
  return site.empty() ? 0 : sites_.take(site, now);
}

Result<std::unique_ptr<Limits>> Limits::make(Random& random, int factor) {
  std::array<ByteArray<16>, 7> seeds{};
  for (auto& seed : seeds) BULLA_CHECK_OK(random.fill(seed));
  return std::unique_ptr<Limits>(new Limits(seeds, factor));
}

// A network may be one household or a company behind one address; an address is one person.
Limits::Limits(const std::array<ByteArray<16>, 7>& seeds, int factor)
    : factor_(factor),
      code_network_(Rate{30, 20 * kSecond}.times(factor), seeds[0]),
      verify_network_(Rate{60, 5 * kSecond}.times(factor), seeds[1]),
      sign_in_network_(Rate{60, 5 * kSecond}.times(factor), seeds[2]),
      sign_in_pair_(Rate{10, 2 * kMinute}.times(factor), seeds[3]),
      sign_in_address_(Rate{30, kMinute}.times(factor), seeds[4]),
      look_network_(Rate{120, kSecond}.times(factor), seeds[5]),
      release_address_(Rate{60, 2 * kSecond}.times(factor), seeds[6]) {}

Millis Limits::sign_in(std::string_view address, std::string_view network, Millis now) {
  if (const auto wait = sign_in_network_.take(network, now)) return wait;
  // Somebody who guesses from one network is stopped by this one, before the address is blocked for its owner: it gives
  // half of what the address regains.
  const std::string pair = std::string(address) + ' ' + std::string(network);
  if (const auto wait = sign_in_pair_.take(pair, now)) return wait;
  return sign_in_address_.take(address, now);
}

}  // namespace bulla::keys
