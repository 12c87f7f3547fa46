#include "mail/fields.h"

#include <gtest/gtest.h>

namespace bulla::mail {
namespace {

std::string without(std::string_view message) {
  const auto out = without_bcc(as_bytes(message));
  return out ? to_string(out->reveal()) : std::string("(unchanged)");
}

TEST(HeaderFields, AreFoundInAnyCase) {
  const std::string message =
      "From: a@b\r\nSUBJECT:  one\r\n two \r\nX-Y :z\r\nsubject: three\r\n\r\nSubject: body\r\n";
  const HeaderFields header(as_bytes(message));
  ASSERT_EQ(header.fields().size(), 4U);
  EXPECT_EQ(header.find("Subject")->value(), "one two");
  EXPECT_EQ(header.find("x-y")->value(), "z");
  EXPECT_EQ(header.count("subject"), 2U);
  EXPECT_EQ(header.find("to"), nullptr);
  EXPECT_EQ(message.substr(header.body_offset()), "Subject: body\r\n");
}

TEST(HeaderFields, TakeAnything) {
  for (const std::string_view message :
       {"", "\r\n", "\n", ":", " ", "a", "a:", "a:\r\n b", " folded: first\r\nTo: x\r\n", "no colon\r\nTo: x\r\n\r\n",
        "To: x", "\r\n\r\nTo: body"}) {
    const HeaderFields header(as_bytes(message));
    EXPECT_LE(header.body_offset(), message.size());
    for (const auto& field : header.fields()) EXPECT_FALSE(field.name.empty());
  }
  EXPECT_EQ(HeaderFields(as_bytes("no colon\r\nTo: x\r\n\r\n")).find("to")->value(), "x");
}

TEST(WithoutBcc, ChangesNothingElse) {
  struct Row {
    const char* title;
    std::string message, expected;
  };
  for (const auto& [title, message, expected] :
       {Row{"none", "To: a\r\n\r\nBcc: body\r\n", "(unchanged)"},
        {"in the middle", "To: a\r\nBcc: b\r\nCc: c\r\n\r\nbody", "To: a\r\nCc: c\r\n\r\nbody"},
        {"first", "bcc:b\r\nTo: a\r\n\r\n", "To: a\r\n\r\n"},
        {"last", "To: a\r\nBCC: b\r\n\r\nx", "To: a\r\n\r\nx"},
        {"folded", "Bcc: b,\r\n c,\r\n\td\r\nTo: a\r\n\r\n", "To: a\r\n\r\n"},
        {"twice", "Bcc: b\r\nTo: a\r\nBcc: c\r\n\r\n", "To: a\r\n\r\n"},
        {"space before the colon", "Bcc : b\r\nTo: a\r\n\r\n", "To: a\r\n\r\n"},
        {"resent", "Resent-Bcc: b\r\nTo: a\r\n\r\n", "To: a\r\n\r\n"},
        {"no body", "To: a\r\nBcc: b", "To: a\r\n"},
        {"bare LF", "Bcc: b\nTo: a\n\nx", "To: a\n\nx"},
        {"a longer name", "Bcc-Note: b\r\n\r\n", "(unchanged)"},
        {"in another field", "To: a\r\n Bcc: b\r\n\r\n", "(unchanged)"}})
    EXPECT_EQ(without(message), expected) << title;
}

}  // namespace
}  // namespace bulla::mail
