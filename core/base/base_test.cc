#include <gtest/gtest.h>

#include "core/base/encoding.h"
#include "core/base/random.h"
#include "core/base/reader.h"
#include "core/base/secret.h"

namespace bulla {
namespace {

TEST(Encoding, Rfc4648Vectors) {
  struct Row {
    const char* text;
    const char* encoded;
  } rows[] = {{"", ""},
              {"f", "Zg=="},
              {"fo", "Zm8="},
              {"foo", "Zm9v"},
              {"foob", "Zm9vYg=="},
              {"fooba", "Zm9vYmE="},
              {"foobar", "Zm9vYmFy"}};
  for (auto& row : rows) {
    EXPECT_EQ(base64(as_bytes(row.text)), row.encoded);
    EXPECT_EQ(decode_base64(row.encoded), to_bytes(std::string_view(row.text)));
  }
}

TEST(Encoding, StrictDecodersRefuse) {
  for (auto text : {"Zg", "Zg=", "Zh==", "Zm9=", "Zg==\n", " Zg==", "Zg-_", "=", "====", "Z"})
    EXPECT_FALSE(decode_base64(text)) << text;
  for (auto text : {"Zg==", "Zh", "Z", "Zm+v"}) EXPECT_FALSE(decode_base64url(text)) << text;
  for (auto text : {"0", "0g", "0x"}) EXPECT_FALSE(decode_hex(text)) << text;
}

TEST(Reader, NeverReadsPastTheEnd) {
  Bytes bytes = {0, 0, 1, 2, 'a', '\n', 'b'};
  Reader reader(bytes);
  EXPECT_EQ(reader.u32_be(), 258u);
  EXPECT_FALSE(reader.u32_be());
  EXPECT_EQ(as_text(*reader.line(10)), "a");
  EXPECT_FALSE(reader.line(10));
  EXPECT_FALSE(reader.take(2));
  EXPECT_EQ(reader.take(1)->front(), 'b');
  EXPECT_TRUE(reader.at_end());
}

Result<int> doubled(Result<int> in) {
  BULLA_TRY(int value, std::move(in));
  return value * 2;
}

TEST(Result, TryHandsErrorsOn) {
  EXPECT_EQ(*doubled(4), 8);
  auto bad = doubled(fail(Code::kInvalid, "no"));
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().text, "no");
}

TEST(Secret, MoveLeavesNothingBehind) {
  auto a = Secret::copy_of(as_bytes("key"));
  Secret b = std::move(a);
  EXPECT_EQ(as_text(b.reveal()), "key");
  EXPECT_TRUE(a.empty());  // NOLINT(bugprone-use-after-move): the promise under test
}

TEST(Random, FillsMoreThanOneCallGives) {
  SystemRandom random;
  Bytes out(1000);
  ASSERT_TRUE(random.fill(out));
  EXPECT_NE(Bytes(out.end() - 16, out.end()), Bytes(16));
}

}  // namespace
}  // namespace bulla
