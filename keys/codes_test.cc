#include "keys/codes.h"

#include <gtest/gtest.h>

#include <map>

#include "keys/housekeeping.h"
#include "keys/test_world.h"
#include "store/failing_store.h"

namespace bulla::keys {
namespace {

using test::address;
using test::must;
using test::prove;

class CodesTest : public testing::Test {
 protected:
  CodesTest() {
    EXPECT_EQ(t.register_one(1, t.recipient("bob@example.org", ByteArray<16>{1})), Registration::kRegistered);
  }

  Answer<AddressProved> verify(const std::string& request, const std::string& code) {
    return codes.verify(request, code, t.asker);
  }
  // A code of eight digits that is not this one.
  static std::string other_than(std::string code) {
    code[0] = code[0] == '9' ? '0' : static_cast<char>(code[0] + 1);
    return code;
  }

  test::TestWorld t;
  Codes codes{t.world};
};

TEST_F(CodesTest, TheMailedCodeGivesATicketForTheAddress) {
  const auto issued = must(codes.request(address("Bob@Example.ORG"), t.asker));
  EXPECT_EQ(issued.expires_in, 10 * kMinute);
  const auto code = t.mailed_code();
  ASSERT_EQ(code.size(), 8u);
  const auto proved = must(verify(issued.request, code));
  EXPECT_EQ(proved.address, "bob@example.org");
  EXPECT_FALSE(proved.ticket.empty());
}

TEST_F(CodesTest, TheCodeMayBeTypedWithBlanksAndHyphens) {
  const auto issued = must(codes.request(address("bob@example.org"), t.asker));
  const auto code = t.mailed_code();
  EXPECT_TRUE(verify(issued.request, " " + code.substr(0, 4) + " - " + code.substr(4) + " "));
}

TEST_F(CodesTest, WhatIsNoCodeCostsNoTry) {
  const auto issued = must(codes.request(address("bob@example.org"), t.asker));
  for (const auto* typed : {"", "1234567", "123456789", "1234567a", "１２３４５６７８"}) {
    const auto answer = verify(issued.request, typed);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ProblemCode::kBadRequest) << typed;
  }
  EXPECT_FALSE(verify(issued.request, std::string(100, ' ') + t.mailed_code()));
  EXPECT_TRUE(verify(issued.request, t.mailed_code()));
}

TEST_F(CodesTest, FiveWrongTriesUseItUp) {
  const auto issued = must(codes.request(address("bob@example.org"), t.asker));
  const auto code = t.mailed_code();
  for (int left = 4; left >= 0; --left) {
    const auto answer = verify(issued.request, other_than(code));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ProblemCode::kWrongCode);
    EXPECT_EQ(answer.error().tries_left, left);
  }
  const auto answer = verify(issued.request, code);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ProblemCode::kGone);
}

TEST_F(CodesTest, ACodeIsGoodForTenMinutes) {
  const auto issued = must(codes.request(address("bob@example.org"), t.asker));
  t.clock.advance(10 * kMinute - 1);
  EXPECT_TRUE(verify(issued.request, t.mailed_code()));
  t.clock.advance(1);
  const auto late = verify(issued.request, t.mailed_code());
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ProblemCode::kGone);
}

TEST_F(CodesTest, ACodeBelongsToTheRequestThatItWasMadeFor) {
  const auto first = must(codes.request(address("bob@example.org"), t.asker));
  const auto first_code = t.mailed_code();
  const auto second = must(codes.request(address("bob@example.org"), t.asker));
  ASSERT_NE(t.mailed_code(), first_code);
  EXPECT_EQ(verify(second.request, first_code).error().code, ProblemCode::kWrongCode);
  EXPECT_EQ(verify("nonsense", first_code).error().code, ProblemCode::kGone);
  EXPECT_TRUE(verify(first.request, first_code));
}

