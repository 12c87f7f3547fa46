// Internal to envelope/: reading JSON strictly, over Boost.JSON. Native only.
#pragma once

#include <boost/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/clock.h"
#include "core/base/result.h"

namespace bulla::envelope {

// parse_json takes one JSON value of UTF-8. kInvalid: syntax, nesting deeper than 16, or two members of one name.
Result<boost::json::value> parse_json(std::string_view text);

// JsonObject reads members of an object. A missing member, a wrong type or a broken bound makes the whole reading
// fail: then ok() is false, and values are empty. Copies of one reader share nothing; nested ones report by fail().
class JsonObject {
 public:
  // `ok` collects the failures of all readers of a document.
  JsonObject(const boost::json::value& value, bool& ok);

  bool ok() const { return ok_; }
  void fail() const { ok_ = false; }
  bool has(std::string_view name) const { return object_ != nullptr && object_->contains(name); }
  // The member, or null (and failure) when it is missing.
  const boost::json::value& at(std::string_view name) const;

  std::string text(std::string_view name, std::size_t limit) const;
  std::uint64_t number(std::string_view name, std::uint64_t limit) const;
  Millis time(std::string_view name) const;
  const boost::json::array& list(std::string_view name, std::size_t limit) const;
  JsonObject object(std::string_view name) const { return {at(name), ok_}; }

 private:
  const boost::json::object* object_;
  bool& ok_;
};

// json_number reads a whole number from 0 to `limit`.
std::optional<std::uint64_t> json_number(const boost::json::value& value, std::uint64_t limit);

}  // namespace bulla::envelope
