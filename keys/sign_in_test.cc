#include "keys/sign_in.h"

#include <gmock/gmock.h>

#include <set>

#include "keys/test_world.h"
#include "store/failing_store.h"

namespace bulla::keys {
namespace {

using test::must;
using test::prove;

class SignInTest : public testing::Test {
 protected:
  SignInTest() {
    EXPECT_EQ(t.register_one(1, t.recipient("bob@example.org", ByteArray<16>{1})), Registration::kRegistered);
    account = bob.make_account(prove(t, "bob@example.org").ticket, t.world);
    must(Accounts(t.world).finish(account, t.asker));
  }
  Answer<SignedIn> finish(const test::Person::Login& login) { return sign_in.finish(login.started.login, login.ke3); }
  static void expect_sign_in(const Answer<SignedIn>& answer) {
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ProblemCode::kSignIn);
  }

  test::TestWorld t;
  test::Person bob{"bob@example.org", "secret"};
  NewAccount account;
  SignIn sign_in{t.world};
  Sessions sessions{t.world};
};

TEST_F(SignInTest, TheRightPasswordOpensASession) {
  const auto signed_in = must(finish(bob.log_in(t.world, t.asker)));
  EXPECT_EQ(signed_in.session.address, "bob@example.org");
  EXPECT_EQ(signed_in.recipient, bob.recipient());
  EXPECT_EQ(signed_in.identity, account.identity);
  EXPECT_EQ(must(sessions.check(signed_in.session.session)), "bob@example.org");
}

TEST_F(SignInTest, AWrongPasswordIsFoundByTheClientAndRefusedHere) {
  auto login = bob.log_in(t.world, t.asker, "wrong");
  EXPECT_TRUE(login.ke3.empty());
  login.ke3 = Bytes(64, 1);
  expect_sign_in(finish(login));
}

TEST_F(SignInTest, AnAddressWithoutAnAccountLooksTheSame) {
  test::Person stranger("stranger@example.org", "secret");
  const auto real = bob.log_in(t.world, t.asker, "wrong");
  const auto fake = stranger.log_in(t.world, t.asker);
  EXPECT_TRUE(fake.ke3.empty());
  EXPECT_EQ(fake.started.message.size(), real.started.message.size());
  // The token grows with the address that was asked for, and with nothing else.
  const auto grown = std::string("stranger@example.org").size() - std::string("bob@example.org").size();
  EXPECT_EQ(decode_base64url(fake.started.login)->size(), decode_base64url(real.started.login)->size() + grown);
  expect_sign_in(sign_in.finish(fake.started.login, Bytes(64, 1)));
}

// Counts operations by failing at ever later ones.
template <class Question>
int operations(test::TestWorld& t, const Question& question) {
  store::FailingStore failing(t.memory);
  for (int n = 0;; ++n) {
    failing.fail_at(n);
    const auto answer = question(SignIn(t.with_store(failing)));
    if (answer || answer.error().code != ProblemCode::kUnavailable) return n;
  }
}

TEST_F(SignInTest, EveryAddressIsTheSameWorkForTheStore) {
  EXPECT_EQ(t.register_one(2, t.recipient("eve@example.org", ByteArray<16>{2})), Registration::kRegistered);
  const auto ke1 = must(opaque::start_login(as_bytes("guess"), t.random)).ke1.serialize();
  std::set<int> to_start;
  std::set<int> to_refuse;
  for (const std::string who : {"bob@example.org", "eve@example.org", "stranger@example.org"}) {
    to_start.insert(
        operations(t, [&](const SignIn& asked) { return asked.start(test::address(who), ke1, {"start " + who}); }));
    const auto login = must(sign_in.start(test::address(who), ke1, {"finish " + who})).login;
    to_refuse.insert(operations(t, [&](const SignIn& asked) { return asked.finish(login, Bytes(64, 1)); }));
  }
  EXPECT_THAT(to_start, testing::SizeIs(1));
  EXPECT_THAT(to_refuse, testing::ElementsAre(0)) << "the store is not asked before the password is proved";
}

TEST_F(SignInTest, TheOprfOfAnAddressStaysTheSameWithoutAnAccountToo) {
  const auto ke1 = must(opaque::start_login(as_bytes("guess"), t.random)).ke1.serialize();
  const auto evaluated = [&](const char* who) {
    return must(opaque::Ke2::parse(must(sign_in.start(test::address(who), ke1, t.asker)).message)).response.evaluated;
  };
  EXPECT_EQ(evaluated("stranger@example.org"), evaluated("stranger@example.org"));
  EXPECT_EQ(evaluated("bob@example.org"), evaluated("Bob@Example.org"));
  EXPECT_NE(evaluated("stranger@example.org"), evaluated("bob@example.org"));
}

TEST_F(SignInTest, EachBitOfTokenAndMessageCounts) {
  const auto login = bob.log_in(t.world, t.asker);
  for (std::size_t i = 0; i < login.ke3.size(); ++i) {
    Bytes changed = login.ke3;
    changed[i] ^= 0x10;
    expect_sign_in(sign_in.finish(login.started.login, changed));
  }
  const auto token = *decode_base64url(login.started.login);
  for (std::size_t i = 0; i < token.size(); ++i) {
    Bytes changed = token;
    changed[i] ^= 0x01;
    expect_sign_in(sign_in.finish(base64url(changed), login.ke3));
  }
  for (const char* other : {"", "AAAA", "not base64url!"}) expect_sign_in(sign_in.finish(other, login.ke3));
  EXPECT_EQ(sign_in.finish(login.started.login, Bytes(63)).error().code, ProblemCode::kBadRequest);
  EXPECT_TRUE(finish(login));
}

TEST_F(SignInTest, ALoginOfOnePersonDoesNotFitAnother) {
  EXPECT_EQ(t.register_one(1, t.recipient("eve@example.org", ByteArray<16>{2})), Registration::kRegistered);
  test::Person eve("eve@example.org", "secret");
  eve.register_with(prove(t, "eve@example.org").ticket, t.world);
  const auto of_bob = bob.log_in(t.world, t.asker);
  const auto of_eve = eve.log_in(t.world, t.asker);
  expect_sign_in(sign_in.finish(of_bob.started.login, of_eve.ke3));
  expect_sign_in(sign_in.finish(of_eve.started.login, of_bob.ke3));
}

TEST_F(SignInTest, ALoginIsGoodForFiveMinutes) {
  const auto login = bob.log_in(t.world, t.asker);
  t.clock.advance(5 * kMinute);
  expect_sign_in(finish(login));
}

TEST_F(SignInTest, TheSameAgainIsTheSameSessionUntilItIsEnded) {
  const auto login = bob.log_in(t.world, t.asker);
  const auto first = must(finish(login)).session.session;
  EXPECT_EQ(must(finish(login)).session.session, first);
  must(sessions.end(first));
  expect_sign_in(finish(login));
  EXPECT_FALSE(sessions.check(first));
}

TEST_F(SignInTest, TwoSignInsAreTwoSessions) {
  const auto first = must(finish(bob.log_in(t.world, t.asker))).session.session;
  const auto second = must(finish(bob.log_in(t.world, t.asker))).session.session;
  EXPECT_NE(first, second);
  must(sessions.end(first));
  EXPECT_FALSE(sessions.check(first));
  EXPECT_TRUE(sessions.check(second));
}

TEST_F(SignInTest, GuessesAreLimitedForStrangersAsForMembers) {
  for (const char* who : {"bob@example.org", "stranger@example.org"}) {
    test::TestWorld fresh;
    test::Person person(who, "x");
    int guesses = 0;
    try {
      for (; guesses < 100; ++guesses) person.log_in(fresh.world, fresh.asker);
    } catch (const std::runtime_error&) {
    }
    EXPECT_EQ(guesses, 10) << who;
  }
}

TEST_F(SignInTest, RefusesWhatIsNoKe1) {
  for (const std::size_t size : {0, 95, 97}) {
    const auto answer = sign_in.start(test::address("bob@example.org"), Bytes(size), t.asker);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ProblemCode::kBadRequest);
  }
}

