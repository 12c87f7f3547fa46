#include "core/age/file.h"

#include <gtest/gtest.h>

#include "core/age/test_support.h"
#include "core/age/x25519.h"
#include "core/base/test_random.h"

namespace bulla::age {
namespace {

using test::in_pieces;
using test::into;
using test::pattern;

class File : public ::testing::Test {
 protected:
  Result<Bytes> open_streamed(ByteView file, std::size_t step) {
    Bytes out;
    FileOpener opener({&identity_}, into(out));
    BULLA_CHECK_OK(in_pieces(file, step, [&](ByteView piece) { return opener.write(piece); }));
    BULLA_CHECK_OK(opener.finish());
    return out;
  }

  bulla::test::FixedRandom random_;
  X25519Identity identity_ = *X25519Identity::generate(random_);
};

TEST_F(File, SealAndOpen) {
  for (std::size_t size : {0ul, 1ul, 1000ul, kChunkSize - 1, kChunkSize, kChunkSize + 1, 5 * kChunkSize + 3}) {
    SCOPED_TRACE(size);
    const auto plaintext = pattern(size);
    auto sealed = seal(plaintext, {&identity_.recipient()}, random_);
    ASSERT_TRUE(sealed);
    auto opened = open(*sealed, {&identity_});
    ASSERT_TRUE(opened) << opened.error().text;
    EXPECT_TRUE(equal_public(opened->reveal(), plaintext));
    for (std::size_t step : {1ul, 100ul, 70'000ul, 1ul << 30}) {
      auto streamed = open_streamed(*sealed, step);
      ASSERT_TRUE(streamed) << step;
      EXPECT_EQ(*streamed, plaintext);
    }
  }
}

TEST_F(File, StreamedSealingIsTheSame) {
  const auto plaintext = pattern(200'000);
  bulla::test::FixedRandom a(7), b(7);
  Bytes streamed;
  const Recipient* recipients[] = {&identity_.recipient()};
  auto sealer = FileSealer::start(recipients, a, into(streamed));
  ASSERT_TRUE(sealer);
  ASSERT_TRUE(in_pieces(plaintext, 777, [&](ByteView piece) { return sealer->write(piece); }));
  ASSERT_TRUE(sealer->finish());
  EXPECT_EQ(streamed, *seal(plaintext, {&identity_.recipient()}, b));
}

TEST_F(File, EachCutIsRefusedWholeAndStreamed) {
  auto sealed = *seal(pattern(100), {&identity_.recipient()}, random_);
  for (std::size_t size = 0; size < sealed.size(); ++size) {
    auto cut = ByteView(sealed).first(size);
    auto whole = open(cut, {&identity_});
    auto streamed = open_streamed(cut, 1);
    ASSERT_FALSE(whole) << size;
    ASSERT_FALSE(streamed) << size;
    EXPECT_EQ(whole.error().code, streamed.error().code) << size;
  }
}

TEST_F(File, EachChangedByteIsRefused) {
  auto sealed = *seal(pattern(100), {&identity_.recipient()}, random_);
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    auto changed = sealed;
    changed[i] ^= 1;
    EXPECT_FALSE(open(changed, {&identity_})) << i;
    EXPECT_FALSE(open_streamed(changed, 50)) << i;
  }
}

TEST_F(File, HeaderIsThereOnceItIsComplete) {
  auto sealed = *seal(pattern(10), {&identity_.recipient()}, random_);
  const auto size = **header_size(sealed);
  Bytes out;
  FileOpener opener({&identity_}, into(out));
  ASSERT_TRUE(opener.write(ByteView(sealed).first(size - 1)));
  EXPECT_FALSE(opener.header());
  ASSERT_TRUE(opener.write(ByteView(sealed).subspan(size - 1, 1)));
  ASSERT_TRUE(opener.header());
  EXPECT_EQ(opener.header()->stanzas.size(), 1u);
  ASSERT_TRUE(opener.write(ByteView(sealed).subspan(size)));
  EXPECT_TRUE(opener.finish());
  EXPECT_EQ(out, pattern(10));
}

TEST_F(File, AnErrorStaysAndGarbageIsNotKept) {
  FileOpener opener({&identity_}, [](ByteView) -> Result<> { return {}; });
  EXPECT_FALSE(opener.write(Bytes(10'000'000, 'x')));
  EXPECT_FALSE(opener.write(as_bytes("age-encryption.org/v1\n")));
  EXPECT_FALSE(opener.finish());
}

TEST_F(File, AFileForAnotherCannotBeFollowedByOneForUs) {
  auto other = *X25519Identity::generate(random_);
  auto theirs = *seal(pattern(10), {&other.recipient()}, random_);
  auto ours = *seal(pattern(10), {&identity_.recipient()}, random_);
  Bytes out;
  FileOpener opener({&identity_}, into(out));
  auto first = opener.write(theirs);
  ASSERT_FALSE(first);
  EXPECT_EQ(first.error().code, Code::kDenied);
  EXPECT_EQ(opener.write(ours).error().code, Code::kDenied);
  EXPECT_EQ(opener.finish().error().code, Code::kDenied);
  EXPECT_TRUE(out.empty());
}

TEST_F(File, FailingRandomnessSealsNothing) {
  int good = 0;
  for (;; ++good) {
    bulla::test::FailingRandom random(good);
    auto sealed = seal(as_bytes("hello"), {&identity_.recipient()}, random);
    if (sealed) break;
    EXPECT_EQ(sealed.error().code, Code::kUnavailable);
  }
  EXPECT_EQ(good, 3) << "file key, ephemeral key, nonce";
}

}  // namespace
}  // namespace bulla::age