TEST_F(CodesTest, TheRightCodeAgainGivesTheSameTicket) {
  const auto issued = must(codes.request(address("bob@example.org"), t.asker));
  const auto code = t.mailed_code();
  const auto ticket = must(verify(issued.request, code)).ticket;
  EXPECT_EQ(must(verify(issued.request, code)).ticket, ticket);
  // Its tries still count.
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(verify(issued.request, other_than(code)));
  EXPECT_EQ(verify(issued.request, code).error().code, ProblemCode::kGone);
}

TEST_F(CodesTest, AnUnlistedAddressLooksTheSameAndGetsNoMail) {
  const auto issued = must(codes.request(address("stranger@example.org"), t.asker));
  EXPECT_EQ(issued.expires_in, 10 * kMinute);
  const auto mails = t.get([](store::Reader& r) { return r.outbox(INT64_MAX, 10); });
  ASSERT_EQ(mails.size(), 1u);
  EXPECT_EQ(mails[0].kind, store::MailKind::kNone);
  // Even somebody who guessed the code of such a request gets no ticket.
  const auto code = to_string(must(t.secret.open(Use::kMail, mails[0].body)).reveal());
  for (int left = 4; left >= 0; --left) {
    const auto answer = verify(issued.request, code);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ProblemCode::kWrongCode);
    EXPECT_EQ(answer.error().tries_left, left);
  }
  EXPECT_EQ(verify(issued.request, code).error().code, ProblemCode::kGone);
}

TEST_F(CodesTest, ARegisteredAddressIsToldSoByMail) {
  test::Person bob("bob@example.org", "secret");
  bob.register_with(prove(t, "bob@example.org").ticket, t.world);
  const auto issued = must(codes.request(address("bob@example.org"), t.asker));
  const auto mails = t.get([](store::Reader& r) { return r.outbox(INT64_MAX, 10); });
  EXPECT_EQ(mails.back().kind, store::MailKind::kHasAccount);
  const auto code = to_string(must(t.secret.open(Use::kMail, mails.back().body)).reveal());
  EXPECT_EQ(verify(issued.request, code).error().code, ProblemCode::kWrongCode);
}

TEST_F(CodesTest, EveryAddressIsTheSameWorkForTheStore) {
  test::Person bob("bob@example.org", "secret");
  EXPECT_EQ(t.register_one(2, t.recipient("eve@example.org", ByteArray<16>{2})), Registration::kRegistered);
  bob.register_with(prove(t, "bob@example.org").ticket, t.world);
  // Counts operations by failing at ever later ones.
  const auto operations = [&](const char* who) {
    store::FailingStore failing(t.memory);
    for (int n = 0;; ++n) {
      failing.fail_at(n);
      if (Codes(t.with_store(failing)).request(address(who), {who})) return n;
    }
  };
  const int registered = operations("bob@example.org");
  EXPECT_EQ(operations("eve@example.org"), registered);
  EXPECT_EQ(operations("stranger@example.org"), registered);
}

TEST_F(CodesTest, AWrongCodeIsTheSameWorkForTheStore) {
  test::Person bob("bob@example.org", "secret");
  EXPECT_EQ(t.register_one(2, t.recipient("eve@example.org", ByteArray<16>{2})), Registration::kRegistered);
  bob.register_with(prove(t, "bob@example.org").ticket, t.world);
  const auto operations = [&](const char* who) {
    const auto issued = must(codes.request(address(who), {who}));
    store::FailingStore failing(t.memory);
    for (int n = 0;; ++n) {
      failing.fail_at(n);
      const auto answer = Codes(t.with_store(failing)).verify(issued.request, "00000000", {who});
      if (!answer && answer.error().code == ProblemCode::kUnavailable) continue;
      EXPECT_FALSE(answer) << who;
      if (!answer) EXPECT_EQ(answer.error().tries_left, kCodeTries - 1) << who;
      return n;
    }
  };
  const int listed = operations("eve@example.org");
  EXPECT_EQ(operations("bob@example.org"), listed);
  EXPECT_EQ(operations("stranger@example.org"), listed);
}

