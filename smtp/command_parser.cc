#include "smtp/command_parser.h"

#include <algorithm>

#include "core/base/secret.h"

namespace bulla::smtp {
namespace {

struct Name {
  std::string_view text;
  Verb verb;
};

constexpr Name kNames[] = {
    {"HELO", Verb::kHelo},      {"EHLO", Verb::kEhlo},    {"MAIL", Verb::kMail},       {"RCPT", Verb::kRcpt},
    {"DATA", Verb::kData},      {"RSET", Verb::kRset},    {"NOOP", Verb::kNoop},       {"QUIT", Verb::kQuit},
    {"VRFY", Verb::kVrfy},      {"EXPN", Verb::kExpn},    {"HELP", Verb::kHelp},       {"STARTTLS", Verb::kStartTls},
    {"GET", Verb::kForeign},    {"HEAD", Verb::kForeign}, {"POST", Verb::kForeign},    {"PUT", Verb::kForeign},
    {"DELETE", Verb::kForeign}, {"PRI", Verb::kForeign},  {"OPTIONS", Verb::kForeign}, {"CONNECT", Verb::kForeign},
};

Verb find_verb(std::string_view word) {
  std::string upper(word);
  for (char& c : upper)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  const auto* found = std::ranges::find(kNames, upper, &Name::text);
  return found == std::end(kNames) ? Verb::kUnknown : found->verb;
}

Command parse(std::string_view line) {
  Command command;
  for (char c : line) {
    if (static_cast<unsigned char>(c) >= 0x80) command.fault = Command::Fault::kNotAscii;
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return {Command::Fault::kControl, Verb::kUnknown, {}};
  }
  const auto word = line.substr(0, line.find(' '));
  command.verb = find_verb(word);
  line.remove_prefix(word.size());
  while (line.starts_with(' ')) line.remove_prefix(1);
  while (line.ends_with(' ')) line.remove_suffix(1);
  command.argument = line;
  return command;
}

}  // namespace

CommandParser::~CommandParser() {
  wipe(line_);
}

void CommandParser::reset() {
  wipe(line_);
  length_ = 0;
  after_cr_ = false;
}

bool CommandParser::finish(Command command) {
  command_ = std::move(command);
  reset();
  return true;
}

bool CommandParser::feed(ByteView& in) {
  while (!in.empty()) {
    const char c = static_cast<char>(in.front());
    in = in.subspan(1);
    ++length_;
    if (c == '\n' && after_cr_)
      return finish(length_ > kMaxLine ? Command{Command::Fault::kTooLong, Verb::kUnknown, {}} : parse(line_));
    if (c == '\n' || after_cr_) return finish({Command::Fault::kBareLineEnd, Verb::kUnknown, {}});
    if (length_ > kHopeless) return finish({Command::Fault::kHopeless, Verb::kUnknown, {}});
    after_cr_ = c == '\r';
    if (!after_cr_ && length_ <= kMaxLine) line_ += c;
  }
  return false;
}

}  // namespace bulla::smtp
