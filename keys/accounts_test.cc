#include "keys/accounts.h"

#include <gtest/gtest.h>

#include "keys/test_world.h"
#include "store/failing_store.h"

namespace bulla::keys {
namespace {

using test::must;
using test::prove;

constexpr std::uint8_t kIds[] = {1, 2, 3};

class AccountsTest : public testing::Test {
 protected:
  AccountsTest() {
    for (const auto id : kIds)
      EXPECT_EQ(t.register_one(id, t.recipient("bob@example.org", ByteArray<16>{id})), Registration::kRegistered);
    EXPECT_EQ(t.register_one(1, t.recipient("eve@example.org", ByteArray<16>{9})), Registration::kRegistered);
  }
  std::vector<store::Share> shares(std::uint8_t id, const std::string& who) {
    return t.get([&](store::Reader& r) { return r.shares(test::envelope_id(id), who); });
  }
  bool all_handed_over() {
    for (const auto id : kIds) {
      const auto kept = shares(id, "bob@example.org");
      if (kept.size() != 1 || kept[0].holder != bob.recipient()) return false;
      if (bob.open(kept[0].stanza) != to_bytes(ByteArray<16>{id})) return false;
      if (t.release_key.open_share(kept[0].stanza)) return false;
    }
    return true;
  }
  // Whether everything is as it was before a registration.
  bool nothing_happened() {
    for (const auto id : kIds) {
      const auto kept = shares(id, "bob@example.org");
      if (kept.size() != 1 || kept[0].holder != t.release_key.holder()) return false;
    }
    return !t.get([](store::Reader& r) { return r.account("bob@example.org"); });
  }

  test::TestWorld t;
  test::Person bob{"bob@example.org", "secret"};
};

TEST_F(AccountsTest, RegisteringHandsEveryWaitingShareOver) {
  const auto session = bob.register_with(prove(t, "bob@example.org").ticket, t.world);
  EXPECT_EQ(session.address, "bob@example.org");
  EXPECT_EQ(session.expires_in, 15 * kMinute);
  EXPECT_EQ(must(Sessions(t.world).check(session.session)), "bob@example.org");
  EXPECT_TRUE(all_handed_over());
  EXPECT_EQ(shares(1, "eve@example.org").at(0).holder, t.release_key.holder());
  const auto waiting = t.get([](store::Reader& r) { return r.waiting_shares("bob@example.org", {}, 10); });
  EXPECT_TRUE(waiting.empty());
}

TEST_F(AccountsTest, HundredsOfWaitingSharesAreHandedOver) {
  for (int i = 0; i < 450; ++i) {
    auto envelope = t.envelope(0, {t.recipient("carol@example.org", ByteArray<16>{})});
    envelope.id = {static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i), 77};
    must(t.memory.write([&](store::Transaction& tx) -> Result<> {
      BULLA_CHECK_OK(tx.add_envelope({envelope.id, "acme", "a@acme.example", "", 0, {}, 0, false}));
      BULLA_CHECK_OK(tx.put_listing({envelope.id, "carol@example.org", {}, 0}));
      return tx.put_share(
          {envelope.id, "carol@example.org", t.release_key.holder(), envelope.recipients[0].share.stanza});
    }));
  }
  test::Person carol("carol@example.org", "x");
  carol.register_with(prove(t, "carol@example.org").ticket, t.world);
  const auto waiting = t.get([](store::Reader& r) { return r.waiting_shares("carol@example.org", {}, 1000); });
  EXPECT_TRUE(waiting.empty());
}

TEST_F(AccountsTest, AFailureAtAnyOperationLeavesAllOrNothing) {
  const auto ticket = prove(t, "bob@example.org").ticket;
  const auto account = bob.make_account(ticket, t.world);
  store::FailingStore failing(t.memory);
  int n = 0;
  for (;; ++n) {
    failing.fail_at(n);
    const auto answer = Accounts(t.with_store(failing)).finish(account, t.asker);
    if (answer) break;
    ASSERT_EQ(answer.error().code, ProblemCode::kUnavailable) << n;
    ASSERT_FALSE(answer.error().cause.empty()) << n;
    ASSERT_TRUE(nothing_happened()) << n;
  }
  EXPECT_GT(n, 10);
  EXPECT_TRUE(all_handed_over());
}

TEST_F(AccountsTest, ALostAnswerIsGivenAgain) {
  const auto ticket = prove(t, "bob@example.org").ticket;
  const auto account = bob.make_account(ticket, t.world);
  const auto first = must(Accounts(t.world).finish(account, t.asker));
  const auto again = must(Accounts(t.world).finish(account, t.asker));
  EXPECT_NE(first.session, again.session);
  EXPECT_EQ(must(Sessions(t.world).check(again.session)), "bob@example.org");
  EXPECT_TRUE(all_handed_over());
}

TEST_F(AccountsTest, ATicketIsGoodForOneAccount) {
  const auto ticket = prove(t, "bob@example.org").ticket;
  const auto account = bob.make_account(ticket, t.world);
  must(Accounts(t.world).finish(account, t.asker));
  auto other = account;
  other.recipient = test::Person("bob@example.org", "x").recipient();
  const auto answer = Accounts(t.world).finish(other, t.asker);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ProblemCode::kConflict);
  const auto start = Accounts(t.world).start(ticket, Bytes(32), t.asker);
  ASSERT_FALSE(start);
  EXPECT_TRUE(all_handed_over());
}

