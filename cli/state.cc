#include "cli/state.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <cstdlib>

#include "cli/output_folder.h"
#include "program/files.h"

namespace bulla::cli {
namespace {

constexpr const char* kFileName = "accounts.json";
constexpr std::size_t kMaxStateFile = 256U << 10;

std::optional<KnownAccount> account_of(const boost::json::value& value) {
  if (!value.is_object()) return std::nullopt;
  const auto* server = value.get_object().if_contains("server");
  const auto* address = value.get_object().if_contains("address");
  if (server == nullptr || address == nullptr || !server->is_string() || !address->is_string()) return std::nullopt;
  return KnownAccount{std::string(server->get_string()), std::string(address->get_string())};
}

}  // namespace

Result<std::filesystem::path> config_folder() {
  // Relative paths in XDG_CONFIG_HOME are invalid and ignored, as its specification asks.
  if (const char* base = std::getenv("XDG_CONFIG_HOME"); base != nullptr && base[0] == '/') {
    return std::filesystem::path(base) / "bulla";
  }
  if (const char* home = std::getenv("HOME"); home != nullptr && home[0] == '/') {
    return std::filesystem::path(home) / ".config" / "bulla";
  }
  return fail(Code::kNotFound, "there is no home folder", "set HOME or XDG_CONFIG_HOME");
}

Result<std::vector<KnownAccount>> read_accounts(const std::filesystem::path& folder) {
  const auto bytes = program::read_small_file(folder / kFileName, kMaxStateFile);
  std::vector<KnownAccount> accounts;
  if (!bytes && bytes.error().code == Code::kNotFound) return accounts;
  if (!bytes) return fail(bytes.error());
  boost::system::error_code error;
  const auto value = boost::json::parse(as_text(*bytes), error);
  const auto damaged = [&] {
    return fail(Code::kInvalid, (folder / kFileName).string() + " is damaged", "remove it; accounts stay as they are");
  };
  if (error || !value.is_array()) return damaged();
  for (const auto& entry : value.get_array()) {
    auto account = account_of(entry);
    if (!account) return damaged();
    accounts.push_back(std::move(*account));
  }
  return accounts;
}

Result<> remember_account(const std::filesystem::path& folder, const KnownAccount& account) {
  BULLA_TRY(auto accounts, read_accounts(folder));
  if (std::ranges::find(accounts, account) != accounts.end()) return {};
  accounts.push_back(account);
  boost::json::array array;
  for (const auto& one : accounts) array.push_back({{"server", one.server}, {"address", one.address}});
  const auto text = boost::json::serialize(array) + "\n";
  BULLA_TRY(const auto output, OutputFolder::open(folder));
  BULLA_TRY(auto file, output.start());
  BULLA_CHECK_OK(file.write(as_bytes(text)));
  return file.publish(kFileName, Overwrite::kYes);
}

}  // namespace bulla::cli
