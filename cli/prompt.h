// Prompt: where secrets come from. Never from an argument, which every user of the machine could read.
#pragma once

#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/base/secret.h"

namespace bulla::cli {

enum class Echo { kOff, kOn };

// What is asked for, and how a script gives it.
struct Question {
  std::string text;    // "Password: "
  std::string option;  // "--password-file", for the hint when there is no terminal
  std::string file;    // what that option said: a file, "-" for one line of standard input, or "" to ask
  Echo echo = Echo::kOff;
};

// ask_secret returns 1 to 4096 bytes. A file is read as program::read_secret_file does.
Result<Secret> ask_secret(const Question& question);

}  // namespace bulla::cli
