// CommandParser cuts a client's bytes into command lines (RFC 5321 §2.3.8, §4.1.1, §4.5.3.1.4).
// A line ends in CRLF and nothing else. A bare LF or CR is a fault, reported where it stands: it ends no command, and
// what follows it must not be read as one.
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
  kForeign,  // a verb of HTTP: a browser or a proxy has been made to talk to us
  kUnknown,
};

struct Command {
  enum class Fault : std::uint8_t {
    kNone,
    kTooLong,      // longer than kMaxLine; it was skipped up to its CRLF
    kControl,      // a control character in it
    kNotAscii,     // a byte above 127 in it; verb and argument are set
    kBareLineEnd,  // close the session
    kHopeless,     // no end of the line within kHopeless bytes: close the session
  };
  Fault fault = Fault::kNone;
  Verb verb = Verb::kUnknown;
  std::string argument;  // after the verb and its spaces, without trailing spaces
};

class CommandParser {
 public:
  // Bytes of a line with its CRLF: 512 in RFC 5321, more for the parameters of extensions (RFC 1870: +26, RFC 6152:
  // +17) and for source routes.
  static constexpr std::size_t kMaxLine = 1024;
  static constexpr std::size_t kHopeless = 64 * 1024;

  CommandParser() = default;
  ~CommandParser();
  CommandParser(const CommandParser&) = delete;
  CommandParser& operator=(const CommandParser&) = delete;

  // feed takes bytes off the front of `in` up to the end of one line or to a fault (true: command() is complete), or
  // all of them (false).
  bool feed(ByteView& in);
  const Command& command() const { return command_; }

  // reset forgets a line that has begun.
  void reset();
  // in_line is true inside of a line.
  bool in_line() const { return length_ != 0; }

 private:
  bool finish(Command command);

  std::string line_;
  std::size_t length_ = 0;
  bool after_cr_ = false;
  Command command_;
};

}  // namespace bulla::smtp
