#include "core/base/check.h"

#include <cstdio>
#include <cstdlib>

namespace bulla {

void check_failed(const char* condition, const char* file, int line) {
#ifndef __wasm__
  std::fprintf(stderr, "bulla: internal error: %s does not hold (%s:%d)\n", condition, file, line);
#else
  (void)condition, (void)file, (void)line;
#endif
  std::abort();
}

}  // namespace bulla
