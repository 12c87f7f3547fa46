#include "net/origin.h"

#include <algorithm>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include "net/address.h"

namespace bulla::net {
namespace {

std::unexpected<Error> bad(const char* why) {
  return fail(Code::kInvalid, why, "write a scheme and a host, such as https://keys.example.com");
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

// A name, or an address, perhaps in brackets. RFC 3986 lets a name hold escapes and characters such as "$" and "(" too:
// no server has such a name, and what a file says of its server is shown to people as part of a command.
bool is_host(std::string_view text) {
  if (text.starts_with("[v")) return false;  // an IPvFuture
  if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || std::string_view("-._:").contains(c);
  });
}

}  // namespace

Result<Origin> parse_origin(std::string_view text) {
  const auto parsed = boost::urls::parse_uri(text);
  if (!parsed) return bad("is not the address of a server");
  const boost::urls::url_view url = *parsed;
  const auto encoded_host = lower(url.encoded_host());
  if (!is_host(encoded_host)) return bad("is not the address of a server");
  const bool bare = url.encoded_path().empty() || url.encoded_path() == "/";
  if (!bare || url.has_query() || url.has_fragment() || url.has_userinfo())
    return bad("holds more than scheme and host");
  const bool encrypted = url.scheme_id() == boost::urls::scheme::https;
  if (!encrypted && url.scheme_id() != boost::urls::scheme::http) return bad("is neither https nor http");
  Origin origin;
  origin.host = lower(url.host_address());
  if (!encrypted && origin.host != "localhost" && !is_loopback(origin.host))
    return bad("is not encrypted, and plain http is for loopback only: it must begin with https://");
  origin.text = (encrypted ? "https://" : "http://") + encoded_host;
  if (!url.has_port() || url.port().empty()) return origin;
  if (url.port_number() == 0) return bad("has a port that cannot be");
  if (url.port_number() != (encrypted ? 443 : 80)) origin.text += ":" + std::to_string(url.port_number());
  return origin;
}

}  // namespace bulla::net
