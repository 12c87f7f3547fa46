#include "mail/notice.h"

#include <vector>

#include "core/base/time_text.h"
#include "core/envelope/utf8.h"
#include "mail/gmime.h"
#include "mail/texts_en.h"

namespace bulla::mail {
namespace {

// Bytes of a name. One that is all "<" is five times as long when it is escaped, and must fit into a line of the file.
constexpr std::size_t kMaxShown = 180;

struct Value {
  std::string_view place;
  std::string text;
};

// A day and time for people: "24 Nov 2026, 08:15 UTC".
std::string readable(Millis time) {
  const auto text = rfc3339(time);
  constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto month = static_cast<std::size_t>((text[5] - '0') * 10 + (text[6] - '0') - 1);
  const auto day = text[8] == '0' ? text.substr(9, 1) : text.substr(8, 2);
  return day + " " + kMonths[month] + " " + text.substr(0, 4) + ", " + text.substr(11, 5) + " UTC";
}

// Characters that turn the direction of the text around them: marks, embeddings, overrides, isolates (UAX #9).
bool turns(char32_t c) {
  return c == 0x061c || c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

std::string shown(std::string_view text) {
  std::string plain;
  while (!text.empty()) {
    auto rest = text;
    const bool left_out = turns(envelope::next_code_point(rest));
    if (!left_out) plain += text.substr(0, text.size() - rest.size());
    text = rest;
  }
  return one_line(plain, kMaxShown);
}

std::vector<Value> values_of(const envelope::DataBlock& data) {
  auto host = data.origin;
  if (const auto at = host.find("://"); at != std::string::npos) host = host.substr(at + 3);
  return {{"{from}", shown(data.from.name.empty() ? data.from.address : data.from.name)},
          {"{organisation}", shown(data.organisation.name)},
          {"{address}", shown(data.from.address)},
          {"{date}", readable(data.date)},
          {"{to}", shown(data.to)},
          {"{host}", shown(host)}};
}

// fill puts values into a text; what they contain is never looked at again.
std::string fill(std::string_view text, const std::vector<Value>& values, bool html) {
  std::string out;
  while (!text.empty()) {
    const Value* found = nullptr;
    for (const auto& value : values)
      if (text.starts_with(value.place)) found = &value;
    if (found != nullptr) {
      out += html ? envelope::html_text(found->text) : found->text;
      text.remove_prefix(found->place.size());
    } else {
      out += text.front();
      text.remove_prefix(1);
    }
  }
  return out;
}

}  // namespace

Notice mail_notice(const envelope::DataBlock& data) {
  const auto values = values_of(data);
  return {fill(texts_en::kMailText, values, false), fill(texts_en::kMailHtml, values, true)};
}

std::string page_notice(const envelope::DataBlock& data) {
  return fill(texts_en::kPage, values_of(data), true);
}

}  // namespace bulla::mail
