#include "program/log.h"

#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <array>
#include <charconv>
#include <cmath>

#include "program/utf8.h"

namespace bulla::program {
namespace {

// CallbackSink hands each formatted line to a function; base_sink serialises the calls.
class CallbackSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit CallbackSink(Log::Sink sink) : sink_(std::move(sink)) {}

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    std::string_view text(line.data(), line.size());
    if (text.ends_with('\n')) text.remove_suffix(1);
    sink_(text);
  }
  void flush_() override {}

  Log::Sink sink_;
};

spdlog::level::level_enum to_spdlog(Level level) {
  switch (level) {
    case Level::kDebug:
      return spdlog::level::debug;
    case Level::kInfo:
      return spdlog::level::info;
    case Level::kWarn:
      return spdlog::level::warn;
    case Level::kError:
      return spdlog::level::err;
    case Level::kOff:
      return spdlog::level::off;
  }
  return spdlog::level::info;
}

std::string_view level_text(Level level) {
  for (const auto& [text, value] : kLevelNames) {
    if (value == level) return text;
  }
  return "info";
}

void append_escaped(std::string& out, char c) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  if (c == '"' || c == '\\') {
    out.append({'\\', c});
  } else if (byte < 0x20 || byte == 0x7F) {
    out.append("\\u00").append({kDigits[byte >> 4], kDigits[byte & 15]});
  } else {
    out.push_back(c);
  }
}

void append_number(std::string& out, auto value) {
  std::array<char, 40> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  out.append(digits.data(), end);
}

struct ValueWriter {
  std::string& out;
  void operator()(std::int64_t value) const { append_number(out, value); }
  void operator()(std::uint64_t value) const { append_number(out, value); }
  void operator()(double value) const { std::isfinite(value) ? append_number(out, value) : void(out.append("null")); }
  void operator()(bool value) const { out.append(value ? "true" : "false"); }
  void operator()(std::string_view value) const { append_json_text(out, value); }
};

void append_member(std::string& out, std::string_view name, const LogField::Value& value) {
  out.append(",\"").append(name).append("\":");
  std::visit(ValueWriter{out}, value);
}

}  // namespace

struct Log::Impl {
  std::string program;
  spdlog::logger logger;

  Impl(std::string name, Level level, spdlog::sink_ptr sink)
      : program(std::move(name)), logger(program, std::move(sink)) {
    // The date is spdlog's, everything after it is written by Log::write.
    logger.set_pattern(R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ",%v})", spdlog::pattern_time_type::utc);
    logger.set_level(to_spdlog(level));
  }
};

Log::Log(std::string program, Level level)
    : impl_(std::make_unique<Impl>(std::move(program), level, std::make_shared<spdlog::sinks::stderr_sink_mt>())) {}

Log::Log(std::string program, Level level, Sink sink)
    : impl_(std::make_unique<Impl>(std::move(program), level, std::make_shared<CallbackSink>(std::move(sink)))) {}

Log::~Log() = default;

void Log::set_level(Level level) {
  impl_->logger.set_level(to_spdlog(level));
}

bool Log::enabled(Level level) const {
  return level != Level::kOff && impl_->logger.should_log(to_spdlog(level));
}

void Log::write(Level level, LogName event, LogFields fields, const Error* error) {
  if (!enabled(level)) return;
  std::string line;
  line.append("\"level\":\"").append(level_text(level)).append("\",\"program\":");
  append_json_text(line, impl_->program);
  append_member(line, "event", event.text());
  for (const auto& field : fields) append_member(line, field.name(), field.value());
  if (error != nullptr) {
    append_member(line, "code", std::string_view(code_name(error->code)));
    append_member(line, "reason", std::string_view(error->text));
  }
  impl_->logger.log(to_spdlog(level), spdlog::string_view_t(line));
}

void append_json_text(std::string& out, std::string_view text, std::size_t max_bytes) {
  out.push_back('"');
  std::size_t used = 0;
  while (!text.empty()) {
    const auto character = next_character(text);
    used += character.length;
    if (used > max_bytes) {
      out.append("...");
      break;
    }
    if (!character.valid) {
      out.append("\xEF\xBF\xBD");
    } else if (character.length == 1) {
      append_escaped(out, text[0]);
    } else {
      out.append(text.substr(0, character.length));
    }
    text.remove_prefix(character.length);
  }
  out.push_back('"');
}

}  // namespace bulla::program
