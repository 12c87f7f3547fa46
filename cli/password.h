// Passwords: a new one is asked for twice, and what is typed counts in its composed Unicode form (doc/key-api.md,
// *Passwords*).
#pragma once

#include "cli/prompt.h"

namespace bulla::cli {

constexpr std::size_t kMinPassword = 10;  // characters, in composed form

// composed makes NFC of a password, so that it is the same from every keyboard. kInvalid: it is not UTF-8.
Result<Secret> composed(const Secret& typed);

// ask_password asks for one that exists.
Result<Secret> ask_password(const Question& question);

// ask_new_password asks for one of at least kMinPassword characters; at a terminal twice, and again, up to three times,
// when the two differ or are too short.
Result<Secret> ask_new_password(const Question& question);

}  // namespace bulla::cli
