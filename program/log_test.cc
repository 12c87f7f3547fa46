#include "program/log.h"

#include <gtest/gtest.h>

#include <regex>
#include <vector>

namespace bulla::program {
namespace {

std::string escaped(std::string_view text, std::size_t max_bytes = 256) {
  std::string out;
  append_json_text(out, text, max_bytes);
  return out;
}

TEST(Log, WritesOneJsonObjectALine) {
  std::vector<std::string> lines;
  Log log("bulla-test", Level::kInfo, [&](std::string_view line) { lines.emplace_back(line); });
  log.info("mail.accepted", {{"size", 12U}, {"delta", -5}, {"sealed", true}, {"peer", "127.0.0.1"}, {"rate", 0.5}});
  ASSERT_EQ(lines.size(), 1U);
  const std::regex expected(
      R"(\{"time":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z","level":"info","program":"bulla-test",)"
      R"("event":"mail\.accepted","size":12,"delta":-5,"sealed":true,"peer":"127\.0\.0\.1","rate":0\.5\})");
  EXPECT_TRUE(std::regex_match(lines[0], expected)) << lines[0];
}

TEST(Log, LeavesOutWhatIsBelowItsLevel) {
  int lines = 0;
  Log log("t", Level::kWarn, [&](std::string_view) { ++lines; });
  log.debug("a");
  log.info("a");
  EXPECT_EQ(lines, 0);
  log.warn("a");
  log.error("a");
  EXPECT_EQ(lines, 2);
  log.set_level(Level::kDebug);
  log.debug("a");
  EXPECT_EQ(lines, 3);
  log.set_level(Level::kOff);
  log.error("a");
  EXPECT_EQ(lines, 3);
  EXPECT_FALSE(log.enabled(Level::kError));
}

TEST(Log, AddsCodeAndReasonOfAnError) {
  std::string last;
  Log log("t", Level::kInfo, [&](std::string_view line) { last = line; });
  log.error("disk.write", Error{Code::kUnavailable, "no space", ""}, {{"queue_id", "7"}});
  EXPECT_NE(last.find(R"("queue_id":"7","code":"unavailable","reason":"no space"})"), std::string::npos) << last;
}

TEST(Log, ValuesWithBracesAreNotFormats) {
  std::string last;
  Log log("t", Level::kInfo, [&](std::string_view line) { last = line; });
  log.info("a", {{"peer", "{} {0} %v"}});
  EXPECT_NE(last.find(R"("peer":"{} {0} %v")"), std::string::npos) << last;
}

TEST(LogText, IsAlwaysOneWellFormedJsonString) {
  struct Row {
    const char* title;
    std::string_view text;
    std::string_view expected;
  };
  using namespace std::string_view_literals;
  const Row rows[] = {
      {"plain", "abc", R"("abc")"},
      {"quote and backslash", R"(a"b\c)", R"("a\"b\\c")"},
      {"line ends", "a\r\nb", R"("a\u000d\u000ab")"},
      {"NUL, ESC, DEL", "\0\x1b\x7f"sv, R"("\u0000\u001b\u007f")"},
      {"UTF-8 of 2, 3 and 4 bytes", "\u00e9\u6f22\U0001F600", "\"\u00e9\u6f22\U0001F600\""},
      {"lone continuation", "a\x80z", "\"a\uFFFDz\""},
      {"cut character", "a\xC3", "\"a\uFFFD\""},
      {"overlong slash", "\xC0\xAF", "\"\uFFFD\uFFFD\""},
      {"overlong of three", "\xE0\x80\xAF", "\"\uFFFD\uFFFD\uFFFD\""},
      {"surrogate", "\xED\xA0\x80", "\"\uFFFD\uFFFD\uFFFD\""},
      {"above U+10FFFF", "\xF4\x90\x80\x80", "\"\uFFFD\uFFFD\uFFFD\uFFFD\""},
  };
  for (const auto& row : rows) EXPECT_EQ(escaped(row.text), row.expected) << row.title;
}

TEST(LogText, IsCutAtACharacter) {
  EXPECT_EQ(escaped("abcdef", 6), R"("abcdef")");
  EXPECT_EQ(escaped("abcdefg", 6), R"("abcdef...")");
  EXPECT_EQ(escaped("ab\u6f22", 4), R"("ab...")");
  EXPECT_LT(escaped(std::string(100'000, '\x01')).size(), 2000U);
}

}  // namespace
}  // namespace bulla::program
