#include "keys/server_secret.h"

#include <gtest/gtest.h>

#include <set>

#include "core/base/test_random.h"

namespace bulla::keys {
namespace {

ServerSecret secret_of(std::uint8_t byte) {
  return std::move(*ServerSecret::from_bytes(Bytes(ServerSecret::kSize, byte)));
}

TEST(ServerSecretTest, TakesItsSizeOnly) {
  EXPECT_FALSE(ServerSecret::from_bytes(Bytes(31)));
  EXPECT_FALSE(ServerSecret::from_bytes(Bytes(33)));
}

TEST(ServerSecretTest, DigestsDependOnSecretUseAndWherePartsEnd) {
  const auto secret = secret_of(1);
  const auto a = as_bytes("a");
  const auto b = as_bytes("b");
  const auto ab = as_bytes("ab");
  const std::set<store::Digest> all = {secret.digest(Use::kCode, {a, b}),   secret.digest(Use::kCode, {ab}),
                                       secret.digest(Use::kCode, {ab, {}}), secret.digest(Use::kTicket, {a, b}),
                                       secret.digest(Use::kCode, {b, a}),   secret_of(2).digest(Use::kCode, {a, b})};
  EXPECT_EQ(all.size(), 6u);
  EXPECT_EQ(secret.digest(Use::kCode, {a, b}), secret_of(1).digest(Use::kCode, {a, b}));
}

TEST(ServerSecretTest, OpensWhatItSealed) {
  SystemRandom random;
  const auto secret = secret_of(1);
  for (const std::size_t size : {0, 1, 8, 1000}) {
    const Bytes plain(size, 0x5a);
    const auto sealed = secret.seal(Use::kMail, plain, random);
    ASSERT_TRUE(sealed);
    const auto opened = secret.open(Use::kMail, *sealed);
    ASSERT_TRUE(opened);
    EXPECT_TRUE(equal_public(opened->reveal(), plain));
  }
}

TEST(ServerSecretTest, OpensNothingElse) {
  SystemRandom random;
  const auto secret = secret_of(1);
  const auto sealed = *secret.seal(Use::kMail, as_bytes("12345678"), random);
  EXPECT_FALSE(secret.open(Use::kLogin, sealed));
  EXPECT_FALSE(secret_of(2).open(Use::kMail, sealed));
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    Bytes changed = sealed;
    changed[i] ^= 1;
    const auto opened = secret.open(Use::kMail, changed);
    ASSERT_FALSE(opened) << i;
    EXPECT_EQ(opened.error().code, Code::kAuthentic);
    EXPECT_FALSE(secret.open(Use::kMail, ByteView(sealed).first(i))) << i;
  }
}

TEST(ServerSecretTest, FailsWithTheRandomness) {
  bulla::test::FailingRandom random(0);
  EXPECT_FALSE(secret_of(1).seal(Use::kMail, as_bytes("x"), random));
}

TEST(ServerSecretTest, NamesForLogsTellNothing) {
  const auto name = secret_of(1).name_for_log("bob@example.org");
  EXPECT_EQ(name.size(), 12u);
  EXPECT_EQ(name, secret_of(1).name_for_log("bob@example.org"));
  EXPECT_NE(name, secret_of(2).name_for_log("bob@example.org"));
}

}  // namespace
}  // namespace bulla::keys
