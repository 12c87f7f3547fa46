#include "keys/registering.h"

#include <gtest/gtest.h>

#include "keys/test_world.h"

namespace bulla::keys {
namespace {

using test::must;
using test::prove;

class RegisteringTest : public testing::Test {
 protected:
  RecipientResult result_of(const Organisation& organisation, NewEnvelope envelope) {
    return must(Registering(t.world).register_envelopes(organisation, {std::move(envelope)})).at(0).recipients.at(0);
  }
  std::vector<store::Share> shares(std::uint8_t id, const std::string& who) {
    return t.get([&](store::Reader& r) { return r.shares(test::envelope_id(id), who); });
  }
  void register_bob() { bob.register_with(prove(t, "bob@example.org").ticket, t.world); }

  test::TestWorld t;
  test::Person bob{"bob@example.org", "secret"};
  const ByteArray<16> share{1, 2, 3};
};

TEST_F(RegisteringTest, AShareForAStrangerWaitsUnderTheReleaseKey) {
  EXPECT_EQ(t.register_one(1, t.recipient("Bob@Example.ORG", share)), Registration::kRegistered);
  const auto kept = shares(1, "bob@example.org");
  ASSERT_EQ(kept.size(), 1u);
  EXPECT_EQ(kept[0].holder, t.release_key.holder());
  EXPECT_TRUE(equal_public(must(t.release_key.open_share(kept[0].stanza)).reveal(), share));
}

TEST_F(RegisteringTest, TheSameAgainIsRegistered) {
  const auto to = t.recipient("bob@example.org", share);
  EXPECT_EQ(t.register_one(1, to), Registration::kRegistered);
  EXPECT_EQ(t.register_one(1, to), Registration::kRegistered);
  // Sealed anew, it looks different and is the same.
  EXPECT_EQ(t.register_one(1, t.recipient("bob@example.org", share)), Registration::kRegistered);
  EXPECT_EQ(shares(1, "bob@example.org").size(), 1u);
}

TEST_F(RegisteringTest, AnotherShareUnderTheSameIdAndAddressIsRefused) {
  EXPECT_EQ(t.register_one(1, t.recipient("bob@example.org", share)), Registration::kRegistered);
  EXPECT_EQ(t.register_one(1, t.recipient("bob@example.org", ByteArray<16>{9})), Registration::kRefused);
  EXPECT_TRUE(equal_public(must(t.release_key.open_share(shares(1, "bob@example.org").at(0).stanza)).reveal(), share));
}

TEST_F(RegisteringTest, AShareThatArrivesAfterTheActivationIsSealedAgain) {
  EXPECT_EQ(t.register_one(1, t.recipient("bob@example.org", share)), Registration::kRegistered);
  const auto late = t.recipient("bob@example.org", ByteArray<16>{4, 5});
  register_bob();
  EXPECT_EQ(t.register_one(2, late), Registration::kRegistered);
  const auto kept = shares(2, "bob@example.org");
  ASSERT_EQ(kept.size(), 1u);
  EXPECT_EQ(kept[0].holder, bob.recipient());
  EXPECT_FALSE(t.release_key.open_share(kept[0].stanza));
  EXPECT_EQ(bob.open(kept[0].stanza), to_bytes(ByteArray<16>{4, 5}));
  // The gateway lost the answer and asks again.
  EXPECT_EQ(t.register_one(2, late), Registration::kRegistered);
  EXPECT_EQ(t.register_one(1, t.recipient("bob@example.org", share)), Registration::kRegistered);
  EXPECT_EQ(shares(2, "bob@example.org"), kept);
}

TEST_F(RegisteringTest, AShareSealedToThePersonIsKeptAsItIs) {
  EXPECT_EQ(t.register_one(1, t.recipient("bob@example.org", share)), Registration::kRegistered);
  register_bob();
  const auto direct = t.recipient("bob@example.org", share, bob.recipient());
  EXPECT_EQ(t.register_one(2, direct), Registration::kRegistered);
  EXPECT_EQ(shares(2, "bob@example.org").at(0).stanza, direct.share.stanza);
  // Sealed again after a lost answer: the later one counts.
  const auto again = t.recipient("bob@example.org", share, bob.recipient());
  EXPECT_EQ(t.register_one(2, again), Registration::kRegistered);
  EXPECT_EQ(shares(2, "bob@example.org").at(0).stanza, again.share.stanza);
  EXPECT_EQ(shares(2, "bob@example.org").size(), 1u);
}

TEST_F(RegisteringTest, AKeyThatIsNotCurrentIsOutdated) {
  test::Person eve("eve@example.org", "x");
  const auto other_release = ReleaseKey(must(age::X25519Identity::generate(t.random)));
  auto to_old_release = t.recipient("bob@example.org", share);
  to_old_release.share.to = other_release.holder();
  EXPECT_EQ(t.register_one(1, to_old_release), Registration::kOutdated);
  // A person's key for somebody without an account, and another person's for somebody with one.
  EXPECT_EQ(t.register_one(1, t.recipient("bob@example.org", share, bob.recipient())), Registration::kOutdated);
  EXPECT_EQ(t.register_one(1, t.recipient("bob@example.org", share)), Registration::kRegistered);
  register_bob();
  EXPECT_EQ(t.register_one(1, t.recipient("bob@example.org", share, eve.recipient())), Registration::kOutdated);
  EXPECT_EQ(shares(1, "bob@example.org").at(0).holder, bob.recipient());
}

TEST_F(RegisteringTest, WhatCanNeverBeRegisteredIsRefusedWithAReason) {
  const auto good = [&] { return t.envelope(1, {t.recipient("bob@example.org", share)}); };
  struct Row {
    const char* title;
    std::function<void(NewEnvelope&)> change;
    const char* reason;
  };
  const std::vector<Row> rows = {
      {"recipient malformed", [](NewEnvelope& e) { e.recipients[0].address = "bob"; }, "malformed"},
      {"sender malformed", [](NewEnvelope& e) { e.sender = "ann"; }, "malformed"},
      {"sender of another domain", [](NewEnvelope& e) { e.sender = "ann@other.example"; }, "domain"},
      {"sender of a subdomain", [](NewEnvelope& e) { e.sender = "ann@sub.acme.example"; }, "domain"},
      {"expired already", [](NewEnvelope& e) { e.expires = test::kStart; }, "expired"},
      {"recipient empty", [](NewEnvelope& e) { e.recipients[0].address = ""; }, "malformed"},
      {"sender empty", [](NewEnvelope& e) { e.sender = ""; }, "malformed"},
      {"stanza too long", [](NewEnvelope& e) { e.recipients[0].share.stanza.append(1000, 'A'); }, "too long"},
      {"no stanza", [](NewEnvelope& e) { e.recipients[0].share.stanza = "hello"; }, ""},
      {"a stanza of another type", [](NewEnvelope& e) { e.recipients[0].share.stanza = "-> scrypt a b\nAAAA\n"; },
       "X25519"},
      {"not sealed to the release key",
       [&](NewEnvelope& e) {
         e.recipients[0].share.stanza = t.recipient("bob@example.org", share, bob.recipient()).share.stanza;
       },
       "does not open"},
      {"a share of another size",
       [](NewEnvelope& e) {
         auto stanza = must(age::parse_stanza(e.recipients[0].share.stanza));
         stanza.body.resize(48);
         e.recipients[0].share.stanza = age::stanza_text(stanza);
       },
       "16 bytes"},
  };
  for (const auto& row : rows) {
    auto envelope = good();
    row.change(envelope);
    const auto result = result_of(t.acme, envelope);
    EXPECT_EQ(result.status, Registration::kRefused) << row.title;
    EXPECT_NE(result.reason.find(row.reason), std::string::npos) << row.title << ": " << result.reason;
    EXPECT_FALSE(t.get([](store::Reader& r) { return r.envelope(test::envelope_id(1)); })) << row.title;
  }
  EXPECT_EQ(result_of(t.acme, good()).status, Registration::kRegistered);
}

TEST_F(RegisteringTest, AnIdBelongsToOneOrganisation) {
  EXPECT_EQ(t.register_one(1, t.recipient("bob@example.org", share)), Registration::kRegistered);
  auto stolen = t.envelope(1, {t.recipient("eve@example.org", share)});
  stolen.sender = "mallory@other.example";
  const auto result = result_of(test::organisation("other", "other.example"), stolen);
  EXPECT_EQ(result.status, Registration::kRefused);
  EXPECT_TRUE(shares(1, "eve@example.org").empty());
}

TEST_F(RegisteringTest, ARecipientMayBeAddedLater) {
  EXPECT_EQ(t.register_one(1, t.recipient("bob@example.org", share)), Registration::kRegistered);
  EXPECT_EQ(t.register_one(1, t.recipient("eve@example.org", ByteArray<16>{8})), Registration::kRegistered);
  EXPECT_EQ(shares(1, "bob@example.org").size(), 1u);
  EXPECT_EQ(shares(1, "eve@example.org").size(), 1u);
}

TEST_F(RegisteringTest, AnExpiredEnvelopeIsNotRevived) {
  EXPECT_EQ(t.register_one(1, t.recipient("bob@example.org", share)), Registration::kRegistered);
  t.clock.advance(90 * kDay);
  must(t.memory.write([&](store::Transaction& tx) -> Result<> {
    BULLA_TRY(const int n, tx.expire(t.clock.now(), 10));
    (void)n;
    return {};
  }));
  auto again = t.envelope(1, {t.recipient("bob@example.org", share)});
  again.expires = t.clock.now() + kDay;
  EXPECT_EQ(result_of(t.acme, again).status, Registration::kRefused);
  EXPECT_TRUE(shares(1, "bob@example.org").empty());
}

TEST_F(RegisteringTest, EachRecipientOfABatchHasAResultInOrder) {
  auto first = t.envelope(1, {t.recipient("bob@example.org", share), t.recipient("broken", share),
                              t.recipient("eve@example.org", share, bob.recipient())});
  auto second = t.envelope(2, {t.recipient("bob@example.org", share)});
  second.sender = "x@other.example";
  const auto results = must(Registering(t.world).register_envelopes(t.acme, {first, second}));
  ASSERT_EQ(results.size(), 2u);
  ASSERT_EQ(results[0].recipients.size(), 3u);
  EXPECT_EQ(results[0].id, test::envelope_id(1));
  EXPECT_EQ(results[0].recipients[0].status, Registration::kRegistered);
  EXPECT_EQ(results[0].recipients[1].address, "broken");
  EXPECT_EQ(results[0].recipients[1].status, Registration::kRefused);
  EXPECT_EQ(results[0].recipients[2].status, Registration::kOutdated);
  EXPECT_EQ(results[1].recipients[0].status, Registration::kRefused);
}

TEST_F(RegisteringTest, TheDirectoryKnowsThoseWhoHaveRegistered) {
  EXPECT_EQ(t.register_one(1, t.recipient("bob@example.org", share)), Registration::kRegistered);
  register_bob();
  const auto keys =
      must(Registering(t.world).directory({"BOB@example.org", "eve@example.org", "broken", "bob@example.org"}));
  EXPECT_EQ(keys.size(), 2u);
  EXPECT_EQ(keys.at("BOB@example.org"), std::vector{bob.recipient()});
  EXPECT_EQ(keys.at("bob@example.org"), std::vector{bob.recipient()});
}

}  // namespace
}  // namespace bulla::keys
