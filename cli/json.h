// JsonObject: reading the answers of a key server, which are not trusted: each field is asked for with its type.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"

namespace bulla::cli {

class JsonObject {
 public:
  // parse takes one object: duplicate-free is not required, depth at most 16. kInvalid otherwise.
  static Result<JsonObject> parse(std::string_view text);

  // Each getter: kInvalid when the field is absent or of another type; the error names the field.
  Result<std::string> text(std::string_view name) const;
  // Binary values are base64url.
  Result<Bytes> binary(std::string_view name) const;
  // texts takes at most 1000 entries.
  Result<std::vector<std::string>> texts(std::string_view name) const;
  Result<JsonObject> object(std::string_view name) const;
  // text_or is the field's text, or the fallback when there is no such text.
  std::string text_or(std::string_view name, std::string_view fallback) const;
  // integer_or is the field's whole number, or the fallback when there is no such number.
  std::int64_t integer_or(std::string_view name, std::int64_t fallback) const;

 private:
  explicit JsonObject(boost::json::object object) : object_(std::move(object)) {}
  boost::json::object object_;
};

}  // namespace bulla::cli
