#include "keys/opening.h"

#include <gtest/gtest.h>

#include "keys/housekeeping.h"
#include "keys/test_world.h"
#include "store/failing_store.h"

namespace bulla::keys {
namespace {

using test::address;
using test::envelope_id;
using test::must;
using test::prove;

class OpeningTest : public testing::Test {
 protected:
  OpeningTest() { EXPECT_EQ(t.register_one(1, t.recipient("bob@example.org", share)), Registration::kRegistered); }

  LookState look(std::uint8_t id, const char* who) {
    return must(opening.look(envelope_id(id), address(who), t.asker));
  }
  void register_bob() { bob.register_with(prove(t, "bob@example.org").ticket, t.world); }
  void lock(bool locked) {
    must(t.memory.write([&](store::Transaction& tx) { return tx.set_locked(envelope_id(1), locked); }));
  }
  std::vector<store::Event> events() { return must(Registering(t.world).events(t.acme, 0, 100)); }
  // The problem of a release that must fail.
  Problem refused(std::uint8_t id, const char* who) {
    const auto answer = opening.release(envelope_id(id), who);
    if (answer) throw std::runtime_error("it was released");
    return answer.error();
  }

  test::TestWorld t;
  const ByteArray<16> share{1, 2, 3};
  test::Person bob{"bob@example.org", "secret"};
  Opening opening{t.world};
};

TEST_F(OpeningTest, LookTellsTheStateToListedAddressesOnly) {
  EXPECT_EQ(look(1, "Bob@example.org"), LookState::kRegister);
  EXPECT_EQ(look(1, "eve@example.org"), LookState::kUnknown);
  EXPECT_EQ(look(9, "bob@example.org"), LookState::kUnknown);
  register_bob();
  EXPECT_EQ(look(1, "bob@example.org"), LookState::kSignIn);
  // An account elsewhere does not show either.
  EXPECT_EQ(look(9, "bob@example.org"), LookState::kUnknown);
  lock(true);
  EXPECT_EQ(look(1, "bob@example.org"), LookState::kLocked);
  EXPECT_EQ(look(1, "eve@example.org"), LookState::kUnknown);
  lock(false);
  t.clock.advance(90 * kDay);
  EXPECT_EQ(look(1, "bob@example.org"), LookState::kExpired);
  EXPECT_EQ(look(1, "eve@example.org"), LookState::kUnknown);
}

TEST_F(OpeningTest, LookIsLimitedForEachNetwork) {
  int looks = 0;
  while (opening.look(envelope_id(9), address("x@example.org"), t.asker)) ++looks;
  EXPECT_EQ(looks, 120);
  EXPECT_TRUE(opening.look(envelope_id(9), address("x@example.org"), {"another network"}));
}

TEST_F(OpeningTest, LookAsksTheStoreTheSameQuestionsForEveryAddress) {
  // Counts operations by failing at ever later ones.
  const auto operations = [&](std::uint8_t id, const char* who) {
    store::FailingStore failing(t.memory);
    for (int n = 0;; ++n) {
      failing.fail_at(n);
      if (Opening(t.with_store(failing)).look(envelope_id(id), address(who), {who})) return n;
    }
  };
  const int listed = operations(1, "bob@example.org");
  EXPECT_EQ(operations(1, "eve@example.org"), listed);
  EXPECT_EQ(operations(9, "eve@example.org"), listed);
}

TEST_F(OpeningTest, DetailsAreForListedAddresses) {
  const auto details = must(opening.details(envelope_id(1), "bob@example.org"));
  EXPECT_EQ(details.envelope.sender, "ann@acme.example");
  EXPECT_EQ(details.envelope.sender_name, "Ann");
  EXPECT_EQ(details.organisation_name, "The acme");
  EXPECT_EQ(details.sender_domain, "acme.example");
  EXPECT_EQ(details.state, "open");
  EXPECT_EQ(details.address, "bob@example.org");
  EXPECT_EQ(opening.details(envelope_id(1), "eve@example.org").error().code, ProblemCode::kNotFound);
  EXPECT_EQ(opening.details(envelope_id(9), "bob@example.org").error().code, ProblemCode::kNotFound);
  lock(true);
  EXPECT_EQ(must(opening.details(envelope_id(1), "bob@example.org")).state, "locked");
  t.clock.advance(90 * kDay);
  EXPECT_EQ(must(opening.details(envelope_id(1), "bob@example.org")).state, "expired");
}

TEST_F(OpeningTest, AReleaseGivesTheShareAndWritesTheReceipt) {
  register_bob();
  t.clock.advance(kMinute);
  const auto release = must(opening.release(envelope_id(1), "bob@example.org"));
  ASSERT_EQ(release.stanzas.size(), 1u);
  EXPECT_EQ(bob.open(release.stanzas[0]), to_bytes(share));
  EXPECT_EQ(release.organisation.id, "acme");
  EXPECT_EQ(release.organisation.domains, std::vector<std::string>{"acme.example"});
  EXPECT_EQ(release.organisation.signing_keys.size(), 1u);
  EXPECT_EQ(release.address, "bob@example.org");
  EXPECT_EQ(release.time, t.clock.now());
  ASSERT_EQ(events().size(), 1u);
  EXPECT_EQ(events()[0], (store::Event{"acme", 1, "released", envelope_id(1), "bob@example.org", t.clock.now()}));
  must(opening.release(envelope_id(1), "bob@example.org"));
  EXPECT_EQ(events().size(), 2u);
  EXPECT_TRUE(must(Registering(t.world).events(test::organisation("other", "other.example"), 0, 100)).empty());
}

TEST_F(OpeningTest, NobodyElseGetsARelease) {
  register_bob();
  EXPECT_EQ(refused(1, "eve@example.org").code, ProblemCode::kNotFound);
  EXPECT_EQ(refused(9, "bob@example.org").code, ProblemCode::kNotFound);
  EXPECT_TRUE(events().empty());
}

TEST_F(OpeningTest, ALockedOrExpiredEnvelopeIsNotReleased) {
  register_bob();
  lock(true);
  EXPECT_EQ(refused(1, "bob@example.org").code, ProblemCode::kGone);
  EXPECT_EQ(refused(1, "bob@example.org").state, "locked");
  lock(false);
  must(opening.release(envelope_id(1), "bob@example.org"));
  t.clock.advance(90 * kDay);
  EXPECT_EQ(refused(1, "bob@example.org").state, "expired");
  must(sweep(t.world));
  EXPECT_EQ(refused(1, "bob@example.org").state, "expired");
  EXPECT_EQ(events().size(), 1u);
  EXPECT_TRUE(t.get([&](store::Reader& r) { return r.shares(envelope_id(1), "bob@example.org"); }).empty());
}

TEST_F(OpeningTest, AnOrganisationThatLeftReleasesNothing) {
  register_bob();
  t.organisations.replace(must(Organisations::make({test::organisation("other", "other.example")})));
  EXPECT_EQ(refused(1, "bob@example.org").state, "locked");
  EXPECT_EQ(look(1, "bob@example.org"), LookState::kLocked);
  EXPECT_EQ(must(opening.details(envelope_id(1), "bob@example.org")).state, "locked");
}

TEST_F(OpeningTest, WithoutAReceiptThereIsNoRelease) {
  register_bob();
  store::FailingStore failing(t.memory);
  int n = 0;
  for (;; ++n) {
    failing.fail_at(n);
    const auto answer = Opening(t.with_store(failing)).release(envelope_id(1), "bob@example.org");
    if (answer) break;
    EXPECT_EQ(answer.error().code, ProblemCode::kUnavailable) << n;
    EXPECT_TRUE(events().empty()) << n;
  }
  EXPECT_EQ(n, 6);  // begin, envelope, listing, shares, receipt, commit
  EXPECT_EQ(events().size(), 1u);
}

TEST_F(OpeningTest, AShareThatWaitsIsNeverReleased) {
  // It cannot be asked for by an account, since accounts get theirs handed over; should it happen, it is an error.
  EXPECT_EQ(refused(1, "bob@example.org").code, ProblemCode::kUnavailable);
  EXPECT_TRUE(events().empty());
}

TEST(HousekeepingTest, ADatabaseBelongsToItsKeyFolder) {
  test::TestWorld t;
  must(check_belongs(t.world));
  must(check_belongs(t.world));
  const auto other_secret = must(ServerSecret::from_bytes(ByteArray<32>{8}));
  const auto other_opaque = must(opaque::ServerSetup::generate(t.random));
  const ReleaseKey other_release(must(age::X25519Identity::generate(t.random)));
  const World strangers[] = {
      {t.memory, t.clock, t.random, other_secret, t.release_key, t.opaque, t.organisations, *t.limits},
      {t.memory, t.clock, t.random, t.secret, other_release, t.opaque, t.organisations, *t.limits},
      {t.memory, t.clock, t.random, t.secret, t.release_key, other_opaque, t.organisations, *t.limits}};
  for (const auto& stranger : strangers) {
    const auto result = check_belongs(stranger);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, Code::kInvalid);
  }
}

TEST(HousekeepingTest, SweepForgetsOldRequestsInPages) {
  test::TestWorld t;
  must(t.memory.write([&](store::Transaction& tx) -> Result<> {
    for (int i = 0; i < 1200; ++i) {
      store::CodeRequest request;
      request.id = {static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i)};
      request.created = test::kStart - 26 * kHour;
      BULLA_CHECK_OK(tx.add_code_request(request));
    }
    return {};
  }));
  EXPECT_EQ(must(sweep(t.world)), 1200);
  EXPECT_EQ(must(sweep(t.world)), 0);
}

TEST(OrganisationsTest, SharedIdsDomainsAndTokensAreRefused) {
  const auto acme = test::organisation("acme", "acme.example");
  auto same_domain = test::organisation("b", "acme.example");
  auto same_token = test::organisation("c", "c.example");
  same_token.token_sha256 = acme.token_sha256;
  EXPECT_FALSE(Organisations::make({acme, acme}));
  EXPECT_FALSE(Organisations::make({acme, same_domain}));
  EXPECT_FALSE(Organisations::make({acme, same_token}));
  const auto both = must(Organisations::make({acme, test::organisation("b", "b.example")}));
  EXPECT_EQ(both->find_by_token("token of b"), both->find("b"));
  EXPECT_EQ(both->find_by_token("token of c"), nullptr);
  EXPECT_EQ(both->find_by_token(""), nullptr);
  EXPECT_EQ(both->find("c"), nullptr);
}

}  // namespace
}  // namespace bulla::keys
