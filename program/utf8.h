// UTF-8, one character at a time (RFC 3629 §4).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace bulla::program {

struct Character {
  char32_t code = 0;       // U+FFFD for a byte that is part of no character
  std::size_t length = 1;  // bytes that it takes
  bool valid = false;
};

// next_character reads the character at the start of a text that is not empty. Overlong forms, surrogates and codes
// above U+10FFFF are not valid, and are taken byte by byte.
Character next_character(std::string_view text);

// is_control says whether a character would steer a terminal or turn text around: C0 and C1 controls, DEL, line and
// paragraph separators, the marks of bidirectional text (Unicode UAX #9), and the byte order mark.
bool is_control(char32_t code);

// printable is text from outside made fit for a terminal: at most `max_bytes` of it, control characters and broken
// UTF-8 replaced by U+FFFD.
std::string printable(std::string_view text, std::size_t max_bytes = 500);

}  // namespace bulla::program
