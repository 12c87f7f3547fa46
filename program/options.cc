#include "program/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>

namespace bulla::program {

const char* version() {
  return BULLA_VERSION;
}

namespace {

std::string command_list(const CLI::App& app) {
  std::string out;
  for (const auto* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    auto name = command->get_name();
    name.resize(std::max<std::size_t>(name.size() + 1, 12), ' ');
    out.append("  ").append(name).append(command->get_description()).append("\n");
  }
  return out;
}

// reason says what is wrong with a command line.
std::string reason(const CLI::App& app, const CLI::App& command, const CLI::Error& error) {
  const bool no_command = &app == &command && !command_list(app).empty();
  if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::ExtrasError) && no_command) {
    const auto extra = app.remaining().front();
    return std::string("there is no ") + (extra.starts_with('-') ? "option" : "command") + " '" + extra + "'";
  }
  if (error.get_exit_code() != static_cast<int>(CLI::ExitCodes::RequiredError)) return error.what();
  if (no_command) return "no command is given";
  for (const auto* option : command.get_options()) {
    if (option->get_required() && option->count() == 0)
      return "'" + command.get_name() + "' needs " + option->get_name() + " (" + option->get_description() + ")";
  }
  return error.what();
}

// explain is what stands on stderr after a mistake: what is wrong, and what could be written instead.
std::string explain(const CLI::App* app, const CLI::Error& error) {
  const auto chosen = app->get_subcommands();
  const auto* command = chosen.empty() ? app : chosen.front();
  const auto name = command == app ? app->get_name() : app->get_name() + " " + command->get_name();
  auto out = app->get_name() + ": " + reason(*app, *command, error) + "\n";
  const auto commands = command_list(*app);
  if (command == app && !commands.empty())
    return out + "\nCommands:\n" + commands + "\nMore with " + name + " --help\n";
  return out + CLI::Formatter().make_usage(command, name) + "\nMore with " + name + " --help\n";
}

}  // namespace

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
  app.failure_message(explain);
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
