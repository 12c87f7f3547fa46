#include "cli/safe_name.h"

#include <algorithm>
#include <array>

#include "program/utf8.h"

namespace bulla::cli {
namespace {

constexpr std::size_t kMaxName = 200;
constexpr std::size_t kMaxExtension = 20;
constexpr std::string_view kReserved = "/\\:*?\"<>|";

// clean replaces what must not stand in a name by '_'; direction marks and broken bytes go the same way.
std::string clean(std::string_view name) {
  std::string out;
  while (!name.empty()) {
    const auto character = program::next_character(name);
    const bool reserved = character.code < 0x80 && kReserved.find(static_cast<char>(character.code)) != kReserved.npos;
    if (!character.valid || reserved || program::is_control(character.code)) {
      out.push_back('_');
    } else {
      out.append(name.substr(0, character.length));
    }
    name.remove_prefix(character.length);
  }
  return out;
}

// extension_of is ".pdf", or nothing.
std::string_view extension_of(std::string_view name) {
  const auto dot = name.rfind('.');
  if (dot == name.npos || dot == 0 || name.size() - dot > kMaxExtension) return {};
  return name.substr(dot);
}

// cut shortens a text to at most `size` bytes, at a character.
std::string_view cut(std::string_view text, std::size_t size) {
  if (text.size() <= size) return text;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
  return text.substr(0, size);
}

// shorten cuts in front of the extension, and leaves no blank or dot at the end.
std::string shorten(std::string_view name, std::size_t size) {
  std::string out(name);
  if (name.size() > size) {
    const auto extension = extension_of(name);
    out = std::string(cut(name, size - extension.size())) + std::string(extension);
  }
  out.erase(out.find_last_not_of(" .") + 1);
  return out;
}

// is_device knows CON, PRN, AUX, NUL, COM1 to COM9 and LPT1 to LPT9, with any extension, in any case.
bool is_device(std::string_view name) {
  std::string stem(name.substr(0, name.find('.')));
  std::ranges::transform(stem, stem.begin(),
                         [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  while (stem.ends_with(' ')) stem.pop_back();
  constexpr std::array<std::string_view, 4> kPlain = {"CON", "PRN", "AUX", "NUL"};
  if (std::ranges::find(kPlain, stem) != kPlain.end()) return true;
  return stem.size() == 4 && (stem.starts_with("COM") || stem.starts_with("LPT")) && stem[3] >= '1' && stem[3] <= '9';
}

}  // namespace

std::string safe_name(std::string_view name, std::string_view fallback) {
  auto out = clean(name.substr(0, 4096));
  const auto first = out.find_first_not_of(" .");
  out.erase(0, first == out.npos ? out.size() : first);
  out = shorten(out, kMaxName);
  if (out.empty()) return std::string(fallback);
  return is_device(out) ? "_" + shorten(out, kMaxName - 1) : out;
}

std::string numbered_name(std::string_view name, int number) {
  if (number < 2) return std::string(name);
  const auto extension = extension_of(name);
  const auto stem = name.substr(0, name.size() - extension.size());
  return std::string(stem) + " (" + std::to_string(number) + ")" + std::string(extension);
}

}  // namespace bulla::cli
