#include "program/config.h"

#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <tuple>

#include "program/files.h"

namespace bulla::program {
namespace {

constexpr std::size_t kMaxFileSize = 1U << 20;
constexpr std::size_t kMaxSecretSize = 64U << 10;
constexpr std::size_t kMaxMistakesShown = 20;

const toml::table* as_table(const void* node) {
  return static_cast<const toml::table*>(node);
}

// edit_distance is Levenshtein's, over bytes.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t changed = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = std::exchange(row[j + 1], std::min({changed, row[j] + 1, row[j + 1] + 1}));
    }
  }
  return row.back();
}

// did_you_mean is a hint that names the nearest of `known`, or a list of all if none is near.
template <class Names>
std::string did_you_mean(std::string_view wrong, const Names& known) {
  std::string_view nearest;
  std::size_t least = std::max<std::size_t>(2, wrong.size() / 3) + 1;
  std::string all;
  for (const std::string_view name : known) {
    if (const auto distance = edit_distance(wrong.substr(0, 100), name); distance < least) {
      least = distance;
      nearest = name;
    }
    all.append(all.empty() ? "" : ", ").append(name);
  }
  if (!nearest.empty()) return "did you mean '" + std::string(nearest) + "'?";
  return all.empty() ? std::string() : "known here: " + all;
}

std::string in_quotes(std::string_view text) {
  std::string out = "'";
  out.append(text.substr(0, 100)).append("'");
  return out;
}

std::string type_name(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return "an array";
    case toml::node_type::string:
      return "a text";
    case toml::node_type::integer:
      return "a whole number";
    case toml::node_type::floating_point:
      return "a fraction";
    case toml::node_type::boolean:
      return "true or false";
    default:
      return "a date or time";
  }
}

struct Mistake {
  toml::source_position where;
  std::string text;
  std::string hint;
};

}  // namespace

namespace detail {

struct ConfigState {
  toml::table root;
  std::filesystem::path file;
  std::vector<Mistake> mistakes;
  // The names that were asked for in each table that was looked into; what is left at the end is unknown.
  std::map<const toml::table*, std::set<std::string, std::less<>>> asked;

  void add(toml::source_position where, std::string text, std::string hint = {}) {
    mistakes.push_back({where, std::move(text), std::move(hint)});
  }

  // find is the value of a key in a table that may be absent; it remembers that the key was asked for.
  const toml::node* find(const Table& table, std::string_view key) {
    const auto* toml_table = as_table(table.node_);
    if (toml_table == nullptr) return nullptr;
    asked[toml_table].emplace(key);
    return toml_table->get(key);
  }

  // find_as is the same for a value of one type; another type is a mistake.
  template <class T>
  auto find_as(const Table& table, std::string_view key, std::string_view expected) {
    const auto* node = find(table, key);
    const auto* value = node != nullptr ? node->as<T>() : nullptr;
    if (node != nullptr && value == nullptr) {
      add(node->source().begin,
          in_quotes(full_name(table, key)) + " must be " + std::string(expected) + ", and is " + type_name(*node));
    }
    return value;
  }

  static std::string full_name(const Table& table, std::string_view key) {
    return table.name_.empty() ? std::string(key) : table.name_ + "." + std::string(key);
  }

  void missing(const Table& table, std::string_view key) {
    const auto* toml_table = as_table(table.node_);
    add(toml_table != nullptr ? toml_table->source().begin : toml::source_position{1, 1},
        in_quotes(full_name(table, key)) + " is missing");
  }

  void find_unknown_keys() {
    for (const auto& [table, names] : asked) {
      for (const auto& [key, value] : *table) {
        if (names.contains(key.str())) continue;
        add(key.source().begin, "unknown key " + in_quotes(key.str()), did_you_mean(key.str(), names));
      }
    }
  }

  std::string describe(const Mistake& mistake) const {
    std::string line = file.string() + ":" + std::to_string(mistake.where.line) + ":" +
                       std::to_string(mistake.where.column) + ": " + mistake.text;
    if (!mistake.hint.empty()) line += " (" + mistake.hint + ")";
    return line;
  }
};

}  // namespace detail

bool Table::has(std::string_view key) const {
  return node_ != nullptr && as_table(node_)->contains(key);
}

std::string Table::string(std::string_view key) {
  if (!has(key)) state_->missing(*this, key);
  return string(key, "");
}

std::string Table::string(std::string_view key, std::string_view fallback) {
  const auto* value = state_->find_as<std::string>(*this, key, "a text in quotes");
  return value != nullptr ? value->get() : std::string(fallback);
}

