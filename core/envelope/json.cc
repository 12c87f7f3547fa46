#include "core/envelope/json.h"

#include <boost/json/basic_parser_impl.hpp>
#include <set>
#include <vector>

#include "core/base/time_text.h"

namespace bulla::envelope {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxDepth = 16;

json::parse_options options() {
  json::parse_options out;
  out.max_depth = kMaxDepth;
  return out;
}

// NameChecker takes the events of a parser and stops it at the second member of one name, which a json::object would
// swallow.
struct NameChecker {
  constexpr static std::size_t max_object_size = std::size_t(-1);
  constexpr static std::size_t max_array_size = std::size_t(-1);
  constexpr static std::size_t max_key_size = std::size_t(-1);
  constexpr static std::size_t max_string_size = std::size_t(-1);

  using Failure = json::error_code&;
  bool on_document_begin(Failure) { return true; }
  bool on_document_end(Failure) { return true; }
  bool on_object_begin(Failure) {
    names.emplace_back();
    return true;
  }
  bool on_object_end(std::size_t, Failure) {
    names.pop_back();
    return true;
  }
  bool on_array_begin(Failure) { return true; }
  bool on_array_end(std::size_t, Failure) { return true; }
  bool on_key_part(json::string_view part, std::size_t, Failure) {
    name.append(part.data(), part.size());
    return true;
  }
  bool on_key(json::string_view part, std::size_t, Failure failure) {
    name.append(part.data(), part.size());
    if (!names.back().insert(std::exchange(name, {})).second) failure = json::error::syntax;
    return !failure;
  }
  bool on_string_part(json::string_view, std::size_t, Failure) { return true; }
  bool on_string(json::string_view, std::size_t, Failure) { return true; }
  bool on_number_part(json::string_view, Failure) { return true; }
  bool on_int64(std::int64_t, json::string_view, Failure) { return true; }
  bool on_uint64(std::uint64_t, json::string_view, Failure) { return true; }
  bool on_double(double, json::string_view, Failure) { return true; }
  bool on_bool(bool, Failure) { return true; }
  bool on_null(Failure) { return true; }
  bool on_comment_part(json::string_view, Failure) { return true; }
  bool on_comment(json::string_view, Failure) { return true; }

  std::vector<std::set<std::string>> names;
  std::string name;
};

const json::value kNull;
const json::array kEmpty;

}  // namespace

Result<json::value> parse_json(std::string_view text) {
  json::error_code failure;
  json::basic_parser<NameChecker> names(options());
  const auto taken = names.write_some(false, text.data(), text.size(), failure);
  const bool only_space = text.find_first_not_of(" \t\r\n", taken) == std::string_view::npos;
  if (failure || !names.done() || !only_space)
    return bulla::fail(Code::kInvalid, "malformed JSON, or a name that is there twice");
  auto value = json::parse({text.data(), text.size()}, failure, {}, options());
  if (failure) return bulla::fail(Code::kInvalid, "malformed JSON");
  return value;
}

JsonObject::JsonObject(const json::value& value, bool& ok) : object_(value.if_object()), ok_(ok) {
  if (object_ == nullptr) fail();
}

const json::value& JsonObject::at(std::string_view name) const {
  const auto* value = object_ == nullptr ? nullptr : object_->if_contains(name);
  if (value == nullptr) fail();
  return value == nullptr ? kNull : *value;
}

std::string JsonObject::text(std::string_view name, std::size_t limit) const {
  const auto* text = at(name).if_string();
  if (text != nullptr && text->size() <= limit) return std::string(text->data(), text->size());
  fail();
  return {};
}

std::uint64_t JsonObject::number(std::string_view name, std::uint64_t limit) const {
  const auto number = json_number(at(name), limit);
  if (!number) fail();
  return number.value_or(0);
}

Millis JsonObject::time(std::string_view name) const {
  const auto time = parse_rfc3339(text(name, 64));
  if (!time) fail();
  return time.value_or(0);
}

const json::array& JsonObject::list(std::string_view name, std::size_t limit) const {
  const auto* list = at(name).if_array();
  if (list != nullptr && list->size() <= limit) return *list;
  fail();
  return kEmpty;
}

std::optional<std::uint64_t> json_number(const json::value& value, std::uint64_t limit) {
  std::uint64_t number = 0;
  if (const auto* whole = value.if_int64(); whole != nullptr && *whole >= 0)
    number = static_cast<std::uint64_t>(*whole);
  else if (const auto* large = value.if_uint64(); large != nullptr)
    number = *large;
  else
    return std::nullopt;
  return number <= limit ? std::optional(number) : std::nullopt;
}

}  // namespace bulla::envelope
