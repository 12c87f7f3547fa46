// DataReader reads the message after DATA (RFC 5321 §4.5.2): undoes dot-stuffing and finds the end.
// The end is CRLF "." CRLF and nothing else. Bare CR and LF never end a line, and mark the message as not acceptable:
// a peer that takes them for line ends would see another message, or a second one, in the same bytes (SMTP smuggling).
#pragma once

#include <cstdint>

#include "core/base/bytes.h"

namespace bulla::smtp {

class DataReader {
 public:
  // max_line: bytes of a line without CRLF, beyond which the message is marked.
  explicit DataReader(std::uint64_t max_size, std::uint64_t max_line) : max_size_(max_size), max_line_(max_line) {}

  // next takes bytes off the front of `in` and returns a piece of the message: a view into `in`, or into
  // constant memory (a line end whose CR came before). Empty with `in` empty: more input is needed. Empty with done():
  // the end was read and `in` starts after it. Pieces of a message that is marked are empty, its bytes are skipped.
  ByteView next(ByteView& in);

  bool done() const { return state_ == State::kDone; }
  bool too_big() const { return too_big_; }
  bool bare_line_end() const { return bare_line_end_; }
  bool line_too_long() const { return line_too_long_; }
  // True when nothing speaks against the message so far.
  bool good() const { return !too_big_ && !bare_line_end_ && !line_too_long_; }
  // Bytes of the message so far, without stuffing and without the end.
  std::uint64_t size() const { return size_; }

 private:
  enum class State : std::uint8_t {
    kLineStart,  // after CRLF, or at the very start
    kText,       // in a line
    kCr,         // after a CR in a line, not yet given out
    kDot,        // after a dot at the start of a line, not yet given out
    kDotCr,      // after that and a CR
    kDone,
  };

  ByteView step(std::uint8_t byte);
  ByteView text(ByteView& in);
  void end_line();
  ByteView give(ByteView piece);

  std::uint64_t max_size_;
  std::uint64_t max_line_;
  std::uint64_t size_ = 0;
  std::uint64_t line_ = 0;
  State state_ = State::kLineStart;
  bool too_big_ = false;
  bool bare_line_end_ = false;
  bool line_too_long_ = false;
};

}  // namespace bulla::smtp
