#include "core/age/stanza.h"

#include <gtest/gtest.h>

namespace bulla::age {
namespace {

TEST(Stanza, OneTextForEach) {
  struct Row {
    const char* title;
    Stanza stanza;
    std::string text;
  };
  const Row rows[] = {
      {"type only, empty body", {"t", {}, {}}, "-> t\n\n"},
      {"arguments", {"X25519", {"abc", "-", "~!"}, to_bytes("foo")}, "-> X25519 abc - ~!\nZm9v\n"},
      {"one less than a line", {"t", {}, Bytes(47)}, "-> t\n" + std::string(63, 'A') + "\n"},
      {"a full line, then an empty one", {"t", {}, Bytes(48)}, "-> t\n" + std::string(64, 'A') + "\n\n"},
      {"a line and a byte", {"t", {}, Bytes(49)}, "-> t\n" + std::string(64, 'A') + "\nAA\n"},
  };
  for (auto& row : rows) {
    SCOPED_TRACE(row.title);
    EXPECT_EQ(stanza_text(row.stanza), row.text);
    auto parsed = parse_stanza(row.text);
    ASSERT_TRUE(parsed) << parsed.error().text;
    EXPECT_EQ(parsed->type, row.stanza.type);
    EXPECT_EQ(parsed->args, row.stanza.args);
    EXPECT_EQ(parsed->body, row.stanza.body);
    for (std::size_t cut = 0; cut < row.text.size(); ++cut)
      EXPECT_FALSE(parse_stanza(row.text.substr(0, cut))) << "cut to " << cut;
  }
}

TEST(Stanza, Refused) {
  const std::string line(64, 'A');
  struct Row {
    const char* title;
    std::string text;
  };
  const Row rows[] = {
      {"no type", "-> \n\n"},
      {"no space", "->t\n\n"},
      {"two spaces at the start", "->  t\n\n"},
      {"two spaces between", "-> t  a\n\n"},
      {"space at the end", "-> t \n\n"},
      {"tab", "-> t\ta\n\n"},
      {"CRLF", "-> t\r\n\r\n"},
      {"not ASCII", "-> t \xc3\xa9\n\n"},
      {"DEL", "-> t \x7f\n\n"},
      {"NUL", std::string("-> t \0\n\n", 8)},
      {"padding", "-> t\nZg==\n"},
      {"bits left over", "-> t\nZh\n"},
      {"one character too many", "-> t\nZm9vY\n"},
      {"URL alphabet", "-> t\n-_-_\n"},
      {"space in the body", "-> t\nZm 9\n"},
      {"line of 65", "-> t\n" + line + "A\n\n"},
      {"line of 68", "-> t\n" + line + "AAAA\n\n"},
      {"full last line", "-> t\n" + line + "\n"},
      {"short line in between", "-> t\nAAAA\nAAAA\n"},
      {"something behind", "-> t\nAAAA\n\n"},
      {"something before", "\n-> t\nAAAA\n"},
      {"first line too long", "-> " + std::string(kMaxStanzaLine, 'a') + "\n\n"},
  };
  for (auto& row : rows) {
    auto parsed = parse_stanza(row.text);
    ASSERT_FALSE(parsed) << row.title;
    EXPECT_EQ(parsed.error().code, Code::kInvalid) << row.title;
  }
}

TEST(Stanza, BodyIsBounded) {
  Stanza stanza{"t", {}, Bytes(kMaxStanzaBody)};
  EXPECT_TRUE(parse_stanza(stanza_text(stanza)));
  stanza.body.resize(kMaxStanzaBody + 1);
  EXPECT_FALSE(parse_stanza(stanza_text(stanza)));
}

TEST(Stanza, AFailureLeavesTheReaderWhereItWas) {
  const auto text = to_bytes("-> t\nZh\n");
  Reader in(text);
  EXPECT_FALSE(read_stanza(in));
  EXPECT_EQ(in.rest().size(), text.size());
}

TEST(StanzaDeathTest, AStanzaWithoutATextIsABug) {
  EXPECT_DEATH(stanza_text({"", {}, {}}), "is_argument");
  EXPECT_DEATH(stanza_text({"two words", {}, {}}), "is_argument");
  EXPECT_DEATH(stanza_text({"t", {"line\n-> end"}, {}}), "is_argument");
}

}  // namespace
}  // namespace bulla::age
