// One suite that every queue passes.
#include "queue/queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <set>
#include <thread>

#include "queue/durable_queue.h"
#include "queue/failing_queue.h"
#include "queue/memory_file_system.h"
#include "queue/memory_queue.h"

namespace bulla::queue {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

// Fixture is one queue and all that it stands on.
class Fixture {
 public:
  virtual ~Fixture() = default;
  virtual Queue& queue() = 0;
  ManualClock clock{1'000'000};
  SystemRandom random;
};

class MemoryFixture final : public Fixture {
 public:
  Queue& queue() override { return queue_; }

 private:
  MemoryQueue queue_{random, clock};
};

class FailingFixture final : public Fixture {
 public:
  Queue& queue() override { return queue_; }

 private:
  MemoryQueue inner_{random, clock};
  FailingQueue queue_{inner_};
};

class DurableFixture : public Fixture {
 public:
  void open(FileSystem& files, const std::string& directory) {
    auto key = age::X25519Identity::generate(random);
    queue_ = std::move(*DurableQueue::open(files, {directory}, std::move(*key), random, clock));
  }
  Queue& queue() override { return *queue_; }

 protected:
  std::unique_ptr<DurableQueue> queue_;
};

class SimulatedFixture final : public DurableFixture {
 public:
  SimulatedFixture() { open(files_, "/queue"); }
  ~SimulatedFixture() override { queue_.reset(); }

 private:
  MemoryFileSystem files_;
};

class DiskFixture final : public DurableFixture {
 public:
  DiskFixture() {
    char name[] = "/tmp/bulla-queue-XXXXXX";
    folder_ = ::mkdtemp(name);
    open(files_, (folder_ / "queue").string());
  }
  ~DiskFixture() override {
    queue_.reset();
    std::filesystem::remove_all(folder_);
  }

 private:
  PosixFileSystem files_;
  std::filesystem::path folder_;
};

struct Kind {
  const char* name;
  std::unique_ptr<Fixture> (*make)();
};

template <class T>
std::unique_ptr<Fixture> make() {
  return std::make_unique<T>();
}

class QueueTest : public testing::TestWithParam<Kind> {
 protected:
  Queue& queue() { return fixture_->queue(); }
  ManualClock& clock() { return fixture_->clock; }

  MessageId put(std::vector<Stage> stages, std::string_view body = "body", BodyForm form = BodyForm::kPayload,
                std::string_view record = "record") {
    auto draft = queue().create(form, body.size());
    EXPECT_TRUE(draft);
    EXPECT_TRUE((*draft)->write(as_bytes(body)));
    EXPECT_TRUE((*draft)->commit(as_bytes(record), stages));
    return (*draft)->id();
  }
  std::string body_of(const MessageId& id) {
    auto body = queue().body(id);
    EXPECT_TRUE(body);
    std::string out;
    for (;;) {
      const auto piece = (*body)->next();
      EXPECT_TRUE(piece);
      if (!piece || piece->empty()) return out;
      out += as_text(*piece);
    }
  }
  std::string record_of(const MessageId& id) {
    const auto record = queue().record(id);
    return record ? to_string(record->reveal()) : "error: " + record.error().text;
  }
  std::vector<Claim> claim(Stage stage, std::size_t limit = 100) { return queue().claim(stage, clock().now(), limit); }
  Result<> update(const MessageId& id, std::vector<Change> changes) { return queue().update(id, changes); }

