#include "mail/gmime.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#if __has_feature(address_sanitizer)
#include <sanitizer/lsan_interface.h>
#endif

#include "core/envelope/utf8.h"

namespace bulla::mail {
namespace {

// Each line that begins like a boundary may become a part, of about 2 KiB in GMime's tree.
constexpr std::size_t kMaxDashLines = 50'000;
constexpr std::size_t kMaxAddressField = 1024 * 1024;
constexpr std::size_t kMaxColons = 1000;
constexpr std::size_t kMaxLiterals = 100;
constexpr std::uint64_t kMaxParsed = std::uint64_t{1} << 31;

std::size_t dash_lines(ByteView bytes) {
  std::size_t count = 0;
  const char* at = reinterpret_cast<const char*>(bytes.data());
  const char* const end = at + bytes.size();
  while (at < end) {
    const auto* line_end = static_cast<const char*>(std::memchr(at, '\n', static_cast<std::size_t>(end - at)));
    if (line_end == nullptr) break;
    at = line_end + 1;
    if (end - at >= 2 && at[0] == '-' && at[1] == '-') ++count;
  }
  return count;
}

// GMime reads address fields by recursion, a level for each colon that might begin a group: a field of too many could
// use up the stack. Continuation lines count with the first.
bool groups_are_few(ByteView message) {
  std::size_t colons = 0;
  std::string_view rest = as_text(message);
  while (!rest.empty()) {
    const auto line = rest.substr(0, std::min(rest.find('\n'), rest.size() - 1) + 1);
    rest.remove_prefix(line.size());
    if (line == "\r\n" || line == "\n") break;
    if (line.front() != ' ' && line.front() != '\t') colons = 0;
    colons += static_cast<std::size_t>(std::ranges::count(line, ':'));
    if (colons > kMaxColons) return false;
  }
  return true;
}

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

// comment_end is the place behind the comment that begins at `at`; nothing if it does not end. A NUL ends all for
// GMime.
std::optional<std::size_t> comment_end(std::string_view text, std::size_t at) {
  std::size_t depth = 0;
  for (; at < text.size() && text[at] != '\0'; ++at) {
    const bool escape = text[at] == '\\' && at + 1 < text.size() && text[at + 1] != '\0';
    if (escape)
      ++at;
    else if (text[at] == '(')
      ++depth;
    else if (text[at] == ')' && --depth == 0)
      return at + 1;
  }
  return std::nullopt;
}

// GMime loses the memory of a domain in brackets when the comment behind it does not end: "a@[b](c". This is the place
// where the first such comment begins, or of one more comment behind brackets than anybody writes.
std::optional<std::size_t> lost_literal(std::string_view field) {
  std::size_t tries = 0;
  for (auto close = field.find(']'); close != field.npos; close = field.find(']', close + 1)) {
    auto at = close + 1;
    while (at < field.size() && is_blank(field[at])) ++at;
    if (at == field.size() || field[at] != '(') continue;
    auto open = field.rfind('[', close);
    if (open == field.npos) continue;
    while (open > 0 && is_blank(field[open - 1])) --open;
    if (open == 0 || (field[open - 1] != '@' && field[open - 1] != ')')) continue;
    if (++tries > kMaxLiterals || !comment_end(field, at)) return at;
  }
  return std::nullopt;
}

bool is_address_field(std::string_view line) {
  auto name = line.substr(0, line.find(':'));
  while (!name.empty() && is_blank(name.back())) name.remove_suffix(1);
  return std::ranges::any_of(std::array{"from", "sender", "reply-to", "to", "cc", "bcc"}, [&](std::string_view known) {
    return std::ranges::equal(name, known, {}, g_ascii_tolower);
  });
}

// No address field of the message makes GMime lose memory.
bool literals_are_kept(ByteView message) {
  std::string_view rest = as_text(message);
  while (!rest.empty() && !rest.starts_with("\n") && !rest.starts_with("\r\n")) {
    std::size_t size = 0;
    do {
      size = std::min(rest.find('\n', size), rest.size() - 1) + 1;
    } while (size < rest.size() && (rest[size] == ' ' || rest[size] == '\t'));
    const auto field = rest.substr(0, size);
    if (field.contains(']') && is_address_field(field) && lost_literal(field)) return false;
    rest.remove_prefix(size);
  }
  return true;
}

bool is_control(char32_t c) {
  return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029;
}

}  // namespace

void gmime_ready() {
  static const bool ready = [] {
#if __has_feature(address_sanitizer)
    const __lsan::ScopedDisabler once;  // GMime lets go of the entries that are replaced here
#endif
    g_mime_init();
    for (const char* subtype : {"rfc822", "rfc2822", "global", "news", "external-body", "partial"})
      g_mime_object_register_type("message", subtype, GMIME_TYPE_PART);
    return true;
  }();
  (void)ready;
}

Format crlf_format() {
  gmime_ready();
  Format format(g_mime_format_options_new());
  g_mime_format_options_set_newline_format(format.get(), GMIME_NEWLINE_FORMAT_DOS);
  return format;
}

// GMime reads array_.data and array_.len alone, since it does not own the array and is never asked to write.
ViewStream::ViewStream(ByteView bytes)
    : array_{const_cast<guint8*>(bytes.data()), static_cast<guint>(std::min<std::uint64_t>(bytes.size(), kMaxParsed))} {
  gmime_ready();
  stream_.reset(g_mime_stream_mem_new());
  auto* mem = GMIME_STREAM_MEM(stream_.get());
  g_mime_stream_mem_set_byte_array(mem, &array_);
  g_mime_stream_mem_set_owner(mem, FALSE);
}

Ref<GMimeMessage> parse_message(const ViewStream& stream, ByteView bytes) {
  if (bytes.empty() || bytes.size() > kMaxParsed || dash_lines(bytes) > kMaxDashLines) return nullptr;
  if (!groups_are_few(bytes) || !literals_are_kept(bytes)) return nullptr;
  const Ref<GMimeParser> parser(g_mime_parser_new_with_stream(stream.stream()));
  g_mime_parser_set_persist_stream(parser.get(), TRUE);
  g_mime_parser_set_format(parser.get(), GMIME_FORMAT_MESSAGE);
  return Ref<GMimeMessage>(g_mime_parser_construct_message(parser.get(), nullptr));
}

std::string clean_text(const char* text, std::size_t limit) {
  if (text == nullptr) return {};
  const CString valid(g_utf8_make_valid(text, -1));
  std::string_view view(valid.get());
  if (view.size() > limit) {
    view = view.substr(0, limit);
    const char* end = nullptr;
    g_utf8_validate(view.data(), static_cast<gssize>(view.size()), &end);
    view = view.substr(0, static_cast<std::size_t>(end - view.data()));
  }
  return std::string(view);
}

std::string one_line(std::string_view text, std::size_t limit) {
  std::string out;
  bool space = false;
  while (!text.empty()) {
    auto rest = text;
    const auto c = envelope::next_code_point(rest);
    if (is_control(c)) {
      space = true;
    } else {
      const auto bytes =
          c == envelope::kReplacement ? std::string_view("\xef\xbf\xbd") : text.substr(0, text.size() - rest.size());
      if (out.size() + bytes.size() + 1 > limit) break;
      if (space && !out.empty()) out += ' ';
      space = false;
      out += bytes;
    }
    text = rest;
  }
  return out;
}

Ref<InternetAddressList> parse_addresses(std::string text) {
  std::size_t at = 0, colons = 0;
  while (at < text.size() && (text[at] != ':' || ++colons <= kMaxColons)) ++at;
  text.resize(std::min(at, kMaxAddressField));
  if (const auto lost = lost_literal(text)) text.resize(*lost);
  return Ref<InternetAddressList>(internet_address_list_parse(nullptr, text.c_str()));
}

std::string written(GMimeObject* object) {
  const auto format = crlf_format();
  const CString text(g_mime_object_to_string(object, format.get()));
  return text == nullptr ? std::string() : std::string(text.get());
}

}  // namespace bulla::mail
