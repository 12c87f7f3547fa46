#include "smtp/syntax.h"

#include <gtest/gtest.h>

namespace bulla::smtp {
namespace {

std::string long_text(std::size_t size, char c = 'x') {
  return std::string(size, c);
}
// A domain of the length given (at most 255), in labels of at most 63.
std::string long_domain(std::size_t size) {
  std::string out;
  while (out.size() < size) out += out.size() % 64 == 63 ? '.' : 'd';
  if (out.back() == '.') out.back() = 'd';
  return out;
}

TEST(Mailbox, Parses) {
  struct Row {
    const char* title;
    std::string text;
    Mailbox mailbox;
    std::string again;  // text() of it
  } rows[] = {
      {"plain", "user@example.org", {"user", "example.org"}, "user@example.org"},
      {"local case kept, domain lowered",
       "User.Name@EXAMPLE.Org",
       {"User.Name", "example.org"},
       "User.Name@example.org"},
      {"tag and symbols", "a+b!#$%&'*/=?^_`{|}~-@x.y", {"a+b!#$%&'*/=?^_`{|}~-", "x.y"}, "a+b!#$%&'*/=?^_`{|}~-@x.y"},
      {"one label", "root@localhost", {"root", "localhost"}, "root@localhost"},
      {"underscore in a label", "a@_dmarc.x_y.org", {"a", "_dmarc.x_y.org"}, "a@_dmarc.x_y.org"},
      {"quoted", "\"a b\"@example.org", {"a b", "example.org"}, "\"a b\"@example.org"},
      {"quoted without need", "\"ab\"@example.org", {"ab", "example.org"}, "ab@example.org"},
      {"quoted pairs", "\"a\\\"b\\\\c\\d\"@example.org", {"a\"b\\cd", "example.org"}, "\"a\\\"b\\\\cd\"@example.org"},
      {"quoted at sign and brackets", "\"<a@b>\"@example.org", {"<a@b>", "example.org"}, "\"<a@b>\"@example.org"},
      {"dots that need quotes", "\".a..b.\"@example.org", {".a..b.", "example.org"}, "\".a..b.\"@example.org"},
      {"IPv4 literal", "a@[192.0.2.1]", {"a", "[192.0.2.1]"}, "a@[192.0.2.1]"},
      {"IPv6 literal", "a@[IPv6:2001:DB8::1]", {"a", "[ipv6:2001:db8::1]"}, "a@[ipv6:2001:db8::1]"},
      {"longest local part", long_text(64) + "@x.y", {long_text(64), "x.y"}, long_text(64) + "@x.y"},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.title);
    const auto mailbox = parse_mailbox(row.text);
    ASSERT_TRUE(mailbox) << mailbox.error().text;
    EXPECT_EQ(*mailbox, row.mailbox);
    EXPECT_EQ(mailbox->text(), row.again);
    EXPECT_EQ(*parse_mailbox(row.again), row.mailbox);
    EXPECT_TRUE(valid(*mailbox));
  }
}

TEST(Mailbox, Refuses) {
  const std::pair<const char*, std::string> rows[] = {
      {"nothing", ""},
      {"no domain", "user"},
      {"no local part", "@example.org"},
      {"empty domain", "user@"},
      {"two at signs", "a@b@c"},
      {"leading dot", ".a@example.org"},
      {"trailing dot", "a.@example.org"},
      {"double dot", "a..b@example.org"},
      {"space", "a b@example.org"},
      {"space behind", "a@example.org "},
      {"brackets", "<a@example.org>"},
      {"domain with trailing dot", "a@example.org."},
      {"domain with empty label", "a@example..org"},
      {"label with leading hyphen", "a@-x.org"},
      {"label with trailing hyphen", "a@x-.org"},
      {"label of 64", "a@" + long_text(64) + ".org"},
      {"domain of 256", "a@" + long_domain(256)},
      {"path of 257", "a@" + long_domain(253)},
      {"local part of 65", long_text(65) + "@x.y"},
      {"quoted local part of 65", "\"" + long_text(65) + "\"@x.y"},
      {"empty quotes", "\"\"@example.org"},
      {"open quotes", "\"a@example.org"},
      {"text behind quotes", "\"a\"b@example.org"},
      {"line end in quotes", "\"a\r\nRCPT TO:<x@y>\"@example.org"},
      {"escaped line end in quotes", "\"a\\\r\"@example.org"},
      {"line end", "a@example.org\r\n"},
      {"NUL", std::string("a\0b@example.org", 15)},
      {"not ASCII", "j\xc3\xb6rg@example.org"},
      {"not ASCII domain", "a@ex\xc3\xa4mple.org"},
      {"bad literal", "a@[300.1.1.1]"},
      {"literal with name", "a@[example.org]"},
      {"bad IPv6", "a@[IPv6:12345::]"},
      {"open literal", "a@[192.0.2.1"},
      {"text behind a literal", "a@[192.0.2.1]x"},
  };
  for (const auto& [title, text] : rows) EXPECT_FALSE(parse_mailbox(text)) << title;
}

TEST(Mailbox, WhatIsMadeByHandIsChecked) {
  EXPECT_TRUE(valid({"postmaster", ""}));
  const Mailbox rows[] = {{"", "example.org"},  {"a", ""},    {"a\r\nDATA", "example.org"}, {"a", "x.org>\r\nDATA"},
                          {"a", "EXAMPLE.org"}, {"a", "x y"}, {long_text(65), "x.org"},     {"\xc3\xb6", "x.org"}};
  for (const auto& mailbox : rows) EXPECT_FALSE(valid(mailbox)) << mailbox.text();
}

TEST(MailArguments, Parses) {
  struct Row {
    const char* title;
    std::string text;
    std::string path;
    std::optional<std::uint64_t> size;
    bool eight_bit;
  } rows[] = {
      {"plain", "FROM:<a@b.c>", "<a@b.c>", {}, false},
      {"null path", "FROM:<>", "<>", {}, false},
      {"lower case and a space", "from: <a@b.c>", "<a@b.c>", {}, false},
      {"size", "FROM:<a@b.c> SIZE=123", "<a@b.c>", 123, false},
      {"largest size", "FROM:<a@b.c> size=18446744073709551615", "<a@b.c>", 18446744073709551615u, false},
      {"body", "FROM:<a@b.c> BODY=8BITMIME", "<a@b.c>", {}, true},
      {"both, and more spaces", "FROM:<>  BODY=7bit   SIZE=0", "<>", 0, false},
      {"source route is dropped", "FROM:<@x.y,@[192.0.2.1]:a@b.c>", "<a@b.c>", {}, false},
      {"quoted bracket", "FROM:<\"a>b\"@b.c>", "<\"a>b\"@b.c>", {}, false},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.title);
    const auto mail = parse_mail_arguments(row.text);
    ASSERT_TRUE(mail);
    EXPECT_EQ(path_text(mail->sender), row.path);
    EXPECT_EQ(mail->size, row.size);
    EXPECT_EQ(mail->eight_bit, row.eight_bit);
  }
}