bool Table::flag(std::string_view key, bool fallback) {
  const auto* value = state_->find_as<bool>(*this, key, "true or false");
  return value != nullptr ? value->get() : fallback;
}

std::int64_t Table::integer(std::string_view key, std::int64_t fallback, Bounds<std::int64_t> bounds) {
  const auto* value = state_->find_as<std::int64_t>(*this, key, "a whole number");
  if (value == nullptr) return fallback;
  if (value->get() >= bounds.min && value->get() <= bounds.max) return value->get();
  mistake(key, "must be from " + std::to_string(bounds.min) + " to " + std::to_string(bounds.max));
  return fallback;
}

Millis Table::duration(std::string_view key, Millis fallback, Bounds<Millis> bounds) {
  const auto* value = state_->find_as<std::string>(*this, key, "a span of time such as \"30s\"");
  if (value == nullptr) return fallback;
  const auto parsed = parse_duration(value->get());
  if (parsed && *parsed >= bounds.min && *parsed <= bounds.max) return *parsed;
  mistake(key,
          parsed ? "must be from " + std::to_string(bounds.min) + "ms to " + std::to_string(bounds.max) + "ms"
                 : "is not a span of time",
          parsed ? "" : R"(write a whole number and ms, s, m, h or d, such as "30s")");
  return fallback;
}

std::uint64_t Table::size(std::string_view key, std::uint64_t fallback, Bounds<std::uint64_t> bounds) {
  const auto* node = state_->find(*this, key);
  if (node == nullptr) return fallback;
  std::optional<std::uint64_t> parsed;
  if (const auto* number = node->as_integer(); number != nullptr && number->get() >= 0) {
    parsed = static_cast<std::uint64_t>(number->get());
  } else if (const auto* text = node->as_string()) {
    parsed = parse_size(text->get());
  }
  if (parsed && *parsed >= bounds.min && *parsed <= bounds.max) return *parsed;
  mistake(key,
          parsed ? "must be from " + std::to_string(bounds.min) + " to " + std::to_string(bounds.max) + " bytes"
                 : "is not a size",
          parsed ? "" : R"(write bytes, or a whole number and kB, MB, GB, KiB, MiB or GiB, such as "25MB")");
  return fallback;
}

std::vector<std::string> Table::strings(std::string_view key, std::size_t max_count) {
  std::vector<std::string> out;
  const auto* array = state_->find_as<toml::array>(*this, key, "a list of texts");
  if (array == nullptr) return out;
  if (array->size() > max_count) mistake(key, "has more than " + std::to_string(max_count) + " entries");
  for (const auto& entry : *array) {
    if (const auto* text = entry.as_string()) {
      out.push_back(text->get());
    } else {
      state_->add(entry.source().begin, "an entry of " + in_quotes(detail::ConfigState::full_name(*this, key)) +
                                            " must be a text in quotes, and is " + type_name(entry));
    }
  }
  return out;
}

Endpoint Table::endpoint(std::string_view key) {
  if (!has(key)) state_->missing(*this, key);
  return has(key) ? endpoint(key, "localhost:1") : Endpoint{};
}

Endpoint Table::endpoint(std::string_view key, std::string_view fallback) {
  const auto parsed = parse_endpoint(string(key, fallback));
  if (parsed) return *parsed;
  mistake(key, "is not HOST:PORT", R"(such as "127.0.0.1:2525" or "[::1]:2525")");
  return parse_endpoint(fallback).value_or(Endpoint{});
}

std::filesystem::path Table::path(std::string_view key) {
  if (!has(key)) state_->missing(*this, key);
  return has(key) ? path(key, ".") : std::filesystem::path();
}

std::filesystem::path Table::path(std::string_view key, std::string_view fallback) {
  const auto text = string(key, fallback);
  if (text.empty() || text.size() > 4000 || text.find('\0') != text.npos) {
    mistake(key, "is not a file name");
    return fallback;
  }
  return (state_->file.parent_path() / text).lexically_normal();
}

Secret Table::secret(std::string_view key) {
  if (!has(key)) {
    state_->missing(*this, key);
    return {};
  }
  const auto file = path(key, "");
  if (file.empty()) return {};
  auto secret = read_secret_file(file);
  if (secret) return std::move(*secret);
  mistake(key, secret.error().text, secret.error().hint);
  return {};
}

std::optional<std::size_t> Table::choice_index(std::string_view key, const std::vector<std::string_view>& names) {
  const auto* value = state_->find_as<std::string>(*this, key, "a text in quotes");
  if (value == nullptr) return std::nullopt;
  const auto found = std::ranges::find(names, value->get());
  if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  mistake(key, "cannot be " + in_quotes(value->get()), did_you_mean(value->get(), names));
  return std::nullopt;
}

