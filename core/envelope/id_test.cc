#include "core/envelope/id.h"

#include <gtest/gtest.h>

#include "core/envelope/padme.h"
#include "core/envelope/testing.h"

namespace bulla::envelope {
namespace {

TEST(EnvelopeId, CarriesTheTimeAndRoundTrips) {
  ManualClock clock(1'795'507'200'123);
  testing::SeededRandom random("id");
  const auto id = EnvelopeId::make(clock, random);
  ASSERT_TRUE(id);
  EXPECT_EQ(id->time(), 1'795'507'200'123);
  EXPECT_EQ(id->text().size(), EnvelopeId::kTextSize);
  EXPECT_EQ(EnvelopeId::parse(id->text()), *id);
  EXPECT_EQ(EnvelopeId::from_bytes(id->bytes()), *id);
  EXPECT_NE(*EnvelopeId::make(clock, random), *id);
  clock.advance(1);
  EXPECT_GT(*EnvelopeId::make(clock, random), *id);
}

TEST(EnvelopeId, RefusesOtherTexts) {
  const std::string good = "AaHFQ3L7AAECAwQFBgcICQoLDA0ODw";
  ASSERT_TRUE(EnvelopeId::parse(good));
  for (const auto& [title, text] : {std::pair<std::string, std::string>{"empty", ""},
                                    {"shorter", good.substr(1)},
                                    {"longer", good + "A"},
                                    {"padded", good.substr(0, 29) + "="},
                                    {"standard alphabet", "+" + good.substr(1)},
                                    {"bits behind the last byte", good.substr(0, 29) + "x"}})
    EXPECT_FALSE(EnvelopeId::parse(text)) << title;
}

TEST(EnvelopeId, FailsWithoutRandomness) {
  testing::FailingRandom random(0);
  EXPECT_EQ(EnvelopeId::make(ManualClock(0), random).error().code, Code::kUnavailable);
}

TEST(Padme, FollowsTheRule) {
  struct Row {
    std::uint64_t length, padded;
  };
  for (const auto& [length, padded] :
       {Row{0, 0},
        {1, 1},
        {2, 2},
        {8, 8},
        {9, 10},
        {15, 16},
        {16, 16},
        {17, 18},
        {100, 104},
        {1000, 1024},
        {1024, 1024},
        {1025, 1088},
        {65536, 65536},
        {65537, 67584},
        {1'000'000, 1'015'808},
        {50'000'000, 50'331'648},
        {(std::uint64_t{1} << 40) + 1, (std::uint64_t{1} << 40) + (std::uint64_t{1} << 34)}})
    EXPECT_EQ(padme(length), padded) << length;
}

TEST(Padme, IsMonotonousAndStable) {
  std::uint64_t before = 0;
  for (std::uint64_t length = 0; length < 100'000; ++length) {
    const auto padded = padme(length);
    ASSERT_GE(padded, length);
    ASSERT_GE(padded, before);
    ASSERT_EQ(padme(padded), padded);
    ASSERT_LE(padded * 100, length * 112 + 100);
    before = padded;
  }
}

}  // namespace
}  // namespace bulla::envelope