TEST(MailArguments, Refuses) {
  struct Row {
    const char* title;
    std::string text;
    Answer answer;
  } rows[] = {
      {"nothing", "", Answer::kSyntax},
      {"another word", "TO:<a@b.c>", Answer::kSyntax},
      {"no brackets", "FROM:a@b.c", Answer::kBadSender},
      {"open bracket", "FROM:<a@b.c", Answer::kBadSender},
      {"no mailbox", "FROM:<a>", Answer::kBadSender},
      {"postmaster is for RCPT", "FROM:<postmaster>", Answer::kBadSender},
      {"route without colon", "FROM:<@x.y,a@b.c>", Answer::kBadSender},
      {"route only", "FROM:<@x.y:>", Answer::kBadSender},
      {"text behind", "FROM:<a@b.c>x", Answer::kSyntax},
      {"parameter without space", "FROM:<a@b.c>SIZE=1", Answer::kSyntax},
      {"size without value", "FROM:<a@b.c> SIZE", Answer::kSyntax},
      {"empty size", "FROM:<a@b.c> SIZE=", Answer::kSyntax},
      {"size is no number", "FROM:<a@b.c> SIZE=1k", Answer::kSyntax},
      {"negative size", "FROM:<a@b.c> SIZE=-1", Answer::kSyntax},
      {"size overflows", "FROM:<a@b.c> SIZE=18446744073709551616", Answer::kSyntax},
      {"size has 21 digits", "FROM:<a@b.c> SIZE=000000000000000000001", Answer::kSyntax},
      {"size twice", "FROM:<a@b.c> SIZE=1 SIZE=1", Answer::kSyntax},
      {"other body", "FROM:<a@b.c> BODY=BINARYMIME", Answer::kSyntax},
      {"two equals signs", "FROM:<a@b.c> SIZE=1=1", Answer::kSyntax},
      {"not offered", "FROM:<a@b.c> RET=HDRS", Answer::kUnknownParameter},
      {"SMTPUTF8 is not offered", "FROM:<a@b.c> SMTPUTF8", Answer::kUnknownParameter},
      {"keyword with a hyphen first", "FROM:<a@b.c> -X", Answer::kSyntax},
      {"not ASCII", "FROM:<\xc3\xb6@b.c>", Answer::kNonAsciiAddress},
  };
  for (const auto& row : rows) {
    const auto mail = parse_mail_arguments(row.text);
    ASSERT_FALSE(mail) << row.title;
    EXPECT_EQ(mail.error(), row.answer) << row.title;
  }
}

