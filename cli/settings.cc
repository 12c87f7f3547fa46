#include "cli/settings.h"

#include "cli/key_server.h"
#include "cli/state.h"
#include "program/config.h"

namespace bulla::cli {

Result<Settings> read_settings(const program::Options& options) {
  Settings settings;
  BULLA_TRY(settings.folder, config_folder());
  const auto file = options.config_given ? std::filesystem::path(options.config) : settings.folder / "config.toml";
  if (std::error_code error; !options.config_given && !std::filesystem::exists(file, error)) return settings;
  BULLA_TRY(auto config, program::Config::load(file));
  auto root = config.root();
  settings.address = root.string("address", "");
  if (root.has("ca_file")) settings.ca_file = root.path("ca_file").string();
  if (const auto server = root.string("server", ""); !server.empty()) {
    auto origin = check_origin(server);
    if (!origin) {
      root.mistake("server", origin.error().text, origin.error().hint);
    } else {
      settings.server = std::move(*origin);
    }
  }
  BULLA_CHECK_OK(config.finish());
  return settings;
}

}  // namespace bulla::cli
