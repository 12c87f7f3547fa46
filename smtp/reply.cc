#include "smtp/reply.h"

#include <utility>

namespace bulla::smtp {
namespace {

struct Row {
  Answer answer;
  std::uint16_t code;
  const char* enhanced;
  const char* text;
};

// In the order of the enumeration (checked below).
constexpr Row kTable[] = {
    {Answer::kReady, 220, "", "ESMTP ready"},
    {Answer::kStartTls, 220, "2.0.0", "Ready to start TLS"},
    {Answer::kBye, 221, "2.0.0", "Bye"},
    {Answer::kOk, 250, "2.0.0", "OK"},
    {Answer::kSenderOk, 250, "2.1.0", "Sender OK"},
    {Answer::kRecipientOk, 250, "2.1.5", "Recipient OK"},
    {Answer::kAccepted, 250, "2.0.0", "Message accepted"},
    {Answer::kCannotVerify, 252, "2.5.2", "Addresses are not verified; send mail to try"},
    {Answer::kHelp, 214, "2.0.0", "See RFC 5321"},
    {Answer::kSendMessage, 354, "", "Send the message, end it with <CRLF>.<CRLF>"},
    {Answer::kShuttingDown, 421, "4.3.2", "Service is being restarted, try again in a minute"},
    {Answer::kTooManyConnections, 421, "4.7.0", "Too many connections, try again later"},
    {Answer::kTooManyErrors, 421, "4.7.0", "Too many errors"},
    {Answer::kTooManyCommands, 421, "4.7.0", "Too many commands in one session"},
    {Answer::kTimedOut, 421, "4.4.2", "Timed out"},
    {Answer::kTryLater, 451, "4.3.0", "Local error, try again later"},
    {Answer::kNoRoom, 452, "4.3.1", "Not enough room for the message now, try again later"},
    {Answer::kTooManyRecipients, 452, "4.5.3", "Too many recipients in one transaction, send the rest in another"},
    {Answer::kTlsUnavailable, 454, "4.7.0", "TLS is not available now"},
    {Answer::kLineTooLong, 500, "5.5.6", "Command line is too long"},
    {Answer::kBareLineEnd, 500, "5.5.2", "Command line with a bare CR or LF; lines end in CRLF"},
    {Answer::kUnknownCommand, 500, "5.5.1", "Unknown command"},
    {Answer::kSyntax, 501, "5.5.4", "Syntax error in the arguments"},
    {Answer::kBadAddress, 501, "5.1.3", "Syntax error in the recipient's address"},
    {Answer::kBadSender, 501, "5.1.7", "Syntax error in the sender's address"},
    {Answer::kNotImplemented, 502, "5.5.1", "Command is not available"},
    {Answer::kBadSequence, 503, "5.5.1", "Command out of sequence"},
    {Answer::kNeedsTls, 530, "5.7.0", "Say STARTTLS first"},
    {Answer::kTransactionFailed, 554, "5.5.0", "Transaction failed"},
    {Answer::kNoRecipients, 554, "5.5.1", "No valid recipients"},
    {Answer::kUnknownParameter, 555, "5.5.4", "Parameter is not supported"},
    {Answer::kNonAsciiAddress, 553, "5.6.7", "Addresses beyond ASCII are not supported"},
    {Answer::kMessageTooBig, 552, "5.3.4", "Message is too big"},
    {Answer::kMessageBareLineEnd, 550, "5.6.0", "Message contains a bare CR or LF; lines end in CRLF"},
    {Answer::kMessageLineTooLong, 550, "5.6.0", "Message contains a line that is too long"},
    {Answer::kMessageMalformed, 550, "5.6.0", "Message cannot be read"},
    {Answer::kMailLoop, 554, "5.4.6", "Message has passed too many servers, or this one before"},
    {Answer::kNoSuchUser, 550, "5.1.1", "No such recipient"},
    {Answer::kRelayDenied, 550, "5.7.1", "Relaying is not allowed for this client"},
    {Answer::kPolicyRefused, 550, "5.7.1", "Refused by policy"},
};

constexpr bool in_order() {
  for (std::size_t i = 0; i < std::size(kTable); ++i)
    if (static_cast<std::size_t>(kTable[i].answer) != i) return false;
  return std::size(kTable) == static_cast<std::size_t>(Answer::kPolicyRefused) + 1;
}
static_assert(in_order());

constexpr std::size_t kMaxText = 400;  // of one line that we send: RFC 5321 §4.5.3.1.5 allows 512 with everything

std::string printable(std::string_view text, std::size_t limit) {
  std::string out(text.substr(0, limit));
  for (char& c : out)
    if (c < 0x20 || c > 0x7e) c = '?';
  return out;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Length of an enhanced status code at the start of the text ("5.1.1"), 0 if there is none.
std::size_t enhanced_length(std::string_view text) {
  std::size_t at = 0;
  for (int part = 0; part < 3; ++part) {
    std::size_t digits = 0;
    while (at + digits < text.size() && is_digit(text[at + digits])) ++digits;
    if (digits == 0 || digits > (part == 0 ? 1u : 3u)) return 0;
    at += digits;
    if (part < 2 && (at >= text.size() || text[at++] != '.')) return 0;
  }
  return at == text.size() || text[at] == ' ' ? at : 0;
}

}  // namespace

std::string Reply::wire() const {
  std::string out;
  std::string_view rest = text;
  for (bool last = false; !last;) {
    const auto end = rest.find('\n');
    last = end == std::string_view::npos;
    out += std::to_string(code);
    out += last ? ' ' : '-';
    if (!enhanced.empty()) out += printable(enhanced, 16) + ' ';
    out += printable(rest.substr(0, end), kMaxText);
    out += "\r\n";
    if (!last) rest.remove_prefix(end + 1);
  }
  return out;
}

std::string Reply::line() const {
  std::string out;
  if (code != 0) out = std::to_string(code) + ' ';
  if (!enhanced.empty()) out += enhanced + ' ';
  for (char c : text) out += c == '\n' ? ' ' : c;
  return printable(out, out.size());
}

Reply answer(Answer row, std::string_view detail) {
  const Row& found = kTable[static_cast<std::size_t>(row)];
  Reply reply{found.code, found.enhanced, found.text};
  if (!detail.empty()) reply.text += ": " + printable(detail, kMaxText);
  return reply;
}

ReplyReader::State ReplyReader::feed(ByteView& in) {
  constexpr std::size_t kMaxLine = 2048;
  while (!in.empty() && !garbage_) {
    const char c = static_cast<char>(in.front());
    in = in.subspan(1);
    if (c != '\n') {
      line_ += c;
      if (line_.size() > kMaxLine) garbage_ = true;
      continue;
    }
    const auto state = end_line();
    if (state != State::kNeedMore) return state;
  }
  return garbage_ ? State::kGarbage : State::kNeedMore;
}

ReplyReader::State ReplyReader::end_line() {
  constexpr std::size_t kMaxLines = 128;
  if (line_.ends_with('\r')) line_.pop_back();
  const std::string line = std::exchange(line_, {});
  const bool code_ok = line.size() >= 3 && line[0] >= '2' && line[0] <= '5' && is_digit(line[1]) && is_digit(line[2]);
  const bool more = line.size() > 3 && line[3] == '-';
  if (!code_ok || (line.size() > 3 && !more && line[3] != ' ') || ++lines_ > kMaxLines) {
    garbage_ = true;
    return State::kGarbage;
  }
  const auto code = static_cast<std::uint16_t>((line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0'));
  std::string_view text = line.size() > 4 ? std::string_view(line).substr(4) : std::string_view();
  if (lines_ == 1) {
    reply_ = {code, {}, {}};
    reply_.enhanced = text.substr(0, enhanced_length(text));
  } else if (code != reply_.code) {
    garbage_ = true;
    return State::kGarbage;
  } else {
    reply_.text += '\n';
  }
  if (!reply_.enhanced.empty() && text.starts_with(reply_.enhanced)) {
    text.remove_prefix(reply_.enhanced.size());
    if (text.starts_with(' ')) text.remove_prefix(1);
  }
  reply_.text += printable(text, text.size());
  if (more) return State::kNeedMore;
  lines_ = 0;
  return State::kReply;
}

Reply ReplyReader::take() {
  return std::exchange(reply_, {});
}

}  // namespace bulla::smtp
