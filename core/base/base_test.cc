#include <gtest/gtest.h>

#include <set>

#include "core/base/check.h"
#include "core/base/clock.h"
#include "core/base/encoding.h"
#include "core/base/random.h"
#include "core/base/reader.h"
#include "core/base/secret.h"
#include "core/base/test_random.h"
#include "core/base/writer.h"

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

TEST(Encoding, EachLengthComesBack) {
  test::FixedRandom random;
  for (std::size_t size = 0; size < 200; ++size) {
    Bytes bytes(size);
    ASSERT_TRUE(random.fill(bytes));
    EXPECT_EQ(decode_base64(base64(bytes)), bytes);
    EXPECT_EQ(decode_base64_raw(base64_raw(bytes)), bytes);
    EXPECT_EQ(decode_base64url(base64url(bytes)), bytes);
    EXPECT_EQ(decode_hex(hex(bytes)), bytes);
    std::string into((size + 2) / 3 * 4, '?');
    into.resize(base64_encode_into(bytes, into.data(), true));
    EXPECT_EQ(into, base64(bytes));
  }
}

// Whatever decodes is the one text of its bytes.
TEST(Encoding, NoOtherTextDecodes) {
  const auto text = base64(as_bytes("ab"));
  for (std::size_t place = 0; place < text.size(); ++place)
    for (int c = 0; c < 256; ++c) {
      auto changed = text;
      changed[place] = static_cast<char>(c);
      auto padded = decode_base64(changed);
      if (padded) EXPECT_EQ(base64(*padded), changed);
      auto raw = decode_base64_raw(changed);
      if (raw) EXPECT_EQ(base64_raw(*raw), changed);
      auto url = decode_base64url(changed);
      if (url) EXPECT_EQ(base64url(*url), changed);
    }
}

TEST(Writer, BigEndianComesBack) {
  Bytes out;
  append_u16_be(out, 0x0102);
  append_u32_be(out, 0x03040506);
  append_u64_be(out, 0x0708090a0b0c0d0e);
  EXPECT_EQ(hex(out), "0102030405060708090a0b0c0d0e");
  Reader in(out);
  EXPECT_EQ(in.u16_be(), 0x0102);
  EXPECT_EQ(in.u32_be(), 0x03040506u);
  EXPECT_EQ(in.u64_be(), 0x0708090a0b0c0d0eu);
  EXPECT_FALSE(in.u16_be());
}

TEST(Reader, LineLimitIsExact) {
  const auto text = to_bytes("abc\n");
  for (std::size_t limit = 0; limit < 6; ++limit) {
    Reader reader(text);
    EXPECT_EQ(reader.line(limit).has_value(), limit >= 3) << limit;
  }
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

TEST(Secret, WipeLeavesZerosInAllThatWasHeld) {
  std::string text(100, 'x');
  text.resize(10);
  const auto* characters = text.data();
  wipe(text);
  EXPECT_TRUE(text.empty());
  for (std::size_t i = 0; i < 100; ++i) ASSERT_EQ(characters[i], '\0') << i;

  ByteArray<8> array;
  array.fill('x');
  {
    WipeOnExit wipe_array{MutableBytes(array)};
  }
  EXPECT_EQ(array, ByteArray<8>{});
}

TEST(Secret, CloneIsAnotherCopy) {
  auto a = Secret::take(to_bytes("key"));
  auto b = a.clone();
  a = Secret();
  EXPECT_EQ(as_text(b.reveal()), "key");
  b.writable()[0] = 'h';
  EXPECT_EQ(as_text(b.reveal()), "hey");
}

TEST(Result, EachCodeHasItsOwnName) {
  std::set<std::string> names;
  for (int code = 0; code <= static_cast<int>(Code::kInternal); ++code)
    names.insert(code_name(static_cast<Code>(code)));
  EXPECT_EQ(names.size(), static_cast<std::size_t>(Code::kInternal) + 1);
}

TEST(CheckDeathTest, AbortsAndSaysWhere) {
  EXPECT_DEATH(BULLA_ASSERT(1 == 2), "1 == 2 does not hold .*base_test.cc");
}

TEST(Clock, ManualClockMovesWhenMoved) {
  ManualClock clock(1000);
  clock.advance(kMinute);
  EXPECT_EQ(clock.now(), 61'000);
  clock.set(5);
  EXPECT_EQ(clock.now(), 5);
  EXPECT_GT(SystemClock().now(), 1'700'000'000'000) << "milliseconds since 1970";
}

TEST(Random, FailureIsHandedOn) {
  test::FailingRandom random(1);
  EXPECT_TRUE(random_array<4>(random));
  EXPECT_FALSE(random_array<4>(random));
  EXPECT_FALSE(random_secret(random, 4));
}

TEST(Random, FillsMoreThanOneCallGives) {
  SystemRandom random;
  Bytes out(1000);
  ASSERT_TRUE(random.fill(out));
  EXPECT_NE(Bytes(out.end() - 16, out.end()), Bytes(16));
}

}  // namespace
}  // namespace bulla