 private:
  std::unique_ptr<Fixture> fixture_ = GetParam().make();
};

TEST_P(QueueTest, KeepsWhatWasCommitted) {
  const auto id = put({Stage::kRegister}, "the body");
  EXPECT_EQ(record_of(id), "record");
  EXPECT_EQ(body_of(id), "the body");
  EXPECT_EQ(queue().stats().messages, 1u);
  EXPECT_EQ(queue().stats().to_register, 1u);
}

TEST_P(QueueTest, BodiesOfAllSizesInPieces) {
  for (const auto form : {BodyForm::kPayload, BodyForm::kPlain}) {
    for (const std::size_t size : {0u, 1u, 65535u, 65536u, 65537u, 300'000u}) {
      std::string body(size, 'x');
      for (std::size_t i = 0; i < size; ++i) body[i] = static_cast<char>(i * 7 + i / 251);
      auto draft = queue().create(form, size);
      ASSERT_TRUE(draft);
      for (std::size_t at = 0; at < size; at += 777)
        ASSERT_TRUE((*draft)->write(as_bytes(std::string_view(body).substr(at, 777))));
      const std::vector stages = {Stage::kDeliver};
      ASSERT_TRUE((*draft)->commit(as_bytes("r"), stages));
      EXPECT_EQ(body_of((*draft)->id()) == body, true) << size;
    }
  }
}

TEST_P(QueueTest, ADraftThatIsDroppedLeavesNothing) {
  std::optional<MessageId> id;
  {
    auto draft = queue().create(BodyForm::kPlain, 4);
    ASSERT_TRUE(draft);
    ASSERT_TRUE((*draft)->write(as_bytes("body")));
    id = (*draft)->id();
  }
  EXPECT_EQ(queue().record(*id).error().code, Code::kNotFound);
  EXPECT_EQ(queue().body(*id).error().code, Code::kNotFound);
  EXPECT_EQ(queue().stats().messages, 0u);
  EXPECT_THAT(claim(Stage::kDeliver), IsEmpty());
}

TEST_P(QueueTest, AClaimIsHeldOnce) {
  const auto id = put({Stage::kDeliver});
  const auto first = claim(Stage::kDeliver);
  ASSERT_THAT(first, SizeIs(1));
  EXPECT_EQ(first[0].id, id);
  EXPECT_EQ(first[0].accepted, clock().now());
  EXPECT_THAT(claim(Stage::kDeliver), IsEmpty());
  EXPECT_EQ(queue().next_due(Stage::kDeliver), std::nullopt);
  queue().release(first[0], first[0].step.next);
  EXPECT_THAT(claim(Stage::kDeliver), SizeIs(1));
}

TEST_P(QueueTest, WhatIsReleasedWaitsUntilItsTime) {
  put({Stage::kDeliver});
  queue().release(claim(Stage::kDeliver)[0], clock().now() + 10);
  EXPECT_THAT(claim(Stage::kDeliver), IsEmpty());
  clock().advance(10);
  EXPECT_THAT(claim(Stage::kDeliver), SizeIs(1));
}

TEST_P(QueueTest, AReleaseThatComesTooLateTakesNobodysClaim) {
  const auto id = put({Stage::kRegister});
  const auto first = claim(Stage::kRegister);
  ASSERT_TRUE(update(id, {{0, {Stage::kDeliver, 0, clock().now()}}}));
  ASSERT_THAT(claim(Stage::kDeliver), SizeIs(1));
  queue().release(first[0], clock().now());
  EXPECT_THAT(claim(Stage::kDeliver), IsEmpty());
  EXPECT_THAT(claim(Stage::kRegister), IsEmpty());
}

TEST_P(QueueTest, ClaimsAreByStageLimitAndTime) {
  put({Stage::kRegister, Stage::kRegister, Stage::kRegister});
  clock().advance(10);
  put({Stage::kDeliver});
  EXPECT_THAT(claim(Stage::kRegister, 2), SizeIs(2));
  EXPECT_THAT(claim(Stage::kRegister, 2), SizeIs(1));
  EXPECT_THAT(queue().claim(Stage::kDeliver, clock().now() - 1, 9), IsEmpty());
  EXPECT_THAT(claim(Stage::kDeliver), SizeIs(1));
}

TEST_P(QueueTest, TheLongestDueComeFirst) {
  const auto first = put({Stage::kDeliver});
  clock().advance(1);
  const auto second = put({Stage::kDeliver});
  const auto claims = claim(Stage::kDeliver, 1);
  ASSERT_THAT(claims, SizeIs(1));
  EXPECT_EQ(claims[0].id, first);
  EXPECT_TRUE(update(first, {{0, {Stage::kDeliver, 1, clock().now() + 50}}}));
  clock().advance(100);
  EXPECT_EQ(claim(Stage::kDeliver, 1)[0].id, second);
}

TEST_P(QueueTest, AClockThatWasPutBackHoldsNothingUp) {
  const auto soon = put({Stage::kDeliver, Stage::kDeliver});
  clock().advance(kDay);
  const auto far = put({Stage::kDeliver, Stage::kRegister});
  clock().advance(-kDay);
  EXPECT_THAT(claim(Stage::kDeliver), SizeIs(2));
  EXPECT_TRUE(update(soon, {{0, {Stage::kDeliver, 1, clock().now() + kHour}}, {1, {Stage::kDeliver, 1, INT64_MAX}}}));

  queue().hasten(Stage::kDeliver, clock().now(), kHour);
  const auto claims = claim(Stage::kDeliver);
  ASSERT_THAT(claims, SizeIs(2)) << "not the one that waits an hour";
  EXPECT_THAT((std::set{claims[0].id, claims[1].id}), testing::UnorderedElementsAre(soon, far));
  EXPECT_EQ(queue().next_due(Stage::kDeliver), clock().now() + kHour);
  EXPECT_THAT(claim(Stage::kRegister), IsEmpty()) << "another stage";
}

TEST_P(QueueTest, StepsMoveOnUntilTheMessageIsGone) {
  const auto id = put({Stage::kRegister, Stage::kRegister});
  EXPECT_THAT(claim(Stage::kRegister), SizeIs(2));
  const std::vector<Change> registered = {{0, {Stage::kDeliver, 0, clock().now()}},
                                          {1, {Stage::kDeliver, 0, clock().now()}}};
  EXPECT_TRUE(queue().update(id, registered, as_bytes("shorter")));
  EXPECT_EQ(record_of(id), "shorter");
  EXPECT_EQ(body_of(id), "body");
  EXPECT_THAT(claim(Stage::kDeliver), SizeIs(2));
  EXPECT_TRUE(update(id, {{1, {}}}));
  EXPECT_EQ(record_of(id), "shorter");
  EXPECT_TRUE(update(id, {{0, {Stage::kDeliver, 1, clock().now() + 1000}}}));
  EXPECT_THAT(claim(Stage::kDeliver), IsEmpty());
  EXPECT_EQ(queue().next_due(Stage::kDeliver), clock().now() + 1000);
  clock().advance(1000);
  const auto again = claim(Stage::kDeliver);
  ASSERT_THAT(again, SizeIs(1));
  EXPECT_EQ(again[0].step.attempts, 1u);
  EXPECT_TRUE(update(id, {{0, {}}}));
  EXPECT_EQ(queue().record(id).error().code, Code::kNotFound);
  EXPECT_EQ(queue().stats().messages, 0u);
  EXPECT_EQ(queue().stats().to_deliver, 0u);
  EXPECT_EQ(queue().stats().claimed, 0u);
}

TEST_P(QueueTest, UnknownMessagesAndRecipients) {
  SystemRandom random;
  const auto stranger = MessageId::make(5, random);
  EXPECT_EQ(update(*stranger, {{0, {}}}).error().code, Code::kNotFound);
  EXPECT_EQ(queue().record(*stranger).error().code, Code::kNotFound);
  EXPECT_EQ(queue().body(*stranger).error().code, Code::kNotFound);
  queue().release({*stranger, 0, 0, {}}, 0);
  const auto id = put({Stage::kDeliver});
  EXPECT_EQ(update(id, {{1, {}}}).error().code, Code::kInvalid);
  queue().release({id, 7, 0, {}}, 0);
  EXPECT_EQ(queue().stats().to_deliver, 1u);
}

TEST_P(QueueTest, ManyThreadsAtOnce) {
  constexpr int kThreads = 4;
  constexpr int kEach = 25;
  std::vector<std::thread> threads;
  std::atomic<int> delivered = 0;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kEach; ++i) put({Stage::kRegister, Stage::kDeliver});
      for (const auto stage : {Stage::kRegister, Stage::kDeliver}) {
        for (;;) {
          const auto claims = claim(stage, 3);
          if (claims.empty()) break;
          for (const auto& one : claims) {
            EXPECT_EQ(record_of(one.id), "record");
            EXPECT_TRUE(update(one.id, {{one.recipient, {}}}));
            ++delivered;
          }
        }
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(delivered, 2 * kThreads * kEach);
  EXPECT_EQ(queue().stats().messages, 0u);
}

INSTANTIATE_TEST_SUITE_P(All, QueueTest,
                         testing::Values(Kind{"memory", make<MemoryFixture>}, Kind{"failing", make<FailingFixture>},
                                         Kind{"simulated", make<SimulatedFixture>}, Kind{"disk", make<DiskFixture>}),
                         [](const auto& param) { return param.param.name; });

TEST(MessageIdTest, TextAndOrder) {
  SystemRandom random;
  const auto early = *MessageId::make(1'700'000'000'000, random);
  const auto late = *MessageId::make(1'700'000'000'001, random);
  EXPECT_LT(early, late);
  EXPECT_EQ(early.text().substr(0, 12), "018bcfe56800");
  EXPECT_EQ(MessageId::parse(early.text()), early);
  for (const auto* bad : {"", "018bcfe56800", "018BCFE56800018bcfe56800", "018bcfe56800018bcfe5680g",
                          "../../etc/passwd00000000", "018bcfe56800018bcfe568000"})
    EXPECT_EQ(MessageId::parse(bad), std::nullopt) << bad;
}

TEST(FailingQueueTest, FailsAtTheNthOperationAndGoesOn) {
  ManualClock clock(0);
  SystemRandom random;
  MemoryQueue inner(random, clock);
  FailingQueue queue(inner);
  queue.fail_at(1, Code::kTooMany);
  auto draft = queue.create(BodyForm::kPlain, 1);
  ASSERT_TRUE(draft);
  EXPECT_EQ((*draft)->write(as_bytes("x")).error().code, Code::kTooMany);
  EXPECT_TRUE((*draft)->write(as_bytes("x")));
  queue.fail_at(0, Code::kUnavailable, true);
  EXPECT_FALSE(queue.create(BodyForm::kPlain, 1));
  EXPECT_FALSE(queue.create(BodyForm::kPlain, 1));
}

}  // namespace
}  // namespace bulla::queue