TEST_F(CodesTest, AnAddressInLockedOrExpiredEnvelopesOnlyGetsNoCode) {
  must(t.memory.write([](store::Transaction& tx) { return tx.set_locked(test::envelope_id(1), true); }));
  must(codes.request(address("bob@example.org"), t.asker));
  EXPECT_EQ(t.mailed_code(), "");
  must(t.memory.write([](store::Transaction& tx) { return tx.set_locked(test::envelope_id(1), false); }));
  t.clock.advance(90 * kDay);
  must(codes.request(address("bob@example.org"), t.asker));
  EXPECT_EQ(t.mailed_code(), "");
}

TEST_F(CodesTest, FiveRequestsAnHourAndTwentyADay) {
  for (const std::string who : {"bob@example.org", "stranger@example.org"}) {
    test::TestWorld fresh;
    Codes limited(fresh.world);
    int allowed = 0;
    for (int minute = 0; minute < 24 * 60; ++minute) {
      const auto answer = limited.request(address(who), fresh.asker);
      if (answer)
        ++allowed;
      else
        EXPECT_EQ(answer.error().code, ProblemCode::kTooMany);
      if (!answer) EXPECT_GT(answer.error().retry_after, 0);
      if (minute == 30) EXPECT_EQ(allowed, 5) << who;
      fresh.clock.advance(kMinute);
    }
    EXPECT_EQ(allowed, 20) << who;
    fresh.clock.advance(kDay);
    must(sweep(fresh.world));
    EXPECT_TRUE(limited.request(address(who), fresh.asker)) << who;
  }
}

TEST_F(CodesTest, ANetworkIsLimitedWhateverItAsksFor) {
  int allowed = 0;
  for (int i = 0; i < 3600; ++i) {
    allowed += codes.request(address("user" + std::to_string(i) + "@example.org"), t.asker).has_value();
    t.clock.advance(kSecond);
  }
  EXPECT_EQ(allowed, kCodesPerNetworkHour);
  EXPECT_TRUE(codes.request(address("bob@example.org"), {"198.51.100.0/24"}));
}

TEST_F(CodesTest, LimitsOutliveARestart) {
  for (int i = 0; i < 5; ++i) must(codes.request(address("bob@example.org"), t.asker));
  // A new process has new limiters, and the same store.
  const auto limits = must(Limits::make(t.random));
  World world{t.memory, t.clock, t.random, t.secret, t.release_key, t.opaque, t.organisations, *limits};
  EXPECT_FALSE(Codes(world).request(address("bob@example.org"), {"203.0.113.0/24"}));
}

TEST(MakeCodeTest, DrawsAgainAboveTheLastFullRange) {
  // Scripted gives the bytes it was told to.
  struct Scripted final : Random {
    Result<> fill(MutableBytes out) override {
      for (auto& byte : out) byte = bytes.at(used++);
      return {};
    }
    Bytes bytes;
    std::size_t used = 0;
  };
  struct Row {
    const char* title;
    Bytes drawn;
    const char* code;
    std::size_t used;
  };
  const std::vector<Row> rows = {
      {"zero", {0, 0, 0, 0}, "00000000", 4},
      {"the first number of the second range", {0x05, 0xf5, 0xe1, 0x00}, "00000000", 4},
      {"one below it", {0x05, 0xf5, 0xe0, 0xff}, "99999999", 4},
      {"the last of the last full range", {0xfa, 0x56, 0xe9, 0xff}, "99999999", 4},
      {"beyond: drawn again", {0xfa, 0x56, 0xea, 0x00, 0, 0, 0, 5}, "00000005", 8},
      {"the largest: drawn again", {0xff, 0xff, 0xff, 0xff, 0, 0, 0x30, 0x39}, "00012345", 8},
  };
  for (const auto& row : rows) {
    Scripted random;
    random.bytes = row.drawn;
    const auto code = make_code(random);
    ASSERT_TRUE(code) << row.title;
    EXPECT_EQ(as_text(code->reveal()), row.code) << row.title;
    EXPECT_EQ(random.used, row.used) << row.title;
  }
}

}  // namespace
}  // namespace bulla::keys