TEST_F(SignInTest, ASessionEndsAfterFifteenIdleMinutes) {
  const auto session = must(finish(bob.log_in(t.world, t.asker))).session.session;
  t.clock.advance(15 * kMinute - 1);
  EXPECT_TRUE(sessions.check(session));
  t.clock.advance(15 * kMinute - 1);
  EXPECT_TRUE(sessions.check(session));
  t.clock.advance(15 * kMinute);
  EXPECT_FALSE(sessions.check(session));
}

TEST_F(SignInTest, ASessionEndsAfterEightHoursOfUse) {
  const auto session = must(finish(bob.log_in(t.world, t.asker))).session.session;
  const Millis end = t.clock.now() + 8 * kHour;
  while (t.clock.now() + 10 * kMinute < end) {
    t.clock.advance(10 * kMinute);
    ASSERT_TRUE(sessions.check(session));
  }
  t.clock.set(end - 1);
  EXPECT_TRUE(sessions.check(session));
  t.clock.set(end);
  EXPECT_FALSE(sessions.check(session));
}

TEST_F(SignInTest, NothingElseIsASession) {
  const auto session = must(finish(bob.log_in(t.world, t.asker))).session.session;
  for (const std::string& other : {std::string(), session.substr(1), session + "A", std::string(1000, 'A')})
    EXPECT_FALSE(sessions.check(other));
  EXPECT_TRUE(sessions.end("never was"));
}

}  // namespace
}  // namespace bulla::keys
