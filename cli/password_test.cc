#include "cli/password.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace bulla::cli {
namespace {

Secret secret(std::string_view text) {
  return Secret::copy_of(as_bytes(text));
}

TEST(Password, CountsInItsComposedForm) {
  struct Row {
    const char* title;
    std::string_view typed;
    std::string_view counted;
  };
  const Row rows[] = {
      {"ASCII", "correct horse", "correct horse"},
      {"composed", "caf\xc3\xa9", "caf\xc3\xa9"},
      {"decomposed", "cafe\xcc\x81", "caf\xc3\xa9"},
      {"Hangul in jamo", "\xe1\x84\x80\xe1\x85\xa1", "\xea\xb0\x80"},
      {"compatibility forms are kept", "\xef\xac\x81", "\xef\xac\x81"},
      {"blanks are kept", " a b ", " a b "},
  };
  for (const auto& row : rows) {
    const auto counted = composed(secret(row.typed));
    ASSERT_TRUE(counted) << row.title;
    EXPECT_EQ(as_text(counted->reveal()), row.counted) << row.title;
  }
  for (const std::string_view wrong :
       {std::string_view("caf\xe9"), std::string_view("a\0b", 3), std::string_view("\xc3")})
    EXPECT_EQ(composed(secret(wrong)).error().code, Code::kInvalid);
}

TEST(Password, ANewOneHasTenCharacters) {
  const auto file = std::filesystem::temp_directory_path() / ("bulla-password-" + std::to_string(getpid()));
  const auto given = [&](const std::string& text) {
    std::ofstream(file, std::ios::binary) << text << '\n';
    std::filesystem::permissions(file, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    return ask_new_password({"", "--password-file", file.string()});
  };
  EXPECT_TRUE(given("0123456789"));
  EXPECT_EQ(given("012345678").error().code, Code::kInvalid);
  EXPECT_FALSE(given("\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9")) << "characters, not bytes";
  EXPECT_FALSE(
      given("e\xcc\x81"
            "12345678"))
      << "characters as they are counted in the end";
  EXPECT_TRUE(
      given("e\xcc\x81"
            "123456789"));
  std::filesystem::remove(file);
}

}  // namespace
}  // namespace bulla::cli
