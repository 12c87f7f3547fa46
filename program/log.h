// Log: what a program tells its operator, one JSON object a line on stderr.
//
//   log.info("mail.accepted", {{"queue_id", id}, {"size", size}, {"peer", peer}});
//   {"time":"2026-01-31T09:00:00.000Z","level":"info","program":"bulla-gateway","event":"mail.accepted",...}
//
// Events and field names are literals of the program, checked when it is compiled; only values vary. A value is a
// number, a truth value or a short text, never part of a message: no subject, no body, no name of an attachment, no
// secret (Secret does not convert). Text is cut at 256 bytes and escaped, so that a peer can neither forge a line nor
// fill the disk with one.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "core/base/result.h"

namespace bulla::program {

enum class Level { kDebug, kInfo, kWarn, kError, kOff };

// The names of the levels, as Table::choice takes them.
inline constexpr std::initializer_list<std::pair<std::string_view, Level>> kLevelNames = {{"debug", Level::kDebug},
                                                                                          {"info", Level::kInfo},
                                                                                          {"warn", Level::kWarn},
                                                                                          {"error", Level::kError},
                                                                                          {"off", Level::kOff}};

// LogName is a literal of lower-case letters, digits, '_' and '.'; anything else does not compile.
class LogName {
 public:
  // Implicit, so that call sites read as plain literals.
  consteval LogName(const char* text) : text_(text) {
    if (text_.empty()) not_a_log_name();
    for (const char c : text_) {
      if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.')) not_a_log_name();
    }
  }
  constexpr std::string_view text() const { return text_; }

 private:
  static void not_a_log_name() {}  // not constexpr: a call that reaches it is refused by the compiler
  std::string_view text_;
};

// LogField is one name and its value. It views text, so it lives no longer than the call it is written in.
class LogField {
 public:
  using Value = std::variant<std::int64_t, std::uint64_t, double, bool, std::string_view>;

  LogField(LogName name, std::signed_integral auto value) : name_(name), value_(std::int64_t{value}) {}
  LogField(LogName name, std::unsigned_integral auto value) : name_(name), value_(std::uint64_t{value}) {}
  LogField(LogName name, bool value) : name_(name), value_(value) {}
  LogField(LogName name, double value) : name_(name), value_(value) {}
  LogField(LogName name, std::string_view value) : name_(name), value_(value) {}
  LogField(LogName name, const char* value) : name_(name), value_(std::string_view(value)) {}
  LogField(LogName name, const std::string& value) : name_(name), value_(std::string_view(value)) {}

  std::string_view name() const { return name_.text(); }
  const Value& value() const { return value_; }

 private:
  LogName name_;
  Value value_;
};

using LogFields = std::initializer_list<LogField>;

// Log writes lines of at least its level. Threads: any number may write to one Log.
class Log {
 public:
  // Sink takes one whole line without its line end.
  using Sink = std::function<void(std::string_view line)>;

  // A log to stderr; `program` names the program in each line.
  Log(std::string program, Level level);
  // A log to `sink`, for tests; calls come one at a time.
  Log(std::string program, Level level, Sink sink);
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  void set_level(Level level);
  bool enabled(Level level) const;

  void debug(LogName event, LogFields fields = {}) { write(Level::kDebug, event, fields); }
  void info(LogName event, LogFields fields = {}) { write(Level::kInfo, event, fields); }
  void warn(LogName event, LogFields fields = {}) { write(Level::kWarn, event, fields); }
  void error(LogName event, LogFields fields = {}) { write(Level::kError, event, fields); }
  // The same with an Error's code as the fields "code" and "reason". Only for errors whose text is the program's own.
  void warn(LogName event, const Error& error, LogFields fields = {}) { write(Level::kWarn, event, fields, &error); }
  void error(LogName event, const Error& error, LogFields fields = {}) { write(Level::kError, event, fields, &error); }

  void write(Level level, LogName event, LogFields fields, const Error* error = nullptr);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// append_json_text appends `text` as a JSON string: control characters and quotes escaped, broken UTF-8 replaced by
// U+FFFD, cut (at a character) at `max_bytes` of input with "..." at its end.
void append_json_text(std::string& out, std::string_view text, std::size_t max_bytes = 256);

}  // namespace bulla::program
