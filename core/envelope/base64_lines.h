// Base64Lines writes bytes as padded base64 in lines, as they come: the data of an HTML file, and restored runs.
#pragma once

#include <string>

#include "core/base/secret.h"

namespace bulla::envelope {

class Base64Lines {
 public:
  // `width` is the number of characters of a line.
  explicit Base64Lines(std::size_t width = 76, std::string_view line_end = "\r\n") : width_(width), end_(line_end) {}

  // append adds the text of the next bytes to `out`; up to two bytes wait for the next call. `out` is not wiped.
  void append(ByteView bytes, std::string& out);
  // finish adds what waits, with padding; the last line gets no line end. Then the object starts anew.
  void finish(std::string& out);

 private:
  void put_groups(ByteView groups, std::string& out);
  std::size_t put_lines(ByteView groups, std::string& out);
  void put_text(std::string_view text, std::string& out);
  std::size_t width_;
  std::string_view end_;
  std::size_t column_ = 0;
  ByteArray<3> waiting_{};
  std::size_t waiting_size_ = 0;
};

}  // namespace bulla::envelope
