// CommandParser cuts a client's bytes into command lines (RFC 5321 §2.3.8, §4.1.1, §4.5.3.1.4).
// A line ends in CRLF and nothing else: a bare LF or CR makes the line an error, never the end of one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/bytes.h"

namespace bulla::smtp {

enum class Verb : std::uint8_t {
  kHelo,
  kEhlo,
  kMail,
  kRcpt,
  kData,
  kRset,
  kNoop,
  kQuit,
  kVrfy,
  kExpn,
  kHelp,
  kStartTls,
  kUnknown,
};

struct Command {
  enum class Fault : std::uint8_t { kNone, kTooLong, kBareLineEnd, kNotAscii };
  Fault fault = Fault::kNone;  // verb and argument are unset unless kNone (kNotAscii: they are set)
  Verb verb = Verb::kUnknown;
  std::string argument;  // after the verb and its spaces, without trailing spaces
};

class CommandParser {
 public:
  // Bytes of a line with its CRLF: 512 in RFC 5321, more for the parameters of extensions (RFC 1870: +26, RFC 6152:
  // +17) and for paths of full length.
  static constexpr std::size_t kMaxLine = 1024;

  CommandParser() = default;
  ~CommandParser();
  CommandParser(const CommandParser&) = delete;
  CommandParser& operator=(const CommandParser&) = delete;

  // feed takes bytes off the front of `in` up to the end of one line (true: command() is complete), or all of them
  // (false). Of a line that is too long, the rest is skipped.
  bool feed(ByteView& in);
  const Command& command() const { return command_; }

  // reset forgets a line that has begun.
  void reset();
  // True inside of a line.
  bool in_line() const { return length_ != 0; }

 private:
  void end_line();

  std::string line_;
  std::size_t length_ = 0;
  bool after_cr_ = false;
  bool bare_ = false;
  Command command_;
};

}  // namespace bulla::smtp
