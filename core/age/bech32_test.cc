#include "core/age/bech32.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace bulla::age {
namespace {

std::string encode(std::string_view prefix, ByteView data) {
  return to_string(bech32_encode(prefix, data).reveal());
}

TEST(Bech32, Bip173ValidTexts) {
  for (std::string text : {
           "A12UEL5L",
           "a12uel5l",
           "an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1tt5tgs",
           "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw",
           "11qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqc8247j",
           "split1checkupstagehandshakeupstreamerranterredcaperred2y9e3w",
           "?1ezyfcl",
       }) {
    auto decoded = bech32_decode(text);
    ASSERT_TRUE(decoded) << text;
    EXPECT_EQ(decoded->prefix, text.substr(0, text.rfind('1')));
    EXPECT_EQ(encode(decoded->prefix, decoded->data.reveal()), text);
  }
}

TEST(Bech32, Refused) {
  struct Row {
    const char* title;
    std::string text;
  };
  const Row rows[] = {
      {"nothing", ""},
      {"space in the prefix",
       "\x20"
       "1nwldj5"},
      {"DEL in the prefix",
       "\x7f"
       "1axkwrx"},
      {"no separator", "pzry9x0s0muk"},
      {"empty prefix", "1pzry9x0s0muk"},
      {"character not of the alphabet", "x1b4n0q5v"},
      {"short checksum", "li1dgmt3"},
      {"checksum of the upper-case prefix", "A1G7SGD8"},
      {"empty prefix, checksum only", "10a06t8"},
      {"empty prefix again", "1qzzfhee"},
      {"mixed case", "A12uEL5L"},
      {"wrong checksum", "a12uel5m"},
      {"something behind", "a12uel5l "},
      {"NUL in the middle", std::string("a12\0uel5l", 9)},
      {"high byte", "a12uel5\xec"},
      {"five bits left over", "age1qdd35qf"},
      {"a bit left over that is not zero", "age1qpu0j2ex"},
      {"a whole value left over", "age1qqqqqqqqqjhjdkw"},
      {"longer than any key", "a1" + std::string(kMaxBech32, 'q')},
  };
  for (auto& row : rows) EXPECT_FALSE(bech32_decode(row.text)) << row.title;
  EXPECT_TRUE(bech32_decode("age1qqpexly5")) << "two zero bits left over are what one byte leaves";
}

TEST(Bech32, EachLengthComesBack) {
  Bytes data;
  for (std::size_t size = 0; size < 100; ++size) {
    auto text = encode("age", data);
    auto decoded = bech32_decode(text);
    ASSERT_TRUE(decoded) << size;
    EXPECT_TRUE(equal_public(decoded->data.reveal(), data)) << size;
    std::ranges::transform(text, text.begin(), [](char c) { return static_cast<char>(std::toupper(c)); });
    EXPECT_EQ(encode("AGE", data), text);
    data.push_back(static_cast<std::uint8_t>(size * 37 + 11));
  }
}

TEST(Bech32, EachWrongCharacterIsNoticed) {
  const auto text = encode("age", Bytes(32, 0x5a));
  for (std::size_t i = 0; i < text.size(); ++i)
    for (char c : {'q', 'p', 'l', '1', 'b', 'Q', ' '}) {
      if (text[i] == c) continue;
      auto changed = text;
      changed[i] = c;
      EXPECT_FALSE(bech32_decode(changed)) << changed;
    }
}

}  // namespace
}  // namespace bulla::age
