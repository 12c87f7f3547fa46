// Fields: reading a JSON object of a request strictly. The first mistake is kept, with the name of the field, and makes
// finish() fail; values read after it are empty. Unknown names are ignored.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/clock.h"
#include "core/base/result.h"

namespace bulla::keyserver {

// parse_object reads a JSON object of UTF-8, nested at most 16 deep. kInvalid otherwise.
Result<boost::json::value> parse_object(std::string_view text);

class Fields {
 public:
  // The object must outlive the fields. `mistake` collects the first mistake of an object and those inside it.
  Fields(const boost::json::value& object, std::optional<Error>& mistake, std::string path = {});

  // Each requires the field. Text is 1 (or `min`) to `max` bytes.
  std::string text(std::string_view name, std::size_t max, std::size_t min = 1);
  // binary is base64url in JSON, 1 to `max` bytes here.
  Bytes binary(std::string_view name, std::size_t max);
  Millis time(std::string_view name);
  // time_or_null takes null, too.
  std::optional<Millis> time_or_null(std::string_view name);
  std::vector<std::string> texts(std::string_view name, std::size_t max_count, std::size_t max);
  // objects is an array of 1 to `max_count` objects.
  std::vector<Fields> objects(std::string_view name, std::size_t max_count);

  // wrong notes a mistake of the caller's finding at a field.
  void wrong(std::string_view name, std::string_view what);

 private:
  const boost::json::value* find(std::string_view name);

  const boost::json::object* object_;
  std::optional<Error>* mistake_;
  std::string path_;
};

}  // namespace bulla::keyserver
