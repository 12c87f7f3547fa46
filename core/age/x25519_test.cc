#include "core/age/x25519.h"

#include <gtest/gtest.h>

#include "core/age/bech32.h"
#include "core/base/encoding.h"
#include "core/base/test_random.h"

namespace bulla::age {
namespace {

// The example keys of C2SP age, §X25519.
constexpr std::string_view kSecret = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX";
constexpr std::string_view kPublic = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj";
constexpr ByteArray<kFileKeySize> kFileKey = {9, 8, 7};

TEST(X25519Keys, ExampleOfTheSpecification) {
  auto identity = X25519Identity::parse(kSecret);
  ASSERT_TRUE(identity);
  EXPECT_EQ(as_text(identity->text().reveal()), kSecret);
  EXPECT_EQ(identity->recipient().text(), kPublic);
  auto recipient = X25519Recipient::parse(kPublic);
  ASSERT_TRUE(recipient);
  EXPECT_EQ(recipient->key(), identity->recipient().key());
  EXPECT_EQ(as_text(identity->clone().text().reveal()), kSecret);
}

TEST(X25519Keys, OtherTextsAreRefused) {
  const auto lower = to_string(bech32_encode("age-secret-key-", Bytes(32, 1)).reveal());
  const auto upper = to_string(bech32_encode("AGE", Bytes(32, 1)).reveal());
  const auto shorter = to_string(bech32_encode("AGE-SECRET-KEY-", Bytes(31, 1)).reveal());
  const auto longer = to_string(bech32_encode("age", Bytes(33, 1)).reveal());
  const auto hybrid = to_string(bech32_encode("AGE-SECRET-KEY-PQ-", Bytes(32, 1)).reveal());
  for (auto& text : {lower, upper, shorter, longer, hybrid, std::string(), std::string(kPublic) + "\n",
                     " " + std::string(kSecret), std::string("age1")}) {
    auto identity = X25519Identity::parse(text);
    auto recipient = X25519Recipient::parse(text);
    ASSERT_FALSE(identity) << text;
    ASSERT_FALSE(recipient) << text;
    EXPECT_EQ(identity.error().text.find("AGE-SECRET-KEY"), std::string::npos) << "a mistyped secret is not repeated";
  }
  EXPECT_FALSE(X25519Identity::parse(kPublic));
  EXPECT_FALSE(X25519Recipient::parse(kSecret));
  EXPECT_FALSE(X25519Identity::from_scalar(Bytes(31)));
}

Stanza wrapped(const X25519Recipient& recipient) {
  bulla::test::FixedRandom random;
  return *recipient.wrap(kFileKey, random);
}

TEST(X25519Keys, WrapAndUnwrap) {
  auto identity = *X25519Identity::parse(kSecret);
  auto stanza = wrapped(identity.recipient());
  EXPECT_EQ(stanza.type, "X25519");
  EXPECT_EQ(stanza.args.size(), 1u);
  EXPECT_EQ(stanza.body.size(), 32u);
  const Stanza stanzas[] = {
      {"other", {}, Bytes(32)},
      wrapped(*X25519Recipient::parse("age1t7rxyev2z3rw82stdlrrepyc39nvn86l5078zqkf5uasdy86jp6svpy7pa")),
      stanza};
  auto unwrapped = identity.unwrap(stanzas);
  ASSERT_TRUE(unwrapped && *unwrapped);
  EXPECT_TRUE(equal_public((*unwrapped)->reveal(), kFileKey));
}

TEST(X25519Keys, NotMineAndMalformedDiffer) {
  auto identity = *X25519Identity::parse(kSecret);
  const auto good = wrapped(identity.recipient());
  struct Row {
    const char* title;
    Stanza stanza;
    bool malformed;
  };
  auto with_arguments = [&](std::vector<std::string> arguments) { return Stanza{good.type, arguments, good.body}; };
  auto with_body = [&](Bytes body) { return Stanza{good.type, good.args, std::move(body)}; };
  auto flipped = good.body;
  flipped[3] ^= 1;
  auto longer = good.body;
  longer.push_back(0);
  const Row rows[] = {
      {"another type", {"X25519-next", good.args, good.body}, false},
      {"type in lower case", {"x25519", good.args, good.body}, false},
      {"damaged body", with_body(flipped), false},
      {"another share", with_arguments({base64_raw(Bytes(32, 9))}), false},
      {"no argument", with_arguments({}), true},
      {"two arguments", with_arguments({good.args[0], "more"}), true},
      {"short share", with_arguments({base64_raw(Bytes(31, 9))}), true},
      {"long share", with_arguments({base64_raw(Bytes(33, 9))}), true},
      {"padded share", with_arguments({good.args[0] + "="}), true},
      {"share of low order", with_arguments({base64_raw(Bytes(32, 0))}), true},
      {"short body", with_body(Bytes(31)), true},
      {"long body", with_body(longer), true},
      {"no body", with_body({}), true},
  };
  for (auto& row : rows) {
    SCOPED_TRACE(row.title);
    auto result = identity.unwrap({&row.stanza, 1});
    EXPECT_EQ(result.has_value(), !row.malformed);
    if (result)
      EXPECT_FALSE(*result);
    else
      EXPECT_EQ(result.error().code, Code::kInvalid);
  }
}

TEST(X25519Keys, WrapRefusesWhatItCannotSealTo) {
  bulla::test::FixedRandom random;
  EXPECT_FALSE(X25519Recipient(crypto::X25519Public{}).wrap(kFileKey, random)) << "a point of low order";
  EXPECT_FALSE(X25519Recipient::parse(kPublic)->wrap(Bytes(32), random)) << "a file key is 16 bytes";
  bulla::test::FailingRandom none(0);
  EXPECT_FALSE(X25519Recipient::parse(kPublic)->wrap(kFileKey, none));
  EXPECT_FALSE(X25519Identity::generate(none));
}

}  // namespace
}  // namespace bulla::age
