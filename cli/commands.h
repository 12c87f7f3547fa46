// The commands of `bulla`: each does one thing, prints what it did on stdout, and fails with an Error for people.
#pragma once

#include <string>

#include "cli/settings.h"

namespace bulla::cli {

struct RegisterOptions {
  std::string address;
  std::string server;
  std::string code_file;
  std::string password_file;
};

struct OpenOptions {
  std::string file;
  std::string out;          // a file, a folder, or "-" for stdout
  std::string attachments;  // a folder
  std::string server;
  std::string address;
  std::string password_file;
  bool force = false;
};

struct InspectOptions {
  std::string file;
};

// run_register has a code mailed, asks for it and for a new password, and makes the account.
Result<int> run_register(const Settings& settings, const RegisterOptions& options);
// run_open signs in, has the key share released, checks everything, and only then writes files.
Result<int> run_open(const Settings& settings, const OpenOptions& options);
// run_inspect prints what anybody can see in an envelope. It needs no key and no network.
Result<int> run_inspect(const InspectOptions& options);

}  // namespace bulla::cli
