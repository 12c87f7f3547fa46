#include "cli/json.h"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "core/base/encoding.h"

namespace bulla::cli {
namespace {

constexpr std::size_t kMaxDepth = 16;
constexpr std::size_t kMaxEntries = 1000;

std::unexpected<Error> bad_field(std::string_view name) {
  return fail(Code::kInvalid, "the key server's answer has no usable field '" + std::string(name) + "'");
}

}  // namespace

Result<JsonObject> JsonObject::parse(std::string_view text) {
  boost::json::parse_options options;
  options.max_depth = kMaxDepth;
  boost::system::error_code error;
  auto value = boost::json::parse(text, error, {}, options);
  if (error || !value.is_object()) return fail(Code::kInvalid, "the key server's answer is no JSON object");
  return JsonObject(std::move(value.get_object()));
}

Result<std::string> JsonObject::text(std::string_view name) const {
  const auto* value = object_.if_contains(name);
  if (value == nullptr || !value->is_string()) return bad_field(name);
  return std::string(value->get_string());
}

Result<Bytes> JsonObject::binary(std::string_view name) const {
  BULLA_TRY(const auto encoded, text(name));
  auto bytes = decode_base64url(encoded);
  if (!bytes) return bad_field(name);
  return std::move(*bytes);
}

Result<std::vector<std::string>> JsonObject::texts(std::string_view name) const {
  const auto* value = object_.if_contains(name);
  if (value == nullptr || !value->is_array() || value->get_array().size() > kMaxEntries) return bad_field(name);
  std::vector<std::string> out;
  for (const auto& entry : value->get_array()) {
    if (!entry.is_string()) return bad_field(name);
    out.emplace_back(entry.get_string());
  }
  return out;
}

Result<JsonObject> JsonObject::object(std::string_view name) const {
  const auto* value = object_.if_contains(name);
  if (value == nullptr || !value->is_object()) return bad_field(name);
  return JsonObject(value->get_object());
}

std::string JsonObject::text_or(std::string_view name, std::string_view fallback) const {
  const auto* value = object_.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string(fallback);
}

std::int64_t JsonObject::integer_or(std::string_view name, std::int64_t fallback) const {
  const auto* value = object_.if_contains(name);
  return value != nullptr && value->is_int64() ? value->get_int64() : fallback;
}

}  // namespace bulla::cli
