#include "mail/fields.h"

#include <algorithm>
#include <cstring>

namespace bulla::mail {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

bool same_name(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, lower, lower);
}

bool is_space(char c) {
  return c == ' ' || c == '\t';
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (is_space(text.front()) || text.front() == '\r' || text.front() == '\n'))
    text.remove_prefix(1);
  while (!text.empty() && (is_space(text.back()) || text.back() == '\r' || text.back() == '\n')) text.remove_suffix(1);
  return text;
}

// The size of the first line with its end.
std::size_t line_size(std::string_view text) {
  const auto end = text.find('\n');
  return end == std::string_view::npos ? text.size() : end + 1;
}

// A field's name: printable ASCII before a colon, white space between them allowed (RFC 5322 §4.5).
std::string_view field_name(std::string_view line) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return {};
  auto name = line.substr(0, colon);
  while (!name.empty() && is_space(name.back())) name.remove_suffix(1);
  const bool good = std::ranges::all_of(name, [](char c) { return c > 0x20 && c < 0x7f; });
  return good ? name : std::string_view();
}

}  // namespace

std::string Field::value() const {
  auto text = as_text(raw);
  text = trimmed(text.substr(std::min(text.find(':') + 1, text.size())));
  std::string out;
  out.reserve(text.size());
  for (char c : text)
    if (c != '\r' && c != '\n') out.push_back(c);
  return out;
}

bool Field::is(std::string_view other) const {
  return same_name(name, other);
}

HeaderFields::HeaderFields(ByteView message) {
  const auto text = as_text(message);
  std::size_t at = 0;
  while (at < text.size()) {
    const auto line = text.substr(at, line_size(text.substr(at)));
    if (line == "\r\n" || line == "\n") {
      body_offset_ = at + line.size();
      return;
    }
    auto size = line.size();
    while (at + size < text.size() && is_space(text[at + size])) size += line_size(text.substr(at + size));
    if (const auto name = field_name(line); !name.empty() && !is_space(line.front()))
      fields_.push_back({name, message.subspan(at, size)});
    at += size;
  }
  body_offset_ = text.size();
}

const Field* HeaderFields::find(std::string_view name) const {
  const auto found = std::ranges::find_if(fields_, [&](const Field& field) { return field.is(name); });
  return found == fields_.end() ? nullptr : &*found;
}

std::size_t HeaderFields::count(std::string_view name) const {
  return static_cast<std::size_t>(std::ranges::count_if(fields_, [&](const Field& field) { return field.is(name); }));
}

std::optional<Secret> without_fields(ByteView message, std::initializer_list<std::string_view> names) {
  const HeaderFields header(message);
  auto unwanted = [&](const Field& field) {
    return std::ranges::any_of(names, [&](auto name) { return field.is(name); });
  };
  std::size_t left_out = 0;
  for (const auto& field : header.fields())
    if (unwanted(field)) left_out += field.raw.size();
  if (left_out == 0) return std::nullopt;
  Secret out(message.size() - left_out);
  auto to = out.writable().begin();
  const auto* from = message.data();
  auto copy_until = [&](const std::uint8_t* end) { to = std::copy(from, end, to); };
  for (const auto& field : header.fields()) {
    if (!unwanted(field)) continue;
    copy_until(field.raw.data());
    from = field.raw.data() + field.raw.size();
  }
  copy_until(message.data() + message.size());
  return out;
}

}  // namespace bulla::mail
