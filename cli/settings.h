// Settings: the client's configuration file, which may be absent. What the command line says wins.
#pragma once

#include <filesystem>
#include <string>

#include "core/base/result.h"
#include "program/options.h"

namespace bulla::cli {

struct Settings {
  std::filesystem::path folder;  // of the accounts file
  std::string server;            // origin of the key server; empty: none is set
  std::string address;           // of the account; empty: none is set
  std::string ca_file;           // PEM, trusted instead of the system's authorities; empty: the system's
};

// read_settings reads FOLDER/config.toml, or the file that --config names, which must exist then:
//   server = "https://keys.example.com"
//   address = "bob@example.org"
//   ca_file = "ca.pem"
Result<Settings> read_settings(const program::Options& options);

}  // namespace bulla::cli
