// The header fields of a message, byte by byte as they stand there (RFC 5322 §2.2): looking them up, leaving some out.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/secret.h"

namespace bulla::mail {

// Field is one header field. The views point into the message.
struct Field {
  std::string_view name;  // as written, without the colon
  ByteView raw;           // the whole field with its continuation lines and final CRLF
  // The value unfolded (line ends before white space removed), without white space around it. Still encoded.
  std::string value() const;
  // Compares the name, letters of either case.
  bool is(std::string_view other) const;
};

// HeaderFields reads the header of a message, up to the empty line; a line that is no field is skipped. The message
// must outlive it.
class HeaderFields {
 public:
  explicit HeaderFields(ByteView message);
  const std::vector<Field>& fields() const { return fields_; }
  // Where the body begins (behind the empty line), or the message's size when there is none.
  std::size_t body_offset() const { return body_offset_; }
  // The first field of that name.
  const Field* find(std::string_view name) const;
  std::size_t count(std::string_view name) const;

 private:
  std::vector<Field> fields_;
  std::size_t body_offset_ = 0;
};

// without_fields copies the message without the fields of these names (in any case) and changes no other byte. Nothing
// if it has none of them: the message is good as it is.
std::optional<Secret> without_fields(ByteView message, std::initializer_list<std::string_view> names);

// The fields by which a message names recipients whom nobody else may see.
inline std::optional<Secret> without_bcc(ByteView message) {
  return without_fields(message, {"bcc", "resent-bcc"});
}

}  // namespace bulla::mail
