#include "keyserver/json_fields.h"

#include <boost/json/parse.hpp>

#include "core/base/encoding.h"
#include "core/base/time_text.h"

namespace bulla::keyserver {

namespace json = boost::json;

Result<json::value> parse_object(std::string_view text) {
  json::parse_options options;
  options.max_depth = 16;
  boost::system::error_code error;
  auto value = json::parse(json::string_view(text.data(), text.size()), error, {}, options);
  if (error) return fail(Code::kInvalid, "the body is not JSON: " + error.message());
  if (!value.is_object()) return fail(Code::kInvalid, "the body is not a JSON object");
  return value;
}

Fields::Fields(const json::value& object, std::optional<Error>& mistake, std::string path)
    : object_(object.if_object()), mistake_(&mistake), path_(std::move(path)) {
  if (object_ == nullptr && !mistake) mistake = Error{Code::kInvalid, path_ + "an object is expected", {}};
}

void Fields::wrong(std::string_view name, std::string_view what) {
  if (*mistake_) return;
  *mistake_ = Error{Code::kInvalid, path_ + std::string(name) + ": " + std::string(what), {}};
}

const json::value* Fields::find(std::string_view name) {
  const auto* value = object_ ? object_->if_contains(json::string_view(name.data(), name.size())) : nullptr;
  if (value == nullptr) wrong(name, "is missing");
  return value;
}

std::string Fields::text(std::string_view name, std::size_t max, std::size_t min) {
  const auto* value = find(name);
  if (value == nullptr) return {};
  const auto* text = value->if_string();
  if (text == nullptr) {
    wrong(name, "must be a string");
  } else if (text->size() < min || text->size() > max) {
    wrong(name, text->size() < min ? "must not be empty" : "is too long");
  } else {
    return std::string(text->data(), text->size());
  }
  return {};
}

Bytes Fields::binary(std::string_view name, std::size_t max) {
  const std::string encoded = text(name, (max * 4 + 2) / 3);
  auto bytes = decode_base64url(encoded);
  if (!bytes) wrong(name, "must be base64url without padding");
  return bytes.value_or(Bytes());
}

Millis Fields::time(std::string_view name) {
  const auto time = parse_rfc3339(text(name, 40));
  if (!time) wrong(name, "must be a time such as 2026-11-24T08:15:00.000Z");
  return time.value_or(0);
}

std::optional<Millis> Fields::time_or_null(std::string_view name) {
  const auto* value = find(name);
  if (value == nullptr || value->is_null()) return std::nullopt;
  return time(name);
}

std::vector<std::string> Fields::texts(std::string_view name, std::size_t max_count, std::size_t max) {
  const auto* value = find(name);
  const auto* array = value ? value->if_array() : nullptr;
  if (array == nullptr || array->size() > max_count) {
    if (value) wrong(name, array ? "has too many elements" : "must be an array of strings");
    return {};
  }
  std::vector<std::string> out;
  for (const auto& element : *array) {
    const auto* text = element.if_string();
    if (text == nullptr || text->size() > max) {
      wrong(name, text ? "has an element that is too long" : "must be an array of strings");
      return {};
    }
    out.emplace_back(text->data(), text->size());
  }
  return out;
}

std::vector<Fields> Fields::objects(std::string_view name, std::size_t max_count) {
  const auto* value = find(name);
  const auto* array = value ? value->if_array() : nullptr;
  if (array == nullptr || array->empty() || array->size() > max_count) {
    if (value)
      wrong(name, array == nullptr ? "must be an array" : array->empty() ? "is empty" : "has too many elements");
    return {};
  }
  std::vector<Fields> out;
  for (std::size_t i = 0; i < array->size(); ++i)
    out.emplace_back((*array)[i], *mistake_, path_ + std::string(name) + "[" + std::to_string(i) + "].");
  return out;
}

}  // namespace bulla::keyserver
