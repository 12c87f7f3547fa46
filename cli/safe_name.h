// safe_name: what a sender calls a file, made a name that is only a name.
#pragma once

#include <string>
#include <string_view>

namespace bulla::cli {

// safe_name returns a file name of 1 to 200 bytes without path separators, characters that some system reserves,
// controls and direction marks, leading dots, trailing dots and blanks, and names that are devices on Windows. An
// extension survives shortening. `fallback` is taken when nothing is left.
std::string safe_name(std::string_view name, std::string_view fallback);

// numbered_name is the N-th name for the same thing: "a.pdf", "a (2).pdf", "a (3).pdf".
std::string numbered_name(std::string_view name, int number);

}  // namespace bulla::cli
