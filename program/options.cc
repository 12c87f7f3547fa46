#include "program/options.h"

#include <CLI/CLI.hpp>

namespace bulla::program {

const char* version() {
  return BULLA_VERSION;
}

std::expected<Options, int> parse_options(int argc, const char* const* argv, const ProgramInfo& info,
                                          const std::function<void(CLI::App&)>& extend) {
  CLI::App app(info.summary, info.name);
  Options options;
  options.config = info.default_config;
  auto* config = app.add_option("--config", options.config, "The configuration file (TOML)")->type_name("FILE");
  if (!info.default_config.empty()) config->capture_default_str();
  app.add_flag("--check", options.check, "Check the configuration and exit");
  app.set_version_flag("--version", info.name + " " + version(), "Print the version and exit");
  app.set_help_flag("-h,--help", "Print this help and exit");
  if (extend) extend(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return std::unexpected(app.exit(error) == 0 ? kExitOk : kExitUsage);
  }
  options.config_given = config->count() > 0;
  return options;
}

}  // namespace bulla::program
