// Times as text: RFC 3339 in UTC with milliseconds, "2026-11-24T08:15:00.000Z", the one form used outside of programs.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/base/clock.h"

namespace bulla {

// rfc3339 writes a time between the years 1970 and 9999; others are clamped to these.
std::string rfc3339(Millis time);
// parse_rfc3339 reads exactly that form (with or without the fraction); nothing for any other text or an impossible
// date.
std::optional<Millis> parse_rfc3339(std::string_view text);

}  // namespace bulla
