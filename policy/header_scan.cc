#include "policy/header_scan.h"

#include "core/base/secret.h"

namespace bulla::policy {
namespace {

// next_line takes a line off the front, without its line end.
std::string_view next_line(std::string_view& rest) {
  const auto end = rest.find('\n');
  auto line = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

std::string field_name(std::string_view text) {
  while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
  std::string name(text);
  for (char& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return name;
}

}  // namespace

void scan_header(ByteView message, const std::function<void(std::string_view, const std::string&)>& field) {
  auto rest = as_text(message);
  std::string name;
  std::string value;
  const auto finish = [&] {
    if (!name.empty()) field(name, value);
    wipe(value);
    value.clear();
    name.clear();
  };
  while (!rest.empty()) {
    const auto line = next_line(rest);
    if (line.empty()) break;
    if (line.front() == ' ' || line.front() == '\t') {
      if (!name.empty()) value.append(line);
      continue;
    }
    finish();
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    name = field_name(line.substr(0, colon));
    value.assign(line.substr(colon + 1));
  }
  finish();
}

}  // namespace bulla::policy
