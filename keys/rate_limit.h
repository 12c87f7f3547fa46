// RateLimiter: how often something may be done for a key (an address, a network), in bounded memory.
//
// The rule is GCRA (ITU-T I.371), which needs one time for each key: `burst` at once, then one each `interval`. The
// times stand in two small tables at places that a secret hash of the key chooses; a key is refused only when both of
// its places say so. Keys that happen to share places are limited together, never less strictly: memory stays the same
// however many networks an attacker has.
#pragma once

#include <algorithm>
#include <array>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/base/random.h"

namespace bulla::keys {

struct Rate {
  Millis burst;
  Millis interval;

  Rate times(int factor) const { return {burst * factor, std::max<Millis>(interval / factor, 1)}; }
};

class RateLimiter {
 public:
  // `seed` keeps outsiders from choosing keys that share a place.
  RateLimiter(Rate rate, const ByteArray<16>& seed);

  // take counts one use and returns 0, or counts nothing and returns how long to wait. Safe from any thread.
  Millis take(std::string_view key, Millis now);

 private:
  static constexpr std::size_t kPlaces = 1 << 17;
  using Table = std::vector<Millis>;

  Rate rate_;
  ByteArray<16> seed_;
  std::mutex mutex_;
  std::array<Table, 2> tables_;  // when each place would be unused again
};

// network_of is the part of an IP address that belongs to one customer: its /24, or for IPv6 its /64, as text. Other
// text stands for itself.
std::string network_of(std::string_view address);

// site_of is the part of an IPv6 network that one customer may have at most, its /48 (RFC 6177 §2), as text; empty for
// any other network.
std::string site_of(std::string_view network);

// NetworkLimiter limits a network and, ten times as loosely, the site that it is part of: the 65536 networks of a site
// are had for the price of one.
class NetworkLimiter {
 public:
  NetworkLimiter(Rate rate, const ByteArray<16>& seed) : networks_(rate, seed), sites_(rate.times(10), seed) {}
  // As RateLimiter::take; a use that the site refuses still counts for the network.
  Millis take(std::string_view network, Millis now);

 private:
  RateLimiter networks_;
  RateLimiter sites_;
};

// Limits are the limits of everything that a stranger can ask. Codes have stricter ones, kept in the store (codes.h).
class Limits {
 public:
  // `factor` multiplies every limit, those in the store too: 1 but for tests and measurements.
  static Result<std::unique_ptr<Limits>> make(Random& random, int factor = 1);
  int factor() const { return factor_; }

  // Each counts one use and returns 0, or how long to wait.
  Millis code(std::string_view network, Millis now) { return code_network_.take(network, now); }
  // Typing a code, and each step of the registration that it allows.
  Millis verify(std::string_view network, Millis now) { return verify_network_.take(network, now); }
  // A start of a sign-in is a guess at a password: what KE2 says lets the client find out.
  Millis sign_in(std::string_view address, std::string_view network, Millis now);
  Millis look(std::string_view network, Millis now) { return look_network_.take(network, now); }
  Millis release(std::string_view address, Millis now) { return release_address_.take(address, now); }

 private:
  Limits(const std::array<ByteArray<16>, 7>& seeds, int factor);
  int factor_;
  NetworkLimiter code_network_;
  NetworkLimiter verify_network_;
  NetworkLimiter sign_in_network_;
  RateLimiter sign_in_pair_;
  RateLimiter sign_in_address_;
  NetworkLimiter look_network_;
  RateLimiter release_address_;
};

}  // namespace bulla::keys
