// The two ends of DATA: what the reader finds, and that it finds what the writer wrote.
#include <gtest/gtest.h>

#include <random>

#include "smtp/data_reader.h"
#include "smtp/data_writer.h"

namespace bulla::smtp {
namespace {

struct Outcome {
  std::string message;
  std::string rest;  // behind the end
  bool done = false;
  bool bare = false;
  bool too_big = false;
  bool too_long = false;
  bool operator==(const Outcome&) const = default;
};

void PrintTo(const Outcome& o, std::ostream* out) {
  *out << testing::PrintToString(o.message) << " rest " << testing::PrintToString(o.rest) << " done " << o.done
       << " bare " << o.bare << " big " << o.too_big << " long " << o.too_long;
}

Outcome read(std::string_view text, std::size_t step, std::uint64_t max_size = 1 << 20,
             std::uint64_t max_line = 1 << 20) {
  DataReader reader(max_size, max_line);
  Outcome out;
  for (std::size_t at = 0; at < text.size(); at += step) {
    ByteView in = as_bytes(text.substr(at, step));
    while (!in.empty() && !reader.done()) out.message += as_text(reader.next(in));
    if (reader.done()) out.rest += as_text(in);
  }
  if (!reader.good()) out.message.clear();  // what was given before the fault does not matter
  out.done = reader.done();
  out.bare = reader.bare_line_end();
  out.too_big = reader.too_big();
  out.too_long = reader.line_too_long();
  return out;
}

void expect_in_any_pieces(const char* title, std::string_view text, const Outcome& expected) {
  for (std::size_t step = 1; step <= std::min<std::size_t>(text.size(), 9); ++step)
    EXPECT_EQ(read(text, step), expected) << title << ", in pieces of " << step;
  EXPECT_EQ(read(text, text.size()), expected) << title;
}

TEST(DataReader, UndoesDotStuffingAndFindsTheEnd) {
  struct Row {
    const char* title;
    std::string text;
    std::string message;
    std::string rest;
  } rows[] = {
      {"plain", "a\r\nb\r\n.\r\n", "a\r\nb\r\n", ""},
      {"empty message", ".\r\n", "", ""},
      {"one empty line", "\r\n.\r\n", "\r\n", ""},
      {"commands behind", "a\r\n.\r\nQUIT\r\n", "a\r\n", "QUIT\r\n"},
      {"stuffed dot", "..\r\n.\r\n", ".\r\n", ""},
      {"stuffed dots", "...\r\n..a\r\n.\r\n", "..\r\n.a\r\n", ""},
      {"dot that was not doubled", ".a\r\n.\r\n", "a\r\n", ""},
      {"dots inside of lines", "a.\r\nb.c\r\n.\r\n", "a.\r\nb.c\r\n", ""},
      {"dot and space", ". \r\n.\r\n", " \r\n", ""},
      {"NUL and 8-bit bytes", std::string("a\0\xff\r\n.\r\n", 8), std::string("a\0\xff\r\n", 5), ""},
  };
  for (const auto& row : rows) expect_in_any_pieces(row.title, row.text, {row.message, row.rest, true});
}

// Each of these ends a message for some server, or begins a line there. Here none does, and the message is marked.
TEST(DataReader, SmugglingIsSeen) {
  const std::string hidden = "MAIL FROM:<evil@example.org>\r\n";
  for (const std::string end : {
           "\n.\n",
           "\n.\r\n",
           "\r\n.\n",
           "\r.\r",
           "\r\n.\r",
           "\r.\r\n",
           "\n.\r",
           "\r.\n",
           "\r\r\n.\r\r\n",
           "\n\n.\n\n",
           "\r\n\n.\r\n",
           "\r\n.\r\r\n",
           "\r\n.\n\r\n",
           "\n.\n\r",
           "\r\n.\r\r",
           "\n\r.\n\r",
           "\r\n\r.\r\n",
           "\r\n.\n.\r\n",
       }) {
    const std::string text = "before" + end + hidden;
    Outcome expected{"", "", false, true};
    expect_in_any_pieces(("open: " + testing::PrintToString(end)).c_str(), text, expected);
    expected.done = true;
    expected.rest = "QUIT\r\n";
    expect_in_any_pieces(("ended: " + testing::PrintToString(end)).c_str(), text + "\r\n.\r\nQUIT\r\n", expected);
  }
}

TEST(DataReader, ABareCrBeforeTheEndDoesNotHideIt) {
  expect_in_any_pieces("CR CR LF", "a\r\r\n.\r\nQUIT", {"", "QUIT", true, true});
  expect_in_any_pieces("CR CR CR LF", "a\r\r\r\n.\r\nQUIT", {"", "QUIT", true, true});
}

TEST(DataReader, AStrangeByteBetweenIsNoEnd) {
  for (const std::string& end :
       {std::string("\r\n\0.\r\n", 6), std::string("\r\n.\0\r\n", 6), std::string("\r\n . \r\n")})
    expect_in_any_pieces("strange", "a" + end,
                         {std::string("a") + (end[2] == '.' ? "\r\n" + end.substr(3) : end), "", false});
}

TEST(DataReader, SizesAreBoundedWhileReading) {
  const std::string text = "12345678\r\n..234567\r\n.\r\nQUIT\r\n";  // a message of 19 bytes, lines of 8 and 7
  for (const std::size_t step : {1, 3, 100}) {
    EXPECT_EQ(read(text, step, 19, 8), (Outcome{"12345678\r\n.234567\r\n", "QUIT\r\n", true}));
    EXPECT_EQ(read(text, step, 18, 8), (Outcome{"", "QUIT\r\n", true, false, true}));
    EXPECT_EQ(read(text, step, 19, 7), (Outcome{"", "QUIT\r\n", true, false, false, true}));
  }
}

TEST(DataReader, TimeIsLinearForLineFeedsOnly) {
  const std::string text(4 << 20, '\n');
  EXPECT_EQ(read(text, 64 * 1024, 16 << 20, 16 << 20), (Outcome{"", "", false, true}));
}

Result<std::string> write(std::string_view message, std::size_t step) {
  DataWriter writer;
  Bytes out;
  for (std::size_t at = 0; at < message.size(); at += step)
    BULLA_CHECK_OK(writer.write(as_bytes(message.substr(at, step)), out));
  BULLA_CHECK_OK(writer.finish(out));
  return to_string(out);
}

TEST(DataWriter, StuffsDotsAndEnds) {
  struct Row {
    const char* title;
    std::string message;
    std::string text;
  } rows[] = {
      {"plain", "a\r\nb\r\n", "a\r\nb\r\n.\r\n"},    {"empty", "", ".\r\n"},
      {"no line end at the end", "a", "a\r\n.\r\n"}, {"dots", ".\r\n..\r\n.a.\r\n", "..\r\n...\r\n..a.\r\n.\r\n"},
      {"a lone dot at the end", ".", "..\r\n.\r\n"},
  };
  for (const auto& row : rows)
    for (const std::size_t step : {1, 2, 3, 100}) {
      const auto text = write(row.message, step);
      ASSERT_TRUE(text) << row.title;
      EXPECT_EQ(*text, row.text) << row.title;
    }
}

TEST(DataWriter, ABareLineEndNeverLeaves) {
  for (const std::string message : {"a\nb", "a\rb", "\n.\n", "\r\n.\n", "a\r", "\r\r\n", "\n", "\r", "a\r\n\r\r\n"})
    for (const std::size_t step : {1, 2, 100}) {
      const auto text = write(message, step);
      ASSERT_FALSE(text) << testing::PrintToString(message);
      EXPECT_EQ(text.error().code, Code::kInvalid);
    }
}

TEST(Data, WhatIsWrittenIsRead) {
  std::mt19937 random(7);
  for (int round = 0; round < 2000; ++round) {
    std::string message;
    const auto pieces = random() % 20;
    for (unsigned i = 0; i < pieces; ++i) {
      constexpr const char* kPieces[] = {".", "\r\n", "a", "..", ".\r\n", "bc"};
      message += kPieces[random() % std::size(kPieces)];
    }
    message += "\r\n";
    const auto text = write(message, 1 + random() % 5);
    ASSERT_TRUE(text);
    EXPECT_EQ(read(*text + "QUIT", 1 + random() % 7), (Outcome{message, "QUIT", true}))
        << testing::PrintToString(message);
  }
}

}  // namespace
}  // namespace bulla::smtp
