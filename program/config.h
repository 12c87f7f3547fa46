// Config: a TOML file, read once, completely, and strictly.
//
// A program asks for each key with its type, default and bounds, in any order, and then calls finish(). Mistakes are
// collected, not thrown: a wrong type, a value out of bounds, a missing or an unknown key each give one line
// "FILE:LINE:COLUMN: what is wrong (hint)", and finish() returns them all together, so that an administrator mends
// them in one go. After a mistake a getter returns its default (or an empty value), which the program never uses,
// because finish() fails.
//
//   BULLA_TRY(auto config, Config::load(options.config));
//   auto smtp = config.table("smtp");
//   settings.listen = smtp.endpoint("listen", "127.0.0.1:2525");
//   settings.max_size = smtp.size("max_size", 25'000'000, {1'000, 1'000'000'000});
//   settings.idle = smtp.duration("idle_timeout", 5 * kMinute, {kSecond, kHour});
//   for (auto rule : config.tables("rule")) settings.rules.push_back(read_rule(rule));
//   BULLA_CHECK_OK(config.finish());
//
// Keys are lower-case words joined by '_'. Thread: one; the tables must not outlive the Config they came from.
#pragma once

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/base/secret.h"

namespace bulla::program {

// Endpoint is where to listen or to connect: "127.0.0.1:2525", "[::1]:25", "mx.example.org:587".
struct Endpoint {
  std::string host;  // an address without brackets, or a name
  std::uint16_t port = 0;
  bool operator==(const Endpoint&) const = default;
};

// to_string is the endpoint as it is written in a configuration, with brackets around an IPv6 address.
std::string to_string(const Endpoint& endpoint);

// The smallest and the largest value that are taken, both included.
template <class T>
struct Bounds {
  T min;
  T max;
};

// parse_endpoint takes HOST:PORT or [IPV6]:PORT; parse_duration "500ms", "30s", "5m", "2h", "7d"; parse_size "512",
// "64kB", "25MB", "1GB" (powers of 1000) and "64KiB", "16MiB", "1GiB". Nothing else: no fractions, no blanks.
std::optional<Endpoint> parse_endpoint(std::string_view text);
std::optional<Millis> parse_duration(std::string_view text);
std::optional<std::uint64_t> parse_size(std::string_view text);

// read_secret_file reads a secret of 1 byte to 64 KiB from a regular file and removes one line end from its end. A
// file that others than its owner may read is refused, with the chmod that mends it as the hint.
Result<Secret> read_secret_file(const std::filesystem::path& file);

class Config;
namespace detail {
struct ConfigState;
}

// Table is one [table] of the file, or what an absent one would be: no keys, so that every getter gives its default.
// A getter without a default requires the key (unless the whole table is optional: ask present() first).
class Table {
 public:
  // present says whether the table stands in the file; has whether the key does.
  bool present() const { return node_ != nullptr; }
  bool has(std::string_view key) const;

  std::string string(std::string_view key);
  std::string string(std::string_view key, std::string_view fallback);
  bool flag(std::string_view key, bool fallback);
  std::int64_t integer(std::string_view key, std::int64_t fallback, Bounds<std::int64_t> bounds);
  // duration is milliseconds, written with a unit ("5m").
  Millis duration(std::string_view key, Millis fallback, Bounds<Millis> bounds);
  // size is bytes, written as a number or with a unit ("25MB").
  std::uint64_t size(std::string_view key, std::uint64_t fallback, Bounds<std::uint64_t> bounds);
  // strings is an array of strings, at most `max_count` of them; empty when the key is absent.
  std::vector<std::string> strings(std::string_view key, std::size_t max_count = 1000);
  Endpoint endpoint(std::string_view key);
  Endpoint endpoint(std::string_view key, std::string_view fallback);
  // path is taken relative to the folder of the configuration file.
  std::filesystem::path path(std::string_view key);
  std::filesystem::path path(std::string_view key, std::string_view fallback);
  // secret names a file (as path does) and returns what read_secret_file finds in it.
  Secret secret(std::string_view key);

  // choice is one of the names and returns what stands beside it.
  template <class T>
  T choice(std::string_view key, T fallback, std::initializer_list<std::pair<std::string_view, T>> names) {
    std::vector<std::string_view> list;
    for (const auto& [name, value] : names) list.push_back(name);
    const auto index = choice_index(key, list);
    return index ? (names.begin() + *index)->second : fallback;
  }

  // table and tables descend: [smtp.tls] is config.table("smtp").table("tls"), [[rule]] is config.tables("rule").
  Table table(std::string_view key);
  std::vector<Table> tables(std::string_view key, std::size_t max_count = 1000);

  // keys are the names that stand in the table, in the file's order; for tables whose keys are data (domains, say).
  std::vector<std::string> keys() const;

  // mistake records a mistake of the caller's finding at the key, or at the table when the key is absent or empty. Of a
  // key that is absent only the first mistake counts, and none if an unknown key stands for it.
  void mistake(std::string_view key, std::string text, std::string hint = {});

 private:
  friend class Config;
  friend struct detail::ConfigState;
  Table(detail::ConfigState* state, const void* node, std::string name)
      : state_(state), node_(node), name_(std::move(name)) {}
  std::optional<std::size_t> choice_index(std::string_view key, const std::vector<std::string_view>& names);

  detail::ConfigState* state_;
  const void* node_;  // toml::table
  std::string name_;  // "smtp.tls", for messages
};

class Config {
 public:
  // load reads a file of at most 1 MiB.
  static Result<Config> load(const std::filesystem::path& file);
  // parse reads a text; `name` stands for the file in messages, and paths are relative to its folder.
  static Result<Config> parse(std::string_view text, const std::filesystem::path& name = "config.toml");

  Config(Config&&) noexcept;
  Config& operator=(Config&&) noexcept;
  ~Config();

  // root is the part of the file above the first [table].
  Table root();
  Table table(std::string_view key) { return root().table(key); }
  std::vector<Table> tables(std::string_view key, std::size_t max_count = 1000) {
    return root().tables(key, max_count);
  }

  // finish fails with every mistake found, unknown keys (such as nobody has asked for) included, one a line.
  Result<> finish();

 private:
  explicit Config(std::unique_ptr<detail::ConfigState> state);
  std::unique_ptr<detail::ConfigState> state_;
};

}  // namespace bulla::program
