#include "core/envelope/html.h"

#include <gtest/gtest.h>

#include "core/envelope/data_block.h"
#include "core/envelope/testing.h"

namespace bulla::envelope {
namespace {

const std::string kTemplate =
    "<!doctype "
    "html>\n<!--bulla:notice-->\n<!--bulla:data-->\r\n<!--bulla:header-->\n<!--bulla:payload-->\n<p>end</p>\n";

DataBlock data_block() {
  testing::SeededRandom random("html");
  DataBlock out{.id = *EnvelopeId::make(ManualClock(1'795'507'200'000), random)};
  out.origin = "https://keys.example.com";
  out.organisation = {"acme", "Acme & Söhne </script>"};
  out.from = {"ann@acme.example", "Ann \xf0\x9f\x98\x80 \"quoted\" \\ \x01"};
  out.to = "bob@example.org";
  out.date = 1'795'507'200'000;
  out.size = 123;
  return out;
}

TEST(HtmlTemplate, IsFilledAndFoundAgain) {
  testing::SeededRandom random("fill");
  const auto page = HtmlTemplate::parse(kTemplate);
  ASSERT_TRUE(page);
  const auto json = data_block_json(data_block());
  for (const std::size_t size : {0, 1, 57, 58, 10'000}) {
    const auto header = random.bytes(200), payload = random.bytes(size);
    const auto html = page->fill("<p>notice</p>\n", json, header, payload);
    ASSERT_TRUE(html);
    EXPECT_NE(html->find("<p>notice</p>\r\n"), std::string::npos);
    EXPECT_TRUE(html->ends_with("</script>\r\n<p>end</p>\r\n"));
    auto lf = *html;
    std::erase(lf, '\r');
    for (const auto& text : {*html, lf}) {
      const auto found = find_envelope(text);
      ASSERT_TRUE(found);
      EXPECT_EQ(found->header, header);
      EXPECT_EQ(found->payload, payload);
      EXPECT_EQ(parse_data_block(found->data_json)->id, data_block().id);
    }
  }
}

TEST(HtmlTemplate, RefusesWhatIsNone) {
  auto without = [](std::string_view line) {
    auto out = kTemplate;
    out.erase(out.find(line), line.size());
    return out;
  };
  struct Row {
    const char* title;
    std::string text;
  };
  for (const auto& [title, text] :
       {Row{"empty", ""},
        {"no notice", without("<!--bulla:notice-->")},
        {"no data", without("<!--bulla:data-->")},
        {"no header", without("<!--bulla:header-->")},
        {"no payload", without("<!--bulla:payload-->")},
        {"twice", kTemplate + "<!--bulla:payload-->\n"},
        {"not alone in its line", without("\n<!--bulla:data-->")},
        {"beyond ASCII", kTemplate + "\xc3\xbc\n"},
        {"control", kTemplate + "\x01\n"},
        {"bare CR", kTemplate + "a\rb\n"},
        {"long line", kTemplate + std::string(999, 'x') + "\n"},
        {"a block already", kTemplate + "<script type=\"text/plain\" id=\"bulla-payload\">\n"}})
    EXPECT_FALSE(HtmlTemplate::parse(text)) << title;
  EXPECT_TRUE(HtmlTemplate::parse(kTemplate + std::string(998, 'x') + "\n"));
}

TEST(HtmlTemplate, NothingEndsItsPlace) {
  const auto page = *HtmlTemplate::parse(kTemplate);
  EXPECT_FALSE(page.fill("<script type=\"text/plain\" id=\"bulla-payload\">", "{}", {}));
  EXPECT_FALSE(page.fill("\xc3\xbc", "{}", {}));
  EXPECT_FALSE(page.fill(std::string(999, 'x'), "{}", {}));
  EXPECT_FALSE(page.fill("", "\"</script>\"", {}));
}

TEST(FindEnvelope, NeedsEachBlockOnce) {
  const auto page = *HtmlTemplate::parse(kTemplate);
  const auto html = *page.fill("", data_block_json(data_block()), Bytes(100), Bytes(100));
  auto changed = [&](std::string_view from, std::string_view to) {
    auto out = html;
    out.replace(out.find(from), from.size(), to);
    return out;
  };
  struct Row {
    const char* title;
    std::string text;
  };
  for (const auto& [title, text] : {Row{"empty", ""},
                                    {"cut in the payload", html.substr(0, html.find("bulla-payload") + 60)},
                                    {"no header", changed("bulla-header", "other")},
                                    {"no data", changed("bulla-data", "other")},
                                    {"twice", html + html},
                                    {"base64 changed", changed("AAAA", "A!AA")},
                                    {"a character lost", changed("AAAA", "AAA")},
                                    {"other quotes", changed("\"bulla-header\"", "'bulla-header'")}})
    EXPECT_FALSE(find_envelope(text)) << title;
}

TEST(DataBlock, IsAsciiAndRoundTrips) {
  const auto block = data_block();
  const auto json = data_block_json(block);
  EXPECT_EQ(json.find_first_of("<>&"), std::string::npos);
  for (char c : json) EXPECT_TRUE((c >= 0x20 && c < 0x7f) || c == '\n');
  const auto again = parse_data_block(json);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->organisation, block.organisation);
  EXPECT_EQ(again->from, block.from);
  EXPECT_EQ(again->to, block.to);
  EXPECT_EQ(again->origin, block.origin);
  EXPECT_EQ(again->date, block.date);
  EXPECT_EQ(again->size, block.size);
}

TEST(DataBlock, LongTextsAreCut) {
  auto block = data_block();
  block.from.name = std::string(10'000, '<');
  const auto json = data_block_json(block);
  std::string_view rest = json;
  while (!rest.empty()) {
    const auto size = std::min(rest.find('\n'), rest.size());
    EXPECT_LE(size, 998U);
    rest.remove_prefix(std::min(size + 1, rest.size()));
  }
  EXPECT_TRUE(parse_data_block(json));
}

TEST(DataBlock, RefusesOtherJson) {
  const auto good = data_block_json(data_block());
  for (const std::string& text : {std::string("{}"), std::string("[]"), std::string(""), good + "x",
                                  "{\"v\": 1, " + good.substr(1), std::string(70'000, ' ') + good})
    EXPECT_FALSE(parse_data_block(text)) << text.substr(0, 60);
}

TEST(HtmlText, EscapesEverythingButPlainText) {
  EXPECT_EQ(html_text("a<b>&\"'\xc3\xbc\xf0\x9f\x98\x80\xff\x01\n"),
            "a&#60;b&#62;&#38;&#34;&#39;&#252;&#128512;&#65533;&#65533;\n");
}

}  // namespace
}  // namespace bulla::envelope
