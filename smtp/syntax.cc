#include "smtp/syntax.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <vector>

namespace bulla::smtp {
namespace {

constexpr std::size_t kMaxLocal = 64;    // RFC 5321 §4.5.3.1.1
constexpr std::size_t kMaxDomain = 255;  // §4.5.3.1.2
constexpr std::size_t kMaxPath = 256;    // §4.5.3.1.3, with the angle brackets
constexpr std::size_t kMaxRoute = 512;
constexpr std::size_t kMaxParameters = 16;

bool is_alnum(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}
bool is_atext(char c) {
  return is_alnum(c) || std::string_view("!#$%&'*+-/=?^_`{|}~").contains(c);
}
bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}
char to_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}
std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), to_lower);
  return out;
}
bool same(std::string_view a, std::string_view b) {
  return lower(a) == lower(b);
}

bool is_dot_string(std::string_view text) {
  bool after_dot = true;
  for (char c : text) {
    if (c == '.' ? after_dot : !is_atext(c)) return false;
    after_dot = c == '.';
  }
  return !after_dot;
}

// A cursor over an argument. Each take_ moves past what it finds, or fails and leaves the cursor anywhere.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : rest_(text) {}

  bool at_end() const { return rest_.empty(); }
  bool at(char c) const { return rest_.starts_with(c); }
  std::string_view rest() const { return rest_; }
  bool take(char c) {
    if (!at(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool take_word(std::string_view word) {
    if (!same(rest_.substr(0, word.size()), word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }
  void skip_spaces() {
    while (take(' ')) {
    }
  }
  std::string_view until(std::string_view stops) {
    const auto found = rest_.substr(0, rest_.find_first_of(stops));
    rest_.remove_prefix(found.size());
    return found;
  }

  // RFC 5321 §4.1.2 Local-part.
  std::optional<std::string> take_local() {
    std::string local;
    if (!take('"')) {
      local = until("@>\" ");
      if (!is_dot_string(local)) return std::nullopt;
    } else {
      while (!take('"')) {
        take('\\');
        if (rest_.empty() || rest_[0] < 0x20 || rest_[0] > 0x7e) return std::nullopt;
        local += rest_[0];
        rest_.remove_prefix(1);
      }
    }
    if (local.empty() || local.size() > kMaxLocal) return std::nullopt;
    return local;
  }

  std::optional<Mailbox> take_mailbox() {
    auto local = take_local();
    if (!local || !take('@')) return std::nullopt;
    const auto domain = at('[') ? until(" >") : until("@<>\"[](),:; ");
    if (!is_domain(domain) && !is_address_literal(domain)) return std::nullopt;
    return Mailbox{std::move(*local), lower(domain)};
  }

  // RFC 5321 §4.1.2 A-d-l, up to its colon.
  bool skip_route() {
    if (!at('@')) return true;
    const auto size = rest_.size();
    do {
      if (!take('@')) return false;
      const auto domain = until(",:> ");
      if (!is_domain(domain) && !is_address_literal(domain)) return false;
    } while (take(','));
    return take(':') && size - rest_.size() <= kMaxRoute;
  }

 private:
  std::string_view rest_;
};

// A path with its brackets; nothing inside of the optional is `<>`.
std::optional<ReversePath> take_path(Cursor& cursor) {
  if (!cursor.take('<')) return std::nullopt;
  if (cursor.take('>')) return ReversePath{};
  if (!cursor.skip_route()) return std::nullopt;
  const auto mailbox_start = cursor.rest().size();
  auto mailbox = cursor.take_mailbox();
  if (!mailbox || !cursor.take('>')) return std::nullopt;
  if (mailbox_start - cursor.rest().size() + 1 > kMaxPath) return std::nullopt;
  return ReversePath{std::move(*mailbox)};
}

struct Parameter {
  std::string keyword;
  std::optional<std::string> value;
};

// RFC 5321 §4.1.2 Mail-parameters; each keyword once.
std::optional<std::vector<Parameter>> take_parameters(Cursor& cursor) {
  std::vector<Parameter> out;
  while (!cursor.at_end()) {
    if (!cursor.take(' ') || out.size() >= kMaxParameters) return std::nullopt;
    cursor.skip_spaces();
    Parameter parameter{lower(cursor.until("= ")), {}};
    if (cursor.take('=')) parameter.value = cursor.until(" ");
    const bool keyword_ok = !parameter.keyword.empty() && is_alnum(parameter.keyword[0]) &&
                            std::ranges::all_of(parameter.keyword, [](char c) { return is_alnum(c) || c == '-'; });
    const bool value_ok =
        !parameter.value || (!parameter.value->empty() && std::ranges::all_of(*parameter.value, [](char c) {
          return c > 0x20 && c < 0x7f && c != '=';
        }));
    const bool again = std::ranges::find(out, parameter.keyword, &Parameter::keyword) != out.end();
    if (!keyword_ok || !value_ok || again) return std::nullopt;
    out.push_back(std::move(parameter));
  }
  return out;
}

std::optional<std::uint64_t> parse_size(const std::optional<std::string>& value) {
  std::uint64_t size = 0;
  if (!value || value->size() > 20) return std::nullopt;
  const auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), size);
  if (error != std::errc() || end != value->data() + value->size()) return std::nullopt;
  return size;
}

std::expected<void, Answer> apply(const Parameter& parameter, MailArguments& mail) {
  if (parameter.keyword == "size") {
    mail.size = parse_size(parameter.value);
    if (!mail.size) return std::unexpected(Answer::kSyntax);
  } else if (parameter.keyword == "body") {
    const std::string value = lower(parameter.value.value_or(""));
    if (value != "7bit" && value != "8bitmime") return std::unexpected(Answer::kSyntax);
    mail.eight_bit = value == "8bitmime";
  } else {
    return std::unexpected(Answer::kUnknownParameter);
  }
  return {};
}

}  // namespace

std::string Mailbox::text() const {
  std::string out;
  if (is_dot_string(local)) {
    out = local;
  } else {
    out = '"';
    for (char c : local) {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
    out += '"';
  }
  return domain.empty() ? out : out + '@' + domain;
}

std::string path_text(const ReversePath& path) {
  return path ? '<' + path->text() + '>' : "<>";
}

Result<Mailbox> parse_mailbox(std::string_view text) {
  if (!is_ascii(text)) return fail(Code::kInvalid, "address has characters beyond ASCII");
  if (text.size() + 2 > kMaxPath) return fail(Code::kInvalid, "address is too long");
  Cursor cursor(text);
  auto mailbox = cursor.take_mailbox();
  if (!mailbox || !cursor.at_end()) return fail(Code::kInvalid, "not an address", "expected local-part@domain");
  return std::move(*mailbox);
}

bool valid(const Mailbox& mailbox) {
  if (mailbox.domain.empty()) return same(mailbox.local, "postmaster");
  const auto again = parse_mailbox(mailbox.text());
  return again && *again == mailbox;
}

std::expected<MailArguments, Answer> parse_mail_arguments(std::string_view text) {
  if (!is_ascii(text)) return std::unexpected(Answer::kNonAsciiAddress);
  Cursor cursor(text);
  if (!cursor.take_word("FROM:")) return std::unexpected(Answer::kSyntax);
  cursor.skip_spaces();
  auto path = take_path(cursor);
  if (!path) return std::unexpected(Answer::kBadSender);
  auto parameters = take_parameters(cursor);
  if (!parameters) return std::unexpected(Answer::kSyntax);
  MailArguments mail{std::move(*path), {}, false};
  for (const auto& parameter : *parameters)
    if (auto applied = apply(parameter, mail); !applied) return std::unexpected(applied.error());
  return mail;
}

std::expected<Mailbox, Answer> parse_rcpt_arguments(std::string_view text) {
  if (!is_ascii(text)) return std::unexpected(Answer::kNonAsciiAddress);
  Cursor cursor(text);
  if (!cursor.take_word("TO:")) return std::unexpected(Answer::kSyntax);
  cursor.skip_spaces();
  std::optional<Mailbox> mailbox;
  if (cursor.take_word("<postmaster>")) {
    mailbox = Mailbox{"postmaster", ""};
  } else if (auto path = take_path(cursor)) {
    mailbox = std::move(*path);
  }
  if (!mailbox) return std::unexpected(Answer::kBadAddress);
  const auto parameters = take_parameters(cursor);
  if (!parameters) return std::unexpected(Answer::kSyntax);
  if (!parameters->empty()) return std::unexpected(Answer::kUnknownParameter);
  return std::move(*mailbox);
}

std::expected<std::string, Answer> parse_helo_argument(std::string_view text) {
  const bool printable = std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
  if (text.empty() || text.size() > kMaxDomain || !printable) return std::unexpected(Answer::kSyntax);
  return std::string(text);
}

bool is_domain(std::string_view text) {
  if (text.empty() || text.size() > kMaxDomain) return false;
  while (true) {
    const auto label = text.substr(0, text.find('.'));
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') return false;
    if (!std::ranges::all_of(label, [](char c) { return is_alnum(c) || c == '-' || c == '_'; })) return false;
    if (label.size() == text.size()) return true;
    text.remove_prefix(label.size() + 1);
  }
}

bool is_address_literal(std::string_view text) {
  if (!text.starts_with('[') || !text.ends_with(']') || text.size() > kMaxDomain) return false;
  std::string inner(text.substr(1, text.size() - 2));
  unsigned char address[16];
  if (inner.contains('\0')) return false;
  if (same(inner.substr(0, 5), "IPv6:")) return inet_pton(AF_INET6, inner.c_str() + 5, address) == 1;
  return inet_pton(AF_INET, inner.c_str(), address) == 1;
}

}  // namespace bulla::smtp