Table Table::table(std::string_view key) {
  const auto* child = state_->find_as<toml::table>(*this, key, "a table");
  if (child != nullptr) state_->asked[child];
  return Table(state_, child, detail::ConfigState::full_name(*this, key));
}

std::vector<Table> Table::tables(std::string_view key, std::size_t max_count) {
  std::vector<Table> out;
  const auto name = detail::ConfigState::full_name(*this, key);
  const auto* array = state_->find_as<toml::array>(*this, key, "a list of tables, each under [[" + name + "]]");
  if (array == nullptr) return out;
  if (array->size() > max_count) mistake(key, "has more than " + std::to_string(max_count) + " entries");
  for (const auto& entry : *array) {
    if (const auto* child = entry.as_table()) {
      state_->asked[child];
      out.push_back(Table(state_, child, name));
    } else {
      state_->add(entry.source().begin,
                  "an entry of " + in_quotes(name) + " must be a table, and is " + type_name(entry));
    }
  }
  return out;
}

std::vector<std::string> Table::keys() const {
  std::vector<std::pair<toml::source_position, std::string>> found;
  if (node_ != nullptr) {
    for (const auto& [key, value] : *as_table(node_)) found.emplace_back(key.source().begin, key.str());
  }
  std::ranges::sort(found, [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::string> names;
  for (auto& [where, name] : found) names.push_back(std::move(name));
  return names;
}

void Table::mistake(std::string_view key, std::string text, std::string hint) {
  const auto* toml_table = as_table(node_);
  toml::source_position where{1, 1};
  if (toml_table != nullptr) {
    const auto* node = toml_table->get(key);
    where = node != nullptr ? node->source().begin : toml_table->source().begin;
  }
  const auto subject = key.empty() ? name_ : detail::ConfigState::full_name(*this, key);
  state_->add(where, in_quotes(subject) + " " + std::move(text), std::move(hint));
}

Config::Config(std::unique_ptr<detail::ConfigState> state) : state_(std::move(state)) {}
Config::Config(Config&&) noexcept = default;
Config& Config::operator=(Config&&) noexcept = default;
Config::~Config() = default;

Result<Config> Config::load(const std::filesystem::path& file) {
  auto bytes = read_small_file(file, kMaxFileSize);
  if (!bytes) {
    auto error = std::move(bytes).error();
    if (error.code == Code::kNotFound) error.hint = "name the configuration with --config FILE";
    return fail(std::move(error));
  }
  return parse(as_text(*bytes), file);
}

Result<Config> Config::parse(std::string_view text, const std::filesystem::path& name) {
  if (text.size() > kMaxFileSize) return fail(Code::kInvalid, name.string() + " is larger than 1 MiB");
  auto parsed = toml::parse(text, name.string());
  auto state = std::make_unique<detail::ConfigState>();
  state->file = name;
  if (!parsed) {
    const auto& error = parsed.error();
    return fail(Code::kInvalid, state->describe({error.source().begin, std::string(error.description()), {}}));
  }
  state->root = std::move(parsed).table();
  state->asked[&state->root];
  return Config(std::move(state));
}

Table Config::root() {
  return Table(state_.get(), &state_->root, "");
}

Result<> Config::finish() {
  state_->find_unknown_keys();
  auto& mistakes = state_->mistakes;
  if (mistakes.empty()) return {};
  std::ranges::sort(mistakes, [](const Mistake& a, const Mistake& b) {
    return std::tie(a.where, a.text) < std::tie(b.where, b.text);
  });
  std::string text;
  if (mistakes.size() > 1) text = "the configuration has " + std::to_string(mistakes.size()) + " mistakes:\n  ";
  for (std::size_t i = 0; i < mistakes.size() && i < kMaxMistakesShown; ++i) {
    text.append(i == 0 ? "" : "\n  ").append(state_->describe(mistakes[i]));
  }
  if (mistakes.size() > kMaxMistakesShown) text += "\n  ...";
  return fail(Code::kInvalid, std::move(text));
}

Result<Secret> read_secret_file(const std::filesystem::path& file) {
  BULLA_TRY(auto bytes, read_small_file(file, kMaxSecretSize, Privacy::kOwnerOnly));
  auto size = bytes.size();
  if (size > 0 && bytes[size - 1] == '\n') --size;
  if (size > 0 && size < bytes.size() && bytes[size - 1] == '\r') --size;
  auto secret = Secret::copy_of(ByteView(bytes).first(size));
  wipe(bytes);
  if (secret.empty()) return fail(Code::kInvalid, file.string() + " is empty");
  return secret;
}

}  // namespace bulla::program
