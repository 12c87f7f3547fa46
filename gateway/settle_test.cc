#include "gateway/settle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "queue/failing_queue.h"
#include "queue/memory_queue.h"

namespace bulla::gateway {
namespace {

using queue::Stage;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class SettleTest : public testing::Test {
 protected:
  SettleTest() {
    settings_.hostname = "gw.acme.example";
    settings_.queue.retry_first = 1000;
    settings_.queue.retry_max = 8000;
    settings_.queue.expires = kHour;
  }

  // put queues a message for two recipients and claims both.
  Loaded put(Stage stage, smtp::ReversePath sender = smtp::Mailbox{"ann", "acme.example"}) {
    Record record;
    record.sender = std::move(sender);
    record.size = 4;
    record.fields = "From: ann@acme.example\r\n";
    record.subject = "Subject: Hi\r\n";
    record.sealed = SealedPart{"id", {"ann@acme.example", ""}, 0, std::nullopt};
    for (const auto* local : {"bob", "carol"}) {
      record.recipients.push_back(
          {{local, "x.example"}, Secret::copy_of(as_bytes("header")), Secret::copy_of(as_bytes("share"))});
    }
    auto draft = *inner_.create(queue::BodyForm::kPayload, 4);
    EXPECT_TRUE(draft->write(as_bytes("MARK")));
    const std::vector stages = {stage, stage};
    EXPECT_TRUE(draft->commit(encode(record).reveal(), stages));
    return *load(house_, inner_.claim(stage, clock_.now(), 9));
  }

  void settle_first(const Loaded& message, Ending ending, const std::string& diagnostic = "550 5.1.1 no such user") {
    settle(house_, message, {{message.claims.at(0), ending, "5.1.1", diagnostic}});
  }

  // Everything that waits for delivery, as text.
  std::vector<std::string> bounces() {
    std::vector<std::string> out;
    for (const auto& claim : inner_.claim(Stage::kDeliver, clock_.now() + kDay, 99)) {
      const auto record = *decode(inner_.record(claim.id)->reveal());
      if (!record.report) continue;
      EXPECT_FALSE(record.sender);
      EXPECT_EQ(record.recipients.at(0).address.text(), "ann@acme.example");
      out.push_back(to_string(*(*inner_.body(claim.id))->next()));
    }
    return out;
  }

  Record record_of(const Loaded& message) { return *decode(inner_.record(message.id)->reveal()); }

  SystemRandom random_;
  ManualClock clock_{1'700'000'000'000};
  Settings settings_;
  Keys keys_{*crypto::Ed25519Key::generate(random_), *age::X25519Identity::generate(random_), Secret(32), Secret(1)};
  queue::MemoryQueue inner_{random_, clock_};
  queue::FailingQueue queue_{inner_};
  net::Loop loop_;
  net::Workers workers_{1};
  std::vector<std::string> lines_;
  program::Log log_{"test", program::Level::kDebug, [this](std::string_view line) { lines_.emplace_back(line); }};
  House house_{settings_, keys_, queue_, loop_, workers_, random_, clock_, log_};
};

TEST_F(SettleTest, RegisteredIsDueForDelivery) {
  const auto message = put(Stage::kRegister);
  settle_first(message, Ending::kNext);
  EXPECT_EQ(inner_.stats().to_deliver, 1u);
  EXPECT_EQ(inner_.next_due(Stage::kDeliver), clock_.now());
}

TEST_F(SettleTest, DeliveredIsDone) {
  const auto message = put(Stage::kDeliver);
  settle_first(message, Ending::kNext);
  EXPECT_EQ(inner_.stats().to_deliver, 1u);
  settle(house_, message, {{message.claims.at(1), Ending::kNext, "", ""}});
  EXPECT_EQ(inner_.stats().messages, 0u);
}

TEST_F(SettleTest, WaitsGrowUpToTheLongest) {
  auto message = put(Stage::kDeliver);
  for (const Millis wait : {1000, 2000, 4000, 8000, 8000}) {
    settle_first(message, Ending::kAgain);
    const auto due = *inner_.next_due(Stage::kDeliver) - clock_.now();
    EXPECT_LE(due, wait);
    EXPECT_GE(due, wait * 3 / 4);
    clock_.advance(due);
    message = *load(house_, inner_.claim(Stage::kDeliver, clock_.now(), 9));
  }
  EXPECT_THAT(bounces(), IsEmpty());
}

TEST_F(SettleTest, SoonIsAtOnceButNotForEver) {
  auto message = put(Stage::kRegister);
  for (int i = 0; i < 5; ++i) {
    settle_first(message, Ending::kSoon);
    EXPECT_EQ(inner_.next_due(Stage::kRegister), clock_.now());
    message = *load(house_, inner_.claim(Stage::kRegister, clock_.now(), 9));
  }
  settle_first(message, Ending::kSoon);
  EXPECT_GT(inner_.next_due(Stage::kRegister), clock_.now());
}

TEST_F(SettleTest, FailureTellsTheSenderAndNothingElse) {
  const auto message = put(Stage::kDeliver);
  settle_first(message, Ending::kFail);
  EXPECT_EQ(inner_.stats().messages, 2u) << "carol's, and the bounce";
  const auto told = bounces();
  ASSERT_THAT(told, SizeIs(1));
  for (const auto* part : {"bob@x.example", "5.1.1", "no such user", "Subject: Hi", "multipart/report"})
    EXPECT_THAT(told[0], HasSubstr(part));
  EXPECT_THAT(told[0], Not(HasSubstr("carol")));
  EXPECT_THAT(told[0], Not(HasSubstr("MARK")));
}

TEST_F(SettleTest, WhatWaitedTooLongFails) {
  const auto message = put(Stage::kDeliver);
  clock_.advance(kHour + 1);
  settle_first(message, Ending::kAgain, "451 4.3.0 later");
  const auto told = bounces();
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_THAT(told[0], HasSubstr("5.4.7"));
  EXPECT_THAT(told[0], HasSubstr("451 4.3.0 later"));
}

TEST_F(SettleTest, NobodyIsToldWithoutAReturnPath) {
  const auto message = put(Stage::kDeliver, std::nullopt);
  settle_first(message, Ending::kFail);
  EXPECT_THAT(bounces(), IsEmpty());
  EXPECT_THAT(lines_.back(), HasSubstr("bounce.dropped"));
}

TEST_F(SettleTest, AFailureThatCannotBeToldStays) {
  for (std::uint64_t at = 0; at < 3; ++at) {
    const auto message = put(Stage::kDeliver);
    queue_.fail_at(at);
    settle_first(message, Ending::kFail);
    EXPECT_EQ(inner_.stats().to_deliver, 2 * (at + 1)) << "both are still there, and no bounce";
    EXPECT_THAT(bounces(), IsEmpty());
  }
}

TEST_F(SettleTest, AUsedShareLeavesTheRecordWithTheFirstFailedDelivery) {
  const auto message = put(Stage::kDeliver);
  settle_first(message, Ending::kAgain);
  EXPECT_TRUE(record_of(message).recipients[0].server_share.empty());
  EXPECT_FALSE(record_of(message).recipients[1].server_share.empty());
  EXPECT_EQ(as_text(record_of(message).recipients[0].header.reveal()), "header");
  // The other one was loaded before; its settling must not bring the share back.
  settle(house_, message, {{message.claims.at(1), Ending::kAgain, "", ""}});
  EXPECT_TRUE(record_of(message).recipients[0].server_share.empty());
  EXPECT_TRUE(record_of(message).recipients[1].server_share.empty());
}

TEST_F(SettleTest, AShareThatIsNotRegisteredStays) {
  const auto message = put(Stage::kRegister);
  settle_first(message, Ending::kAgain);
  EXPECT_FALSE(record_of(message).recipients[0].server_share.empty());
}

TEST_F(SettleTest, AClockThatIsPutBackHoldsNothingUp) {
  const auto message = put(Stage::kDeliver);
  settle_first(message, Ending::kAgain);
  EXPECT_THAT(house_.claim(Stage::kDeliver, 9), SizeIs(0)) << "it waits";
  clock_.advance(-365 * kDay);
  // Not even while another one waits for a time that is near.
  const auto other = put(Stage::kDeliver);
  settle_first(other, Ending::kAgain);
  const auto claims = house_.claim(Stage::kDeliver, 9);
  ASSERT_THAT(claims, SizeIs(1));
  EXPECT_EQ(claims[0].id, message.id);
}

TEST_F(SettleTest, ADiskThatDoesNotWorkIsLogged) {
  const auto message = put(Stage::kDeliver);
  queue_.fail_at(0);
  settle_first(message, Ending::kNext);
  EXPECT_THAT(lines_.back(), HasSubstr("queue.update_failed"));
  EXPECT_EQ(inner_.stats().to_deliver, 1u) << "it is not delivered again by this process";
}

TEST_F(SettleTest, ARecordThatCannotBeReadIsNotTriedAgain) {
  const auto message = put(Stage::kDeliver);
  inner_.release(message.claims[0], clock_.now());
  ASSERT_TRUE(inner_.update(message.id, std::vector<queue::Change>(), as_bytes("rubbish")));
  EXPECT_FALSE(load(house_, inner_.claim(Stage::kDeliver, clock_.now(), 9)));
  EXPECT_THAT(inner_.claim(Stage::kDeliver, clock_.now(), 9), IsEmpty());
  EXPECT_THAT(lines_.back(), HasSubstr("queue.unreadable"));
}

TEST_F(SettleTest, ARecordOfADiskThatDoesNotAnswerIsTriedLater) {
  const auto message = put(Stage::kDeliver);
  inner_.release(message.claims[0], clock_.now());
  const auto claims = inner_.claim(Stage::kDeliver, clock_.now(), 9);
  queue_.fail_at(0);
  EXPECT_FALSE(load(house_, claims));
  EXPECT_THAT(lines_.back(), HasSubstr("queue.unreadable"));
  EXPECT_THAT(inner_.claim(Stage::kDeliver, clock_.now(), 9), IsEmpty()) << "not at once";
  clock_.advance(settings_.queue.retry_first);
  const auto again = inner_.claim(Stage::kDeliver, clock_.now(), 9);
  ASSERT_THAT(again, SizeIs(1));
  EXPECT_TRUE(load(house_, again));
}

TEST(FailureOf, KeepsTheStatusAndIsNeverTemporary) {
  const smtp::Mailbox bob{"bob", "x.example"};
  EXPECT_EQ(failure_of(bob, {550, "5.1.1", "no"}).status, "5.1.1");
  EXPECT_EQ(failure_of(bob, {550, "4.2.0", "no"}).status, "5.2.0");
  EXPECT_EQ(failure_of(bob, {550, "2.0.0", "no"}).status, "5.0.0");
  EXPECT_EQ(failure_of(bob, {550, "", "no"}).status, "5.0.0");
  EXPECT_EQ(failure_of(bob, {550, "5.1.1", "no"}).diagnostic, "550 5.1.1 no");
}

}  // namespace
}  // namespace bulla::gateway
