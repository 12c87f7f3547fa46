// Internet addresses as text and as networks: where to listen, where to connect, who is trusted.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace bulla::net {

// Endpoint is a host (a name or an IP address, without brackets) and a port.
struct Endpoint {
  std::string host;
  std::uint16_t port = 0;

  // text is "host:port", "[2001:db8::1]:port".
  std::string text() const;
  bool operator==(const Endpoint&) const = default;
};

// parse_endpoint reads "127.0.0.1:25", "[::1]:25", "mail.example.org:25", "*:25" (all addresses, host "::"), and
// without a port when there is a default (0: the port must be given).
Result<Endpoint> parse_endpoint(std::string_view text, std::uint16_t default_port = 0);

// IpNetwork is a range of addresses: "10.0.0.0/8", "2001:db8::/32", "192.0.2.7". IPv4 addresses that come mapped into
// IPv6 (::ffff:10.0.0.1) are looked at as IPv4.
class IpNetwork {
 public:
  static Result<IpNetwork> parse(std::string_view text);
  // contains is false for what is no IP address.
  bool contains(std::string_view address) const;
  bool operator==(const IpNetwork&) const = default;

 private:
  std::array<std::uint8_t, 16> prefix_{};  // IPv4 as mapped IPv6
  unsigned bits_ = 128;
};

// is_loopback: 127.0.0.0/8 and ::1.
bool is_loopback(std::string_view address);
// plain_address is the address without the IPv6 mapping: "::ffff:10.0.0.1" becomes "10.0.0.1"; other text as it is.
std::string plain_address(std::string_view address);

}  // namespace bulla::net
