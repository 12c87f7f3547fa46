// Base64Lines writes bytes as padded base64 in lines, as they come: the data of an HTML file, and restored runs.
#pragma once

#include <string>

#include "core/base/bytes.h"

namespace bulla::envelope {

class Base64Lines {
 public:
  // `width` is the number of characters of a line.
  explicit Base64Lines(std::size_t width = 76, std::string_view line_end = "\r\n") : width_(width), end_(line_end) {}

  // append adds the text of the next bytes to `out`; up to two bytes wait for the next call.
  void append(ByteView bytes, std::string& out);
  // finish adds what waits, with padding. The last line gets no line end.
  void finish(std::string& out);

 private:
  void put(ByteView triples, std::string& out);
  std::size_t width_;
  std::string_view end_;
  std::size_t column_ = 0;
  ByteArray<3> waiting_{};
  std::size_t waiting_size_ = 0;
};

}  // namespace bulla::envelope
