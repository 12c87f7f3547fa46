// bulla: opens sealed mail on one's own machine, without a browser.
//
//   bulla register ADDRESS --server URL     makes an account at a key server: a mailed code, a password
//   bulla open FILE [--out FILE|DIR|-] [--attachments DIR]
//                                           signs in, checks the envelope, writes the mail or its attachments
//   bulla inspect FILE                      what anybody can see in an envelope
//
// All take --config FILE; without it ~/.config/bulla/config.toml is read if it exists: server, address and ca_file
// (cli/settings.h), so that they need not be said each time. --check reads it and ends.
//
// FILE is the envelope's HTML file, the mail that holds it, or the sealed .age file. Secrets are asked for, or come
// from files (--password-file, --code-file), never from arguments. Exit codes: 0 done, 1 failed, 2 wrong usage.
#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "program/process.h"

namespace {

using namespace bulla;

enum class Command { kNone, kRegister, kOpen, kInspect };

// What the command line said. CLI::App is gone once it has been parsed.
struct Commands {
  Command chosen = Command::kNone;
  cli::RegisterOptions register_options;
  cli::OpenOptions open_options;
  cli::InspectOptions inspect_options;
};

void add_register(CLI::App& app, Commands& commands) {
  auto& options = commands.register_options;
  auto& command = *app.add_subcommand("register", "Make an account for an address that got a sealed message");
  command.add_option("ADDRESS", options.address, "Your mail address")->required();
  command.add_option("--server", options.server, "The key server, as https://keys.example.com")->type_name("URL");
  command.add_option("--code-file", options.code_file, "Read the mailed code from a file (- for standard input)")
      ->type_name("FILE");
  command
      .add_option("--password-file", options.password_file, "Read the new password from a file (- for standard input)")
      ->type_name("FILE");
  command.callback([&commands] { commands.chosen = Command::kRegister; });
}

void add_open(CLI::App& app, Commands& commands) {
  auto& options = commands.open_options;
  auto& command = *app.add_subcommand("open", "Open a sealed message and write it to the disk");
  command.add_option("FILE", options.file, "The envelope: .html, .eml or .age")->required();
  command.add_option("--out", options.out, "Where the original mail goes: a file, a folder, or - for standard output")
      ->type_name("FILE|DIR");
  command
      .add_option("--attachments", options.attachments,
                  "Save the attachments into this folder (and no mail, unless --out)")
      ->type_name("DIR");
  command.add_option("--server", options.server, "The key server, if you have not signed in there before")
      ->type_name("URL");
  command.add_option("--address", options.address, "Your address, if the envelope does not say it")
      ->type_name("ADDRESS");
  command.add_option("--password-file", options.password_file, "Read the password from a file (- for standard input)")
      ->type_name("FILE");
  command.add_flag("--force", options.force, "Replace files that exist");
  command.callback([&commands] { commands.chosen = Command::kOpen; });
}

void add_inspect(CLI::App& app, Commands& commands) {
  auto& command = *app.add_subcommand("inspect", "Print what anybody can see in an envelope");
  command.add_option("FILE", commands.inspect_options.file, "The envelope: .html, .eml or .age")->required();
  command.callback([&commands] { commands.chosen = Command::kInspect; });
}

Result<int> run_command(const program::Options& options, const Commands& commands) {
  BULLA_TRY(const auto settings, cli::read_settings(options));
  if (options.check) {
    std::puts("The configuration is good.");
    return program::kExitOk;
  }
  switch (commands.chosen) {
    case Command::kRegister:
      return cli::run_register(settings, commands.register_options);
    case Command::kOpen:
      return cli::run_open(settings, commands.open_options);
    case Command::kInspect:
      return cli::run_inspect(commands.inspect_options);
    case Command::kNone:
      break;
  }
  return fail(Code::kInternal, "a command line without a command was taken");
}

}  // namespace

int main(int argc, char** argv) {
  return program::run("bulla", [&]() -> Result<int> {
    Commands commands;
    const auto options =
        program::parse_options(argc, argv, {"bulla", "Opens sealed mail on your own machine.", ""}, [&](CLI::App& app) {
          app.fallthrough();
          app.require_subcommand(0, 1);
          add_register(app, commands);
          add_open(app, commands);
          add_inspect(app, commands);
          app.final_callback([&app] {
            // Only --check is something to do without a command.
            if (app.get_option("--check")->count() == 0 && app.get_subcommands().empty())
              throw CLI::RequiredError::Subcommand(1);
          });
        });
    if (!options) return options.error();
    return run_command(*options, commands);
  });
}
