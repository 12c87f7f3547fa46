// The scenarios of vectors/: sealed files that open and sealed files that must not, each with one thing wrong.
#pragma once

#include <string>
#include <vector>

#include "core/base/bytes.h"

namespace bulla::vectors {

struct File {
  std::string name;  // below vectors/, e.g. "envelope/text-only.json"
  std::string text;
};

// all_files makes every file, the same each time.
std::vector<File> all_files();

}  // namespace bulla::vectors