TEST(RcptArguments, Parses) {
  EXPECT_EQ(*parse_rcpt_arguments("TO:<a@b.c>"), (Mailbox{"a", "b.c"}));
  EXPECT_EQ(*parse_rcpt_arguments("to: <@r.x:a@b.c>"), (Mailbox{"a", "b.c"}));
  EXPECT_EQ(*parse_rcpt_arguments("TO:<Postmaster>"), (Mailbox{"postmaster", ""}));
  EXPECT_EQ(*parse_rcpt_arguments("TO:<postmaster@b.c>"), (Mailbox{"postmaster", "b.c"}));
}

TEST(RcptArguments, Refuses) {
  const std::pair<std::string, Answer> rows[] = {
      {"", Answer::kSyntax},
      {"FROM:<a@b.c>", Answer::kSyntax},
      {"TO:<>", Answer::kBadAddress},
      {"TO:<a>", Answer::kBadAddress},
      {"TO:a@b.c", Answer::kBadAddress},
      {"TO:<a@b.c> NOTIFY=NEVER", Answer::kUnknownParameter},
      {"TO:<a@b.c> =", Answer::kSyntax},
      {"TO:<a@b.c>,<d@e.f>", Answer::kSyntax},
      {"TO:<\xff@b.c>", Answer::kNonAsciiAddress},
  };
  for (const auto& [text, row] : rows) {
    const auto mailbox = parse_rcpt_arguments(text);
    ASSERT_FALSE(mailbox) << text;
    EXPECT_EQ(mailbox.error(), row) << text;
  }
}

TEST(HeloArgument, TakesWhatClientsSend) {
  for (const std::string text : {"example.org", "[192.0.2.1]", "[IPv6:::1]", "my_laptop", "WIN-1234"})
    EXPECT_EQ(*parse_helo_argument(text), text);
  for (const std::string text : {"", "two words", "tab\t", "\x80", "x\x7f"}) EXPECT_FALSE(parse_helo_argument(text));
  EXPECT_FALSE(parse_helo_argument(long_text(256)));
}

}  // namespace
}  // namespace bulla::smtp
