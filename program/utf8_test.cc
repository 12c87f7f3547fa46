#include "program/utf8.h"

#include <gtest/gtest.h>

namespace bulla::program {
namespace {

TEST(Utf8, ReadsOneCharacter) {
  struct Row {
    std::string_view text;
    char32_t code;
    std::size_t length;
    bool valid;
  };
  const Row rows[] = {
      {"a", 'a', 1, true},
      {"\x7F", 0x7F, 1, true},
      {"\xC2\x80", 0x80, 2, true},
      {"\xDF\xBFx", 0x7FF, 2, true},
      {"\xE0\xA0\x80", 0x800, 3, true},
      {"\xEF\xBF\xBF", 0xFFFF, 3, true},
      {"\xF0\x90\x80\x80", 0x10000, 4, true},
      {"\xF4\x8F\xBF\xBF", 0x10FFFF, 4, true},
      {"\x80", 0xFFFD, 1, false},
      {"\xC1\xBF", 0xFFFD, 1, false},
      {"\xC3", 0xFFFD, 1, false},
      {"\xC3(", 0xFFFD, 1, false},
      {"\xE0\x9F\xBF", 0xFFFD, 1, false},
      {"\xED\xA0\x80", 0xFFFD, 1, false},
      {"\xF0\x8F\xBF\xBF", 0xFFFD, 1, false},
      {"\xF4\x90\x80\x80", 0xFFFD, 1, false},
      {"\xF5\x80\x80\x80", 0xFFFD, 1, false},
      {"\xFF", 0xFFFD, 1, false},
  };
  for (const auto& row : rows) {
    const auto character = next_character(row.text);
    EXPECT_EQ(character.code, row.code) << testing::PrintToString(row.text);
    EXPECT_EQ(character.length, row.length) << testing::PrintToString(row.text);
    EXPECT_EQ(character.valid, row.valid) << testing::PrintToString(row.text);
  }
}

TEST(Utf8, TerminalsGetTextOnly) {
  EXPECT_EQ(printable("Gr\u00fc\u00dfe \u6f22\u5b57"), "Gr\u00fc\u00dfe \u6f22\u5b57");
  EXPECT_EQ(printable("a\x1b[2Jb"), "a\uFFFD[2Jb");
  EXPECT_EQ(printable("a\r\nb"), "a\uFFFD\uFFFDb");
  EXPECT_EQ(printable("\xC2\x9B"
                      "2J"),
            "\uFFFD2J");
  EXPECT_EQ(printable("exe.\u202Efdp"), "exe.\uFFFDfdp");
  EXPECT_EQ(printable("\xC3"), "\uFFFD");
  EXPECT_EQ(printable("abcdef", 3), "abc...");
  EXPECT_EQ(printable("ab\u6f22", 4), "ab...");
}

}  // namespace
}  // namespace bulla::program
