#include "core/envelope/manifest.h"

#include <gtest/gtest.h>

#include "core/envelope/check.h"
#include "core/envelope/testing.h"

namespace bulla::envelope {
namespace {

Manifest full() {
  testing::SeededRandom random("manifest");
  Manifest out{.id = *EnvelopeId::make(ManualClock(1'795'507'200'000), random)};
  out.key = testing::signing_key().public_key();
  out.organisation = {"acme", "Acme Ltd"};
  out.from = {"ann@acme.example", "J\xc3\xbcrgen \"x\" \x01"};
  out.sender = {"desk@acme.example", ""};
  out.to = {{"bob@example.org", "Bob"}, {"eve@example.org", ""}};
  out.cc = {{"cy@example.org", "Cy"}};
  out.subject = "\xe5\xb1\xb1";
  out.date = 1'795'507'100'000;
  out.sealed = 1'795'507'200'123;
  out.expires = 1'895'507'200'000;
  out.may = {.reply = true, .reply_all = false, .forward = true};
  out.reply = ReplyTo{"age1abc", "dG9rZW4"};
  out.archive = "age1archive";
  out.size = 1000;
  out.runs = {{100, 57, 76}, {200, 58, 76}};
  out.original_size = original_size(out.runs, out.size);
  out.root[0] = 7;
  out.parts = {
      {.type = "text/plain", .charset = "utf-8", .offset = 0, .size = 50, .encoding = Encoding::kQuotedPrintable},
      {.type = "image/png",
       .name = "a.png",
       .disposition = Disposition::kInline,
       .cid = "x@y",
       .offset = 100,
       .size = 57}};
  out.body = {{.text = 0, .html = {}}};
  out.complete = true;
  return out;
}

TEST(Manifest, RoundTrips) {
  const auto text = write_manifest(full());
  ASSERT_TRUE(text);
  const auto again = parse_manifest(*text);
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, full());
}

TEST(Manifest, IgnoresOtherNames) {
  auto text = *write_manifest(full());
  text.insert(1, "\"future\": {\"v\": [1, {\"v\": 2}]}, ");
  EXPECT_EQ(*parse_manifest(text), full());
}

TEST(Manifest, RefusesMalformedText) {
  const auto good = *write_manifest(full());
  struct Row {
    const char* title;
    std::string from, to;
  };
  for (const auto& [title, from, to] :
       {Row{"version 2", "\"v\":1", "\"v\":2"},
        {"version text", "\"v\":1", "\"v\":\"1\""},
        {"version 1.0", "\"v\":1", "\"v\":1.0"},
        {"no version", "\"v\":1,", ""},
        {"a name twice", "\"v\":1", "\"v\":1,\"v\":1"},
        {"a name twice, escaped", "\"v\":1", "\"v\":1,\"\\u0076\":1"},
        {"a name twice within", "\"id\":\"acme\"", "\"id\":\"acme\",\"id\":\"acme\""},
        {"id", "\"id\":\"A", "\"id\":\"!"},
        {"from without name", ",\"name\":\"J", ",\"nam\":\"J"},
        {"to not a list", "\"to\":[", "\"to\":3,\"x\":["},
        {"mailbox not an object", "\"cc\":[{", "\"cc\":[1,{"},
        {"date", "\"date\":\"2026-", "\"date\":\"2026/"},
        {"expires", "\"expires\":\"", "\"expires\":0,\"x\":\""},
        {"may", "\"forward\"", "\"print\""},
        {"reply token", "dG9rZW4", "dG9rZW"},
        {"archive", "\"age1archive\"", "null"},
        {"root too short", "\"root\":\"B", "\"root\":\""},
        {"size negative", "\"size\":1000", "\"size\":-1000"},
        {"sizes differ", "\"size\":1000", "\"size\":1001"},
        {"size a fraction", "\"size\":1000", "\"size\":1000.5"},
        {"size huge", "\"size\":1000", "\"size\":18446744073709551615"},
        {"run of two", "[100,57,76]", "[100,57]"},
        {"run of four", "[100,57,76]", "[100,57,76,1]"},
        {"run width 0", "[100,57,76]", "[100,57,0]"},
        {"run out of bounds", "[200,58,76]", "[990,58,76]"},
        {"runs overlap", "[200,58,76]", "[150,58,76]"},
        {"part out of bounds", "\"offset\":100", "\"offset\":950"},
        {"part encoding", "\"quoted-printable\"", "\"uuencode\""},
        {"disposition", "\"inline\"", "\"outline\""},
        {"part without type", "\"type\":\"image/png\",", ""},
        {"body beyond parts", "\"body\":[{\"text\":0", "\"body\":[{\"text\":2"},
        {"body negative", "\"body\":[{\"text\":0", "\"body\":[{\"text\":-1"},
        {"author with a second @", "\"from\":{\"address\":\"", "\"from\":{\"address\":\"ceo@bank.example"},
        {"author with a blank", "\"from\":{\"address\":\"", "\"from\":{\"address\":\"ceo\u3000"},
        {"author with a filler", "\"from\":{\"address\":\"", "\"from\":{\"address\":\"ceo\u3164"},
        {"author with a wide @", "\"from\":{\"address\":\"", "\"from\":{\"address\":\"ceo\uff20bank.example"},
        {"author with a tag", "\"from\":{\"address\":\"", "\"from\":{\"address\":\"ceo\U000e0020"},
        {"author with an Arabic mark", "\"from\":{\"address\":\"", "\"from\":{\"address\":\"ceo\u061c"},
        {"sender that turns around", "\"sender\":{\"address\":\"", "\"sender\":{\"address\":\"\u202e"},
        {"body names a part twice", "\"body\":[{\"text\":0", "\"body\":[{\"html\":0},{\"text\":0"},
        {"text and HTML are one part", "\"body\":[{\"text\":0", "\"body\":[{\"html\":0,\"text\":0"},
        {"body of nothing", "\"body\":[{\"text\":0}", "\"body\":[{}"},
        {"index", "\"complete\"", "\"partly\""},
        {"none, with parts", "\"complete\"", "\"none\""},
        {"trailing comma", "}]", "},]"},
        {"not UTF-8", "\"Acme Ltd\"", "\"Acme \xff\""},
        {"lone surrogate", "\"Acme Ltd\"", "\"\\ud800\""},
        {"string too long", "\"Acme Ltd\"", "\"" + std::string(kMaxString + 1, 'x') + "\""},
        {"nested too deep", "\"v\":1", "\"v\":1,\"x\":" + std::string(40, '[') + std::string(40, ']')}}) {
    auto text = good;
    const auto at = text.find(from);
    ASSERT_NE(at, std::string::npos) << title;
    text.replace(at, from.size(), to);
    const auto result = parse_manifest(text);
    ASSERT_FALSE(result) << title;
    EXPECT_EQ(result.error().code, Code::kInvalid) << title;
  }
  for (const std::string& text : {std::string(), std::string("null"), std::string("[]"), good + "{}", good + "x",
                                  "\xef\xbb\xbf" + good, std::string(kMaxManifest + 1, ' ')})
    EXPECT_FALSE(parse_manifest(text));
  for (std::size_t size = 0; size < good.size(); ++size) EXPECT_FALSE(parse_manifest(good.substr(0, size))) << size;
}

TEST(Manifest, IsNotWrittenOutOfBounds) {
  using Change = void (*)(Manifest&);
  struct Row {
    const char* title;
    Change change;
  };
  for (const auto& [title, change] : {Row{"mailboxes", [](auto& m) { m.to.resize(kMaxMailboxes); }},
                                      {"parts", [](auto& m) { m.parts.resize(kMaxParts + 1); }},
                                      {"runs", [](auto& m) { m.runs[0].size = 2000; }},
                                      {"subject", [](auto& m) { m.subject.resize(kMaxString + 1); }},
                                      {"sizes", [](auto& m) { ++m.original_size; }},
                                      {"parts of an incomplete index", [](auto& m) { m.complete = false; }},
                                      {"too long in all", [](auto& m) {
                                         m.parts.resize(kMaxParts);
                                         for (auto& part : m.parts) part.name = std::string(kMaxString, 'x');
                                       }}}) {
    auto manifest = full();
    change(manifest);
    EXPECT_FALSE(write_manifest(manifest)) << title;
  }
}

}  // namespace
}  // namespace bulla::envelope
