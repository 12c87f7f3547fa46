#include "net/address.h"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <charconv>
#include <optional>

namespace bulla::net {
namespace {

namespace ip = boost::asio::ip;

std::optional<ip::address_v6> as_v6(std::string_view text) {
  boost::system::error_code error;
  const auto address = ip::make_address(std::string(text), error);
  if (error) return std::nullopt;
  return address.is_v4() ? ip::make_address_v6(ip::v4_mapped, address.to_v4()) : address.to_v6();
}

Result<std::uint16_t> parse_number(std::string_view text, unsigned max, std::string_view what) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value > max)
    return fail(Code::kInvalid, std::string(what) + " must be a number up to " + std::to_string(max));
  return static_cast<std::uint16_t>(value);
}

bool is_host(std::string_view text) {
  return !text.empty() && text.size() <= 255 && std::ranges::all_of(text, [](char c) {
    return c > 0x20 && c < 0x7f && !std::string_view("/@[]\"'<>").contains(c);
  });
}

}  // namespace

std::string Endpoint::text() const {
  return (host.contains(':') ? '[' + host + ']' : host) + ':' + std::to_string(port);
}

Result<Endpoint> parse_endpoint(std::string_view text, std::uint16_t default_port) {
  std::string_view host = text;
  std::optional<std::string_view> port;
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == std::string_view::npos) return fail(Code::kInvalid, "missing ']' in " + std::string(text));
    host = text.substr(1, close - 1);
    text.remove_prefix(close + 1);
    if (text.starts_with(':')) port = text.substr(1);
    if (!as_v6(host) || (!text.empty() && !port))
      return fail(Code::kInvalid, "not an IPv6 address: " + std::string(host));
  } else if (const auto colon = text.rfind(':'); colon != std::string_view::npos) {
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
    if (host.contains(':')) return fail(Code::kInvalid, "IPv6 addresses stand in brackets: [::1]:25");
  }
  if (host == "*") host = "::";
  if (!is_host(host)) return fail(Code::kInvalid, "not a host name or address: " + std::string(host.substr(0, 255)));
  Endpoint out{std::string(host), default_port};
  if (!port && default_port == 0) return fail(Code::kInvalid, "no port given", "write host:port");
  if (port) {
    BULLA_TRY(out.port, parse_number(*port, 65535, "port"));
  }
  return out;
}

Result<IpNetwork> IpNetwork::parse(std::string_view text) {
  const auto slash = text.find('/');
  const auto address = as_v6(text.substr(0, slash));
  if (!address) return fail(Code::kInvalid, "not an IP address or network: " + std::string(text.substr(0, 64)));
  const bool v4 = address->is_v4_mapped();
  IpNetwork out;
  out.prefix_ = address->to_bytes();
  if (slash != std::string_view::npos) {
    BULLA_TRY(const unsigned bits,
              parse_number(text.substr(slash + 1), v4 ? 32 : 128, "the length of a network's prefix"));
    out.bits_ = bits + (v4 ? 96 : 0);
  }
  for (unsigned bit = out.bits_; bit < 128; ++bit)
    if (out.prefix_[bit / 8] & (0x80u >> (bit % 8)))
      return fail(Code::kInvalid, std::string(text) + " has bits behind its prefix", "10.1.0.0/16, not 10.1.2.3/16");
  return out;
}

bool IpNetwork::contains(std::string_view text) const {
  const auto address = as_v6(text);
  if (!address) return false;
  const auto bytes = address->to_bytes();
  for (unsigned bit = 0; bit < bits_; ++bit)
    if ((bytes[bit / 8] ^ prefix_[bit / 8]) & (0x80u >> (bit % 8))) return false;
  return true;
}

bool is_loopback(std::string_view text) {
  const auto address = as_v6(text);
  if (!address) return false;
  return address->is_v4_mapped() ? ip::make_address_v4(ip::v4_mapped, *address).is_loopback() : address->is_loopback();
}

std::string plain_address(std::string_view text) {
  const auto address = as_v6(text);
  if (!address) return std::string(text);
  return address->is_v4_mapped() ? ip::make_address_v4(ip::v4_mapped, *address).to_string() : address->to_string();
}

}  // namespace bulla::net
