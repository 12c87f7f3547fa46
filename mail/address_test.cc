#include "mail/address.h"

#include <gtest/gtest.h>

namespace bulla::mail {
namespace {

TEST(Address, IsCanonical) {
  struct Row {
    const char* title;
    std::string text, canonical;
  };
  for (const auto& [title, text, canonical] :
       {Row{"plain", "bob@example.org", "bob@example.org"},
        {"upper case", "Bob@EXAMPLE.org", "bob@example.org"},
        {"white space around", "  bob@example.org\t", "bob@example.org"},
        {"dots and plus stay", "b.o+b@example.org", "b.o+b@example.org"},
        {"IDN",
         "bob@b\xc3\xbc"
         "cher.example",
         "bob@xn--bcher-kva.example"},
        {"IDN in upper case",
         "bob@B\xc3\x9c"
         "CHER.example",
         "bob@xn--bcher-kva.example"},
        {"A-label", "bob@XN--bcher-kva.example", "bob@xn--bcher-kva.example"},
        {"sharp s is not ss",
         "a@stra\xc3\x9f"
         "e.example",
         "a@xn--strae-oqa.example"},
        {"local part is NFC", "e\xcc\x81@example.org", "\xc3\xa9@example.org"},
        {"local part in lower case beyond ASCII", "\xc3\x89@example.org", "\xc3\xa9@example.org"},
        {"needless quotes", "\"bob\"@example.org", "bob@example.org"},
        {"quotes that matter", "\"Bob B\"@example.org", "\"bob b\"@example.org"},
        {"escaped", "\"a\\\"b\"@example.org", "\"a\\\"b\"@example.org"},
        {"an at sign in quotes", "\"a@b\"@example.org", "\"a@b\"@example.org"},
        {"final dot", "bob@example.org.", "bob@example.org"},
        {"one label", "root@localhost", "root@localhost"}}) {
    const auto address = Address::parse(text);
    ASSERT_TRUE(address) << title;
    EXPECT_EQ(address->text(), canonical) << title;
    EXPECT_EQ(std::string(address->local()) + "@" + std::string(address->domain()), canonical) << title;
    EXPECT_EQ(Address::parse(canonical), address) << title;
  }
}

TEST(Address, RefusesWhatIsNone) {
  struct Row {
    const char* title;
    std::string text;
  };
  for (const auto& [title, text] : {Row{"empty", ""},
                                    {"no at", "bob"},
                                    {"no local part", "@example.org"},
                                    {"no domain", "bob@"},
                                    {"two ats", "a@b@example.org"},
                                    {"space", "b ob@example.org"},
                                    {"control", "b\x01ob@example.org"},
                                    {"line end", "bob@example.org\r\nBcc: eve@example.org"},
                                    {"line end in quotes", "\"a\r\nb\"@example.org"},
                                    {"domain literal", "bob@[192.0.2.1]"},
                                    {"name and address", "Bob <bob@example.org>"},
                                    {"empty label", "bob@example..org"},
                                    {"dot first", "bob@.example.org"},
                                    {"local dots", "b..b@example.org"},
                                    {"local dot first", ".b@example.org"},
                                    {"local part too long", std::string(65, 'a') + "@example.org"},
                                    {"label too long", "bob@" + std::string(64, 'a') + ".org"},
                                    {"domain too long", "bob@" + std::string(300, 'a') + ".org"},
                                    {"not UTF-8", "b\xff@example.org"},
                                    {"NUL", std::string("bob@exa\0mple.org", 16)},
                                    {"slash in domain", "bob@exam/ple.org"},
                                    {"list", "a@example.org,b@example.org"},
                                    {"open quote", "\"bob@example.org"}})
    EXPECT_FALSE(Address::parse(text)) << title;
}

TEST(ParseMailboxes, ReadsLists) {
  struct Row {
    const char* title;
    std::string field;
    std::vector<envelope::Mailbox> mailboxes;
  };
  for (const auto& [title, field, mailboxes] :
       {Row{"bare", "bob@example.org", {{"bob@example.org", ""}}},
        {"names",
         "Bob <bob@Example.ORG>, \"Lee, Ann\" <ann@example.org>",
         {{"bob@example.org", "Bob"}, {"ann@example.org", "Lee, Ann"}}},
        {"encoded name",
         "=?utf-8?B?5bGx55Sw?= <yamada@example.jp>",
         {{"yamada@example.jp", "\xe5\xb1\xb1\xe7\x94\xb0"}}},
        {"group",
         "Team: a@example.org, b@example.org;, c@example.org",
         {{"a@example.org", ""}, {"b@example.org", ""}, {"c@example.org", ""}}},
        {"empty group", "undisclosed-recipients:;", {}},
        {"nothing", "", {}},
        {"line end in a name", "=?utf-8?Q?A=0D=0AB?= <a@example.org>", {{"a@example.org", "A B"}}},
        {"IDN domain",
         "a@b\xc3\xbc"
         "cher.example",
         {{"a@xn--bcher-kva.example", ""}}}})
    EXPECT_EQ(parse_mailboxes(field), mailboxes) << title;
}

TEST(ParseMailboxes, StopsAtTheLimit) {
  std::string field;
  for (int i = 0; i < 3000; ++i) field += "a" + std::to_string(i) + "@example.org,";
  EXPECT_EQ(parse_mailboxes(field).size(), envelope::kMaxMailboxes);
  EXPECT_EQ(parse_mailboxes(field, 3).size(), 3U);
}

// GMime loses the domain's memory when the comment has no end: LeakSanitizer looks on.
TEST(ParseMailboxes, BracketsBeforeACommentWithoutAnEnd) {
  struct Row {
    std::string field;
    std::vector<std::string> addresses;
  };
  const Row rows[] = {{"n@[x](a", {"n@[x]"}},
                      {"n@[x] (a (b) \\)", {"n@[x]"}},
                      {"n@\t[x]\r\n (a, m@y", {"n@[x]"}},
                      {std::string("n@[x](a\0)", 10), {"n@[x]"}},
                      {"m@y, g: n@[x](a;", {"m@y", "n@[x]"}},
                      {"n@[x] (a (b)), m@y (c)", {"n@[x]", "m@y"}},
                      {"\"Ann [HR] (\" <ann@acme.example>", {"ann@acme.example"}}};
  for (const auto& row : rows) {
    std::vector<std::string> addresses;
    for (const auto& mailbox : parse_mailboxes(row.field)) addresses.push_back(mailbox.address);
    EXPECT_EQ(addresses, row.addresses) << row.field;
  }
}

TEST(ParseMailboxes, GroupsWithinGroupsUseUpNoStack) {
  std::string field;
  for (int i = 0; i < 1'000'000; ++i) field += "g:";
  EXPECT_TRUE(parse_mailboxes(field).empty());
  EXPECT_EQ(parse_mailboxes("a@example.org, " + field).size(), 1U);
}

}  // namespace
}  // namespace bulla::mail
