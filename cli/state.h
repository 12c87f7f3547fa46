// State: the accounts that this user has signed in to, so that an envelope's own word about its key server is only
// believed when the user has named that server before. No secrets are kept.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/base/result.h"

namespace bulla::cli {

struct KnownAccount {
  std::string server;   // origin
  std::string address;  // as the key server writes it
  bool operator==(const KnownAccount&) const = default;
};

// config_folder is $XDG_CONFIG_HOME/bulla, or ~/.config/bulla.
Result<std::filesystem::path> config_folder();

// read_accounts: none when the file does not exist. remember_account adds one, or changes nothing if it is there.
Result<std::vector<KnownAccount>> read_accounts(const std::filesystem::path& folder);
Result<> remember_account(const std::filesystem::path& folder, const KnownAccount& account);

}  // namespace bulla::cli