TEST_F(AccountsTest, ASecondTicketDoesNotReplaceAnAccount) {
  const auto first = prove(t, "bob@example.org").ticket;
  const auto second = prove(t, "bob@example.org").ticket;
  const auto account = bob.make_account(second, t.world);
  bob.register_with(first, t.world);
  auto replayed = account;
  EXPECT_EQ(Accounts(t.world).finish(replayed, t.asker).error().code, ProblemCode::kConflict);
  SystemRandom random;
  const auto request = must(opaque::start_registration(as_bytes("x"), random)).request.serialize();
  EXPECT_EQ(Accounts(t.world).start(second, request, t.asker).error().code, ProblemCode::kConflict);
}

TEST_F(AccountsTest, ATicketIsGoodForFifteenMinutes) {
  const auto ticket = prove(t, "bob@example.org").ticket;
  const auto account = bob.make_account(ticket, t.world);
  t.clock.advance(15 * kMinute);
  EXPECT_EQ(Accounts(t.world).finish(account, t.asker).error().code, ProblemCode::kGone);
  EXPECT_TRUE(nothing_happened());
  t.clock.advance(-1);
  EXPECT_TRUE(Accounts(t.world).finish(account, t.asker));
}

TEST_F(AccountsTest, NothingElseIsATicket) {
  const auto ticket = prove(t, "bob@example.org").ticket;
  auto account = bob.make_account(ticket, t.world);
  for (const auto& other : {std::string(), std::string("x"), ticket.substr(1)}) {
    account.ticket = other;
    EXPECT_EQ(Accounts(t.world).finish(account, t.asker).error().code, ProblemCode::kGone) << other;
  }
}

TEST_F(AccountsTest, RefusesWhatItCouldNotUse) {
  const auto ticket = prove(t, "bob@example.org").ticket;
  const auto good = bob.make_account(ticket, t.world);
  struct Row {
    const char* title;
    std::function<void(NewAccount&)> change;
  };
  const std::vector<Row> rows = {
      {"record cut", [](NewAccount& a) { a.record.pop_back(); }},
      {"record extended", [](NewAccount& a) { a.record.push_back(0); }},
      {"record that is no group element", [](NewAccount& a) { std::fill_n(a.record.begin(), 32, 0xff); }},
      {"recipient of another kind", [](NewAccount& a) { a.recipient = "release:abc"; }},
      {"recipient with a typing mistake",
       [](NewAccount& a) { a.recipient.back() = a.recipient.back() == 'q' ? 'p' : 'q'; }},
      {"recipient of low order", [](NewAccount& a) { a.recipient = age::X25519Recipient({}).text(); }},
      {"identity empty", [](NewAccount& a) { a.identity.clear(); }},
      {"identity that is no age file", [](NewAccount& a) { a.identity = to_bytes("AGE-SECRET-KEY-1"); }},
      {"identity without a payload",
       [](NewAccount& a) {
         Reader in(a.identity);
         must(age::read_header(in));
         a.identity.resize(a.identity.size() - in.rest().size());
       }},
      {"identity too large", [](NewAccount& a) { a.identity.resize(kMaxIdentity + 1); }},
  };
  for (const auto& row : rows) {
    auto account = good;
    row.change(account);
    const auto answer = Accounts(t.world).finish(account, t.asker);
    ASSERT_FALSE(answer) << row.title;
    EXPECT_EQ(answer.error().code, ProblemCode::kBadRequest) << row.title << ": " << answer.error().message;
    EXPECT_TRUE(nothing_happened()) << row.title;
  }
  EXPECT_EQ(Accounts(t.world).start(ticket, Bytes(31), t.asker).error().code, ProblemCode::kBadRequest);
  EXPECT_EQ(Accounts(t.world).start(ticket, Bytes(32, 0xff), t.asker).error().code, ProblemCode::kBadRequest);
}

TEST_F(AccountsTest, WithoutATicketNothingIsLookedAtOrWritten) {
  store::FailingStore watched(t.memory);
  watched.fail_at(2);  // the question for the ticket is answered; nothing else is asked
  NewAccount nonsense{"no ticket", {}, "no recipient", {}};
  EXPECT_EQ(Accounts(t.with_store(watched)).finish(nonsense, t.asker).error().code, ProblemCode::kGone);
  EXPECT_FALSE(watched.has_failed());
}

TEST_F(AccountsTest, RegistrationIsLimitedByNetwork) {
  const NewAccount nonsense{"no ticket", {}, "no recipient", {}};
  const Accounts accounts(t.world);
  const Asker eve{"203.0.113.0/24"};
  int answered = 0;
  for (int i = 0; i < 100; ++i) answered += accounts.finish(nonsense, eve).error().code == ProblemCode::kGone;
  EXPECT_EQ(answered, 60);
  EXPECT_EQ(accounts.finish(nonsense, eve).error().code, ProblemCode::kTooMany);
  EXPECT_EQ(accounts.start("no ticket", Bytes(32), eve).error().code, ProblemCode::kTooMany);
  EXPECT_EQ(accounts.finish(nonsense, t.asker).error().code, ProblemCode::kGone) << "others are served";
}

TEST_F(AccountsTest, WithAnotherReleaseKeyNothingIsDestroyed) {
  const auto ticket = prove(t, "bob@example.org").ticket;
  const auto account = bob.make_account(ticket, t.world);
  const ReleaseKey other(must(age::X25519Identity::generate(t.random)));
  const World wrong{t.memory, t.clock, t.random, t.secret, other, t.opaque, t.organisations, *t.limits};
  const auto answer = Accounts(wrong).finish(account, t.asker);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ProblemCode::kUnavailable);
  EXPECT_TRUE(nothing_happened());
}

}  // namespace
}  // namespace bulla::keys
