// Origin: where an HTTP server is, as browsers write it.
#pragma once

#include <string>
#include <string_view>

#include "core/base/result.h"

namespace bulla::net {

// Origin is scheme, host and perhaps port (RFC 6454 §6.2), of a server that one may talk to: https, or http on
// loopback.
struct Origin {
  std::string text;  // "https://keys.example.com": lower case, without a slash at its end and without the usual port
  std::string host;  // "keys.example.com", or an address without brackets
};

// parse_origin reads what a person or a file says; a slash at the end, capitals and the usual port are taken, and left
// out of the result: browsers compare origins byte by byte. Anything else is kInvalid; the error says why, without the
// text itself, which may come from outside.
Result<Origin> parse_origin(std::string_view text);

}  // namespace bulla::net
