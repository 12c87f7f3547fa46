// Options: the command line that every program of Bulla has: --config FILE, --check, --help, --version.
#pragma once

#include <expected>
#include <functional>
#include <string>

namespace CLI {
class App;
}

namespace bulla::program {

// Exit codes of every program, stable for scripts.
inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;     // the work failed; the reason is on stderr
inline constexpr int kExitUsage = 2;      // the command line or the configuration is wrong
inline constexpr int kExitInternal = 70;  // a fault of the program itself

struct ProgramInfo {
  std::string name;            // "bulla-gateway"
  std::string summary;         // one sentence for --help
  std::string default_config;  // shown in --help and taken when --config is not given; may be empty
};

struct Options {
  std::string config;  // the configuration file, the default included
  bool config_given = false;
  bool check = false;  // read and check the configuration, then exit
};

// version is the text that --version prints after the program's name, such as "0.1.0".
const char* version();

// parse_options reads the command line. `extend` (may be empty) adds a program's own options and subcommands.
// The alternative is the exit code with which the program must end now: 0 after --help or --version (already
// printed), kExitUsage after a mistake (already explained on stderr).
std::expected<Options, int> parse_options(int argc, const char* const* argv, const ProgramInfo& info,
                                          const std::function<void(CLI::App&)>& extend = {});

}  // namespace bulla::program
