// BULLA_ASSERT: a check on the program itself, kept in every build. A false condition is a bug and aborts.
#pragma once

namespace bulla {
[[noreturn]] void check_failed(const char* condition, const char* file, int line);
}

#define BULLA_ASSERT(condition) \
  (static_cast<bool>(condition) ? void() : ::bulla::check_failed(#condition, __FILE__, __LINE__))
