#include "smtp/reply.h"

#include <gtest/gtest.h>

#include <map>

namespace bulla::smtp {
namespace {

constexpr auto kLast = static_cast<std::size_t>(Answer::kPolicyRefused);

TEST(ReplyTable, EnhancedCodesAgreeWithTheCodes) {
  for (std::size_t i = 0; i <= kLast; ++i) {
    const Reply reply = answer(static_cast<Answer>(i));
    SCOPED_TRACE(reply.line());
    EXPECT_EQ(reply.positive() + reply.temporary() + reply.permanent(), 1);
    if (!reply.enhanced.empty()) EXPECT_EQ(reply.enhanced[0] - '0', reply.code / 100);
    EXPECT_FALSE(reply.text.empty());
    EXPECT_TRUE(reply.wire().ends_with("\r\n"));
    EXPECT_LE(reply.wire().size(), 512u);
  }
}

TEST(Reply, WireCannotBeForged) {
  struct Row {
    const char* title;
    Reply reply;
    std::string wire;
  } rows[] = {
      {"one line", {250, "2.0.0", "OK"}, "250 2.0.0 OK\r\n"},
      {"no enhanced code", {354, "", "Go"}, "354 Go\r\n"},
      {"empty text", {250, "", ""}, "250 \r\n"},
      {"lines", {250, "", "a\nb\nc"}, "250-a\r\n250-b\r\n250 c\r\n"},
      {"lines with enhanced codes", {550, "5.1.1", "a\nb"}, "550-5.1.1 a\r\n550 5.1.1 b\r\n"},
      {"CR", {550, "", "a\r250 OK"}, "550 a?250 OK\r\n"},
      {"control and 8-bit", {550, "", "a\t\x1b[1m\xc3\xa9"}, "550 a??[1m??\r\n"},
  };
  for (const auto& row : rows) EXPECT_EQ(row.reply.wire(), row.wire) << row.title;
  EXPECT_LE(Reply({550, "5.0.0", std::string(10'000, 'x')}).wire().size(), 512u);
  EXPECT_EQ(answer(Answer::kSyntax, "a\r\nb").wire(), "501 5.5.4 Syntax error in the arguments: a??b\r\n");
}

TEST(Reply, LineIsForLogs) {
  EXPECT_EQ(Reply({550, "5.1.1", "No\nsuch\r user"}).line(), "550 5.1.1 No such? user");
  EXPECT_EQ(Reply({0, "4.4.1", "connection refused"}).line(), "4.4.1 connection refused");
}

// Everything that a reader finds in a text, given in pieces of `step` bytes.
std::vector<std::string> read(std::string_view text, std::size_t step) {
  std::vector<std::string> out;
  ReplyReader reader;
  for (std::size_t at = 0; at < text.size(); at += step) {
    ByteView in = as_bytes(text.substr(at, step));
    while (true) {
      const auto state = reader.feed(in);
      if (state == ReplyReader::State::kGarbage) {
        out.push_back("garbage");
        return out;
      }
      if (state == ReplyReader::State::kNeedMore) break;
      const Reply reply = reader.take();
      out.push_back(std::to_string(reply.code) + "|" + reply.enhanced + "|" + reply.text);
    }
    EXPECT_TRUE(in.empty());
  }
  return out;
}

TEST(ReplyReader, ReadsInAnyPieces) {
  struct Row {
    const char* title;
    std::string text;
    std::vector<std::string> replies;
  } rows[] = {
      {"one line", "220 hello\r\n", {"220||hello"}},
      {"code alone", "250\r\n", {"250||"}},
      {"code and space", "250 \r\n", {"250||"}},
      {"bare LF", "250 OK\n", {"250||OK"}},
      {"two replies", "250 a\r\n354 b\r\n", {"250||a", "354||b"}},
      {"lines", "250-x.y\r\n250-SIZE 10\r\n250 STARTTLS\r\n", {"250||x.y\nSIZE 10\nSTARTTLS"}},
      {"enhanced code", "550 5.1.1 No such user\r\n", {"550|5.1.1|No such user"}},
      {"enhanced code alone", "250 2.0.0\r\n", {"250|2.0.0|"}},
      {"enhanced code in each line", "550-5.7.1 a\r\n550 5.7.1 b\r\n", {"550|5.7.1|a\nb"}},
      {"enhanced code in the first line", "550-5.7.1 a\r\n550 b\r\n", {"550|5.7.1|a\nb"}},
      {"no enhanced code but an address", "220 10.0.0.1 hello\r\n", {"220||10.0.0.1 hello"}},
      {"control characters", "250 a\x1b[0m\x80\r\n", {"250||a?[0m?"}},
      {"HTTP", "HTTP/1.1 400 Bad Request\r\n", {"garbage"}},
      {"no code", "hello\r\n", {"garbage"}},
      {"code out of range", "600 x\r\n", {"garbage"}},
      {"1xx", "100 x\r\n", {"garbage"}},
      {"four digits", "2500 x\r\n", {"garbage"}},
      {"code changes", "250-a\r\n550 b\r\n", {"garbage"}},
      {"empty line", "\r\n", {"garbage"}},
      {"what comes after garbage is not read", "xyz\r\n250 OK\r\n", {"garbage"}},
      {"line too long", "250 " + std::string(3000, 'x') + "\r\n", {"garbage"}},
  };
  for (const auto& row : rows)
    for (const std::size_t step : {1, 2, 3, 7, 100'000})
      EXPECT_EQ(read(row.text, step), row.replies) << row.title << ' ' << step;
}

TEST(ReplyReader, LinesAreBounded) {
  std::string text;
  for (int i = 0; i < 127; ++i) text += "250-x\r\n";
  EXPECT_EQ(read(text + "250 x\r\n", 1000).size(), 1u);
  EXPECT_EQ(read(text + "250-x\r\n250 x\r\n", 1000), std::vector<std::string>{"garbage"});
  EXPECT_EQ(read(std::string(5000, '2'), 100), std::vector<std::string>{"garbage"});
}

}  // namespace
}  // namespace bulla::smtp
