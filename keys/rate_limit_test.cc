#include "keys/rate_limit.h"

#include <gtest/gtest.h>

namespace bulla::keys {
namespace {

constexpr Millis kNow = 1'800'000'000'000;

TEST(RateLimiterTest, AllowsABurstThenOneEachInterval) {
  RateLimiter limiter({3, 10 * kSecond}, {1});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(limiter.take("bob", kNow), 0) << i;
  EXPECT_EQ(limiter.take("bob", kNow), 10 * kSecond);
  EXPECT_EQ(limiter.take("bob", kNow + 4 * kSecond), 6 * kSecond);
  EXPECT_EQ(limiter.take("bob", kNow + 10 * kSecond), 0);
  EXPECT_EQ(limiter.take("bob", kNow + 10 * kSecond), 10 * kSecond);
  // After a long time the whole burst is there again, and no more.
  for (int i = 0; i < 3; ++i) EXPECT_EQ(limiter.take("bob", kNow + kHour), 0) << i;
  EXPECT_NE(limiter.take("bob", kNow + kHour), 0);
}

TEST(RateLimiterTest, KeysHaveLimitsOfTheirOwn) {
  RateLimiter limiter({1, kMinute}, {1});
  EXPECT_EQ(limiter.take("bob", kNow), 0);
  EXPECT_NE(limiter.take("bob", kNow), 0);
  EXPECT_EQ(limiter.take("eve", kNow), 0);
}

TEST(RateLimiterTest, ARefusalCountsNothing) {
  RateLimiter limiter({1, kMinute}, {1});
  EXPECT_EQ(limiter.take("bob", kNow), 0);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(limiter.take("bob", kNow), kMinute);
  EXPECT_EQ(limiter.take("bob", kNow + kMinute), 0);
}

TEST(RateLimiterTest, AClockThatIsSetBackLocksNobodyOut) {
  RateLimiter limiter({2, kMinute}, {1});
  EXPECT_EQ(limiter.take("bob", kNow), 0);
  EXPECT_EQ(limiter.take("bob", kNow), 0);
  EXPECT_LE(limiter.take("bob", kNow - kDay), kMinute);
  EXPECT_EQ(limiter.take("bob", kNow - kDay + kMinute), 0);
}

TEST(RateLimiterTest, ManyKeysLeaveOthersAlone) {
  RateLimiter limiter({5, kMinute}, {1});
  for (int i = 0; i < 1000; ++i)
    for (int n = 0; n < 10; ++n) (void)limiter.take("attacker " + std::to_string(i), kNow);
  int refused = 0;
  for (int i = 0; i < 1000; ++i) refused += limiter.take("honest " + std::to_string(i), kNow) != 0;
  // Two places out of 131072 each: less than one in ten thousand shares both with an attacker.
  EXPECT_LT(refused, 5);
}

TEST(NetworkOfTest, IsWhatBelongsToOneCustomer) {
  struct Row {
    const char* address;
    const char* network;
  };
  const Row rows[] = {{"192.0.2.77", "192.0.2.0/24"},
                      {"127.0.0.1", "127.0.0.0/24"},
                      {"2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"},
                      {"2001:db8:1:2::9", "2001:db8:1:2::/64"},
                      {"::1", "::/64"},
                      {"::ffff:192.0.2.77", "192.0.2.0/24"},
                      {"", ""},
                      {"unknown", "unknown"}};
  for (const auto& row : rows) EXPECT_EQ(network_of(row.address), row.network);
}

TEST(SiteOfTest, IsTheLargerNetworkOfIpv6Only) {
  EXPECT_EQ(site_of("2001:db8:1:2::/64"), "2001:db8:1::/48");
  EXPECT_EQ(site_of("2001:db8:1::/64"), "2001:db8:1::/48");
  EXPECT_EQ(site_of("::/64"), "::/48");
  for (const auto* other : {"192.0.2.0/24", "", "unknown", "/64", "x/64", "192.0.2.0/64"})
    EXPECT_EQ(site_of(other), "");
}

TEST(NetworkLimiterTest, TheManyNetworksOfASiteAreLimitedTogether) {
  NetworkLimiter limiter({5, kMinute}, {1});
  int taken = 0;
  for (int network = 0; network < 1000; ++network) {
    const auto from = network_of("2001:db8:1:" + std::to_string(network) + "::1");
    for (int i = 0; i < 10; ++i) taken += limiter.take(from, kNow) == 0;
  }
  EXPECT_EQ(taken, 50);
  EXPECT_EQ(limiter.take(network_of("2001:db8:2::1"), kNow), 0) << "another site";
  for (int network = 0; network < 256; ++network)
    EXPECT_EQ(limiter.take(network_of("10.1." + std::to_string(network) + ".1"), kNow), 0) << "IPv4 has no sites";
}

TEST(LimitsTest, GuessingFromOneNetworkStopsBeforeTheOwnerIsLockedOut) {
  SystemRandom random;
  const auto limits = Limits::make(random).value().release();
  const std::unique_ptr<Limits> owner(limits);
  int guesses = 0;
  while (limits->sign_in("bob@example.org", "192.0.2.0/24", kNow) == 0) ++guesses;
  EXPECT_EQ(guesses, 10);
  EXPECT_EQ(limits->sign_in("bob@example.org", "198.51.100.0/24", kNow), 0);
  EXPECT_EQ(limits->sign_in("eve@example.org", "192.0.2.0/24", kNow), 0);
}

TEST(LimitsTest, WhoGuessesFromOneNetworkForDaysLocksNobodyOut) {
  SystemRandom random;
  auto limits = Limits::make(random);
  ASSERT_TRUE(limits);
  int guesses = 0;
  for (Millis at = kNow; at < kNow + 2 * kDay; at += 5 * kSecond) {
    guesses += (*limits)->sign_in("bob@example.org", "192.0.2.0/24", at) == 0;
    if (at % kHour < 5 * kSecond) {
      EXPECT_EQ((*limits)->sign_in("bob@example.org", "198.51.100.0/24", at), 0);
    }
  }
  EXPECT_GT(guesses, 1000) << "it is held up, not shut out";
}

TEST(LimitsTest, GuessingFromManyNetworksStopsToo) {
  SystemRandom random;
  auto limits = Limits::make(random);
  ASSERT_TRUE(limits);
  int guesses = 0;
  for (int network = 0; network < 1000; ++network)
    guesses += (*limits)->sign_in("bob@example.org", "network " + std::to_string(network), kNow) == 0;
  EXPECT_EQ(guesses, 30);
}

}  // namespace
}  // namespace bulla::keys
