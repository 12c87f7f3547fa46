// Losing power at every moment, broken and full disks, and what lies on the disk.
#include "queue/durable_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "queue/memory_file_system.h"

namespace bulla::queue {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const std::string kDirectory = "/queue";

class DurableQueueTest : public testing::Test {
 protected:
  void open() {
    queue_.reset();
    auto opened = DurableQueue::open(files_, options_, key_.clone(), random_, clock_);
    ASSERT_TRUE(opened) << opened.error().text;
    queue_ = std::move(*opened);
  }
  void crash(std::uint32_t seed = 0) {
    files_.crash(seed);
    open();
  }
  Result<MessageId> put(std::vector<Stage> stages, std::string_view body = "body", BodyForm form = BodyForm::kPlain) {
    BULLA_TRY(const auto draft, queue_->create(form, body.size()));
    BULLA_CHECK_OK(draft->write(as_bytes(body)));
    BULLA_CHECK_OK(draft->commit(as_bytes("first record"), stages));
    return draft->id();
  }
  Result<> update(const MessageId& id, std::vector<Change> changes) {
    return queue_->update(id, changes, std::nullopt);
  }
  std::string record_of(const MessageId& id) {
    const auto record = queue_->record(id);
    return record ? to_string(record->reveal()) : "error: " + record.error().text;
  }
  std::string body_of(const MessageId& id) {
    auto body = queue_->body(id);
    if (!body) return "error: " + body.error().text;
    std::string out;
    for (;;) {
      const auto piece = (*body)->next();
      if (!piece) return "error: " + piece.error().text;
      if (piece->empty()) return out;
      out += as_text(*piece);
    }
  }
  std::string file(const MessageId& id, const std::string& suffix) { return kDirectory + "/" + id.text() + suffix; }

  MemoryFileSystem files_;
  DurableQueueOptions options_{kDirectory, 0, 100};
  SystemRandom random_;
  ManualClock clock_{1'000'000};
  age::X25519Identity key_ = *age::X25519Identity::generate(random_);
  std::unique_ptr<DurableQueue> queue_;
};

TEST_F(DurableQueueTest, EverythingComesBackAfterACrash) {
  open();
  const auto plain = *put({Stage::kDeliver, Stage::kDeliver}, "passed on");
  const auto sealed = *put({Stage::kRegister}, "payload", BodyForm::kPayload);
  ASSERT_TRUE(update(plain, {{1, {}}}));
  const std::vector<Change> registered = {{0, {Stage::kDeliver, 0, 7}}};
  ASSERT_TRUE(queue_->update(sealed, registered, as_bytes("second record")));
  crash();
  EXPECT_EQ(queue_->recovery().messages, 2u);
  EXPECT_THAT(queue_->recovery().damaged, IsEmpty());
  EXPECT_EQ(record_of(plain), "first record");
  EXPECT_EQ(body_of(plain), "passed on");
  EXPECT_EQ(record_of(sealed), "second record");
  EXPECT_EQ(body_of(sealed), "payload");
  EXPECT_EQ(queue_->stats().to_deliver, 2u);
  EXPECT_EQ(queue_->stats().to_register, 0u);
}

TEST_F(DurableQueueTest, StepsOfALogComeBack) {
  open();
  const auto id = *put({Stage::kDeliver, Stage::kDeliver, Stage::kDeliver});
  ASSERT_TRUE(update(id, {{0, {}}}));
  ASSERT_TRUE(update(id, {{1, {Stage::kDeliver, 3, 5'000'000}}}));
  ASSERT_TRUE(update(id, {{2, {}}}));
  crash();
  EXPECT_EQ(queue_->stats().to_deliver, 1u);
  EXPECT_EQ(queue_->next_due(Stage::kDeliver), 5'000'000);
  EXPECT_EQ(queue_->claim(Stage::kDeliver, 5'000'000, 9).at(0).step.attempts, 3u);
  // A second time, with a new generation of the record file between the two.
  const std::vector<Change> changes = {{1, {Stage::kDeliver, 4, 6'000'000}}};
  ASSERT_TRUE(queue_->update(id, changes, as_bytes("new")));
  crash();
  EXPECT_EQ(queue_->next_due(Stage::kDeliver), 6'000'000);
  EXPECT_EQ(record_of(id), "new");
}

TEST_F(DurableQueueTest, WhatIsRegisteredAloneIsNotWritten) {
  open();
  const auto id = *put({Stage::kRegister, Stage::kRegister});
  const auto before = files_.changes();
  ASSERT_TRUE(update(id, {{0, {Stage::kDeliver, 0, 1}}, {1, {Stage::kDeliver, 0, 1}}}));
  EXPECT_EQ(files_.changes(), before);
  EXPECT_EQ(queue_->stats().to_deliver, 2u);
  ASSERT_TRUE(update(id, {{1, {}}}));
  crash();
  EXPECT_EQ(queue_->stats().to_register, 1u);
  EXPECT_EQ(queue_->stats().to_deliver, 0u);
  // With a record, everything that is known goes with it.
  ASSERT_TRUE(update(id, {{0, {Stage::kDeliver, 0, 1}}}));
  const std::vector<Change> failed = {{0, {Stage::kDeliver, 1, 5}}};
  ASSERT_TRUE(queue_->update(id, failed, as_bytes("wiped")));
  crash();
  EXPECT_EQ(queue_->stats().to_deliver, 1u);
  EXPECT_EQ(record_of(id), "wiped");
}

TEST_F(DurableQueueTest, ATornLogEntryIsDroppedAndTheLogGoesOn) {
  open();
  const auto id = *put({Stage::kDeliver, Stage::kDeliver, Stage::kDeliver});
  ASSERT_TRUE(update(id, {{0, {}}}));
  auto log = files_.files().at(file(id, ".log.0"));
  append(log, as_bytes("torn"));
  files_.put(file(id, ".log.0"), log);
  crash();
  EXPECT_EQ(queue_->stats().to_deliver, 2u);
  ASSERT_TRUE(update(id, {{1, {}}}));
  crash();
  EXPECT_EQ(queue_->stats().to_deliver, 1u);
}

TEST_F(DurableQueueTest, NothingIsInClear) {
  open();
  const auto id = *put({Stage::kDeliver, Stage::kDeliver}, "MARKER body MARKER");
  const std::vector<Change> changes = {{0, {Stage::kDeliver, 4, 0}}};
  ASSERT_TRUE(queue_->update(id, changes, as_bytes("MARKER record")));
  for (const auto& [name, bytes] : files_.files()) EXPECT_THAT(to_string(bytes), Not(HasSubstr("MARKER"))) << name;
  EXPECT_EQ(body_of(id), "MARKER body MARKER");
}

TEST_F(DurableQueueTest, NothingIsLeftBehind) {
  open();
  for (int i = 0; i < 3; ++i) {
    const auto id = *put({Stage::kRegister, Stage::kRegister});
    const std::vector<Change> changes = {{0, {Stage::kDeliver, 0, 0}}, {1, {Stage::kDeliver, 0, 0}}};
    ASSERT_TRUE(update(id, {{0, {Stage::kRegister, 1, 0}}}));
    ASSERT_TRUE(queue_->update(id, changes, as_bytes("r")));
    ASSERT_TRUE(update(id, {{0, {}}}));
    ASSERT_TRUE(update(id, {{1, {}}}));
  }
  EXPECT_THAT(files_.files(), IsEmpty());
}

// A body that does not stand in the record file.
const std::string kTwo(150'000, '2');

// What a run has been told, to be held against what is there after a crash.
struct Told {
  std::vector<MessageId> committed;
  bool first_registered = false;  // of message 0
  bool second_done = false;       // recipient 1 of message 0
  bool removing = false;          // message 1: whether it is still there, nobody has been told
  std::optional<MessageId> gone;  // message 1
};

class PowerLoss : public DurableQueueTest, public testing::WithParamInterface<std::uint32_t> {
 protected:
  // run does a little of everything, and stops at the first error, as a program whose disk is gone.
  Told run() {
    Told told;
    const auto first = put({Stage::kRegister, Stage::kRegister}, "one", BodyForm::kPayload);
    if (!first) return told;
    told.committed.push_back(*first);
    const auto second = put({Stage::kDeliver}, kTwo);
    if (!second) return told;
    told.committed.push_back(*second);
    const std::vector<Change> registered = {{0, {Stage::kDeliver, 0, 1}}, {1, {Stage::kDeliver, 0, 1}}};
    if (!queue_->update(*first, registered, as_bytes("second record"))) return told;
    told.first_registered = true;
    if (!update(*first, {{1, {}}})) return told;
    told.second_done = true;
    told.removing = true;
    if (!update(*second, {{0, {}}})) return told;
    told.gone = *second;
    return told;
  }

  void verify(const Told& told) {
    EXPECT_THAT(queue_->recovery().damaged, IsEmpty());
    for (std::size_t i = 0; i < told.committed.size(); ++i) {
      const auto& id = told.committed[i];
      if (i == 1 && told.removing && record_of(id).starts_with("error: there is no message")) continue;
      EXPECT_EQ(body_of(id), i == 0 ? "one" : kTwo);
      if (i == 1 || told.first_registered) EXPECT_EQ(record_of(id), i == 0 ? "second record" : "first record");
      EXPECT_THAT(record_of(id), HasSubstr(" record"));
    }
    if (told.gone) EXPECT_FALSE(queue_->record(*told.gone));
    const auto stats = queue_->stats();
    if (told.first_registered) EXPECT_EQ(stats.to_register, 0u);
    if (told.second_done && told.gone) EXPECT_EQ(stats.to_deliver, 1u);
    // At most one more message than acknowledged, and each of them whole.
    EXPECT_LE(stats.messages, told.committed.size() + 1);
    for (const auto& [name, bytes] : files_.files()) EXPECT_FALSE(name.ends_with(".new")) << name;
  }
};

TEST_P(PowerLoss, AtEveryChangeOfTheDisk) {
  open();
  const auto before = files_.changes();
  (void)run();
  const auto changes = files_.changes() - before;
  ASSERT_GT(changes, 20u);
  for (std::uint64_t at = 0; at <= changes; ++at) {
    SCOPED_TRACE("power is lost at change " + std::to_string(at));
    queue_.reset();
    for (const auto& [name, bytes] : files_.files()) (void)files_.remove(name);
    ASSERT_TRUE(files_.sync_directory(kDirectory));
    open();
    files_.fail_at(at, Code::kUnavailable, true);
    const auto told = run();
    queue_.reset();
    crash(GetParam() == 0 ? 0 : GetParam() * 1000 + static_cast<std::uint32_t>(at));
    verify(told);
    // What was removed at the start stays away, and the queue works.
    open();
    EXPECT_EQ(queue_->recovery().leftovers, 0u);
    EXPECT_TRUE(put({Stage::kDeliver}));
  }
}

// 0: all that was not synced is lost. Others: some of it came through.
INSTANTIATE_TEST_SUITE_P(Seeds, PowerLoss, testing::Range(0u, 20u));

TEST_F(DurableQueueTest, AnErrorAtEachChangeLosesNothingInTheSameProcess) {
  for (std::uint64_t at = 0;; ++at) {
    SCOPED_TRACE(at);
    open();
    const auto before = files_.changes();
    files_.fail_at(at);
    const auto id = put({Stage::kRegister, Stage::kRegister});
    if (!id) {
      files_.mend();
      EXPECT_EQ(queue_->stats().messages, 0u);
      continue;
    }
    const std::vector<Change> registered = {{0, {Stage::kDeliver, 0, 1}}};
    (void)queue_->update(*id, registered, as_bytes("second record"));
    (void)update(*id, {{1, {}}});
    const bool reached = files_.changes() - before > at;
    files_.mend();
    // The steps count in this process, and after the next change that works on the disk too.
    EXPECT_EQ(queue_->stats().to_deliver, 1u);
    EXPECT_THAT(record_of(*id), HasSubstr(" record"));
    ASSERT_TRUE(update(*id, {{0, {Stage::kDeliver, 1, 5}}}));
    crash();
    EXPECT_EQ(queue_->stats().to_deliver, 1u);
    EXPECT_EQ(queue_->stats().to_register, 0u);
    EXPECT_EQ(body_of(*id), "body");
    ASSERT_TRUE(update(*id, {{0, {}}}));
    EXPECT_EQ(queue_->stats().messages, 0u);
    if (!reached) break;
  }
}

TEST_F(DurableQueueTest, AnErrorAtEachChangeLeavesNoFilesBehind) {
  open();
  for (std::uint64_t at = 0;; ++at) {
    SCOPED_TRACE(at);
    const auto id = *put({Stage::kRegister, Stage::kRegister}, kTwo);
    const auto before = files_.changes();
    files_.fail_at(at, Code::kTooMany);
    const std::vector<Change> registered = {{0, {Stage::kDeliver, 0, 1}}, {1, {Stage::kDeliver, 0, 1}}};
    (void)update(id, {{0, {Stage::kRegister, 1, 5}}});
    (void)queue_->update(id, registered, as_bytes("second record"));
    (void)update(id, {{1, {Stage::kDeliver, 1, 5}}});
    (void)queue_->update(id, registered, as_bytes("third record"));
    const bool reached = files_.changes() - before > at;
    files_.mend();
    ASSERT_TRUE(update(id, {{0, {}}, {1, {}}}));
    EXPECT_THAT(files_.files(), IsEmpty());
    if (!reached) return;
  }
}

TEST_F(DurableQueueTest, AFullDiskIsSaidAndRecovers) {
  open();
  for (std::uint64_t room = 0; room < 1200; room += 100) {
    files_.set_room(room);
    const auto id = put({Stage::kDeliver}, std::string(600, 'x'));
    ASSERT_FALSE(id) << room;
    EXPECT_EQ(id.error().code, Code::kTooMany);
    EXPECT_THAT(files_.files(), IsEmpty());
  }
  files_.set_room(10'000'000);
  EXPECT_TRUE(put({Stage::kDeliver}));
}

TEST_F(DurableQueueTest, AWriteThatFillsTheDiskIsSaid) {
  open();
  for (const std::size_t size : {100u, 200'000u}) {
    std::uint64_t at = 0;
    for (;; ++at) {
      files_.fail_at(at, Code::kTooMany);
      const auto id = put({Stage::kDeliver}, std::string(size, 'x'));
      files_.mend();
      if (id) {
        ASSERT_TRUE(update(*id, {{0, {}}}));
        break;
      }
      EXPECT_EQ(id.error().code, Code::kTooMany);
      EXPECT_THAT(files_.files(), IsEmpty());
    }
    EXPECT_GE(at, 5u);
  }
}

TEST_F(DurableQueueTest, TheReserveCountsDraftsUnderWay) {
  options_.reserve = 1'000'000;
  open();
  files_.set_room(2'500'000);
  const auto first = queue_->create(BodyForm::kPayload, 900'000);
  ASSERT_TRUE(first);
  EXPECT_EQ(queue_->create(BodyForm::kPayload, 900'000).error().code, Code::kTooMany);
}

TEST_F(DurableQueueTest, NoMoreMessagesThanAllowed) {
  options_.max_messages = 2;
  open();
  const auto first = put({Stage::kDeliver});
  ASSERT_TRUE(first && put({Stage::kDeliver}));
  EXPECT_EQ(put({Stage::kDeliver}).error().code, Code::kTooMany);
  ASSERT_TRUE(update(*first, {{0, {}}}));
  EXPECT_TRUE(put({Stage::kDeliver}));
}

TEST_F(DurableQueueTest, OneProcessAtATime) {
  open();
  const auto second = DurableQueue::open(files_, options_, key_.clone(), random_, clock_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::kConflict);
}

struct Damage {
  const char* title;
  std::size_t body_size;
  const char* suffix;
  void (*spoil)(Bytes& bytes);
  bool found_at_start;
};

class Damaged : public DurableQueueTest, public testing::WithParamInterface<Damage> {};

TEST_P(Damaged, IsReportedAndLeftAlone) {
  open();
  const auto good = *put({Stage::kDeliver}, "good");
  const auto bad = *put({Stage::kDeliver}, std::string(GetParam().body_size, 'b'));
  const auto name = file(bad, GetParam().suffix);
  auto bytes = files_.files().at(name);
  GetParam().spoil(bytes);
  files_.put(name, bytes);
  crash();
  EXPECT_THAT(queue_->recovery().damaged, SizeIs(GetParam().found_at_start ? 1 : 0));
  EXPECT_EQ(body_of(good), "good");
  EXPECT_THAT(record_of(bad) + body_of(bad), HasSubstr("error: "));
  EXPECT_EQ(files_.files().at(name), bytes);
}

INSTANTIATE_TEST_SUITE_P(
    Table, Damaged,
    testing::Values(Damage{"head changed", 9, ".record", [](Bytes& b) { b[20] ^= 1; }, true},
                    Damage{"another kind of file", 9, ".record", [](Bytes& b) { b[0] ^= 1; }, true},
                    Damage{"head cut off", 9, ".record", [](Bytes& b) { b.resize(30); }, true},
                    Damage{"empty", 9, ".record", [](Bytes& b) { b.clear(); }, true},
                    Damage{"step changed", 9, ".record", [](Bytes& b) { b[46] ^= 2; }, true},
                    Damage{"count out of bounds", 9, ".record", [](Bytes& b) { b[40] = 0xff; }, true},
                    Damage{"record changed", 99'999, ".record", [](Bytes& b) { b.back() ^= 1; }, false},
                    Damage{"record cut off", 99'999, ".record", [](Bytes& b) { b.resize(b.size() - 5); }, true},
                    Damage{"record longer", 99'999, ".record", [](Bytes& b) { b.push_back(0); }, true},
                    Damage{"body inside changed", 9, ".record", [](Bytes& b) { b.back() ^= 1; }, false},
                    Damage{"body inside cut off", 9, ".record", [](Bytes& b) { b.pop_back(); }, true},
                    Damage{"body changed", 99'999, ".body", [](Bytes& b) { b.back() ^= 1; }, false},
                    Damage{"body cut off", 99'999, ".body", [](Bytes& b) { b.pop_back(); }, true},
                    Damage{"body longer", 99'999, ".body", [](Bytes& b) { b.push_back(0); }, true}),
    [](const auto& param) {
      std::string name = param.param.title;
      std::ranges::replace(name, ' ', '_');
      return name;
    });

TEST_F(DurableQueueTest, AnotherKeyOpensNothing) {
  open();
  const auto id = *put({Stage::kDeliver}, "MARKER");
  key_ = *age::X25519Identity::generate(random_);
  crash();
  EXPECT_THAT(record_of(id), HasSubstr("error: "));
  EXPECT_THAT(body_of(id), HasSubstr("error: "));
}

// Somebody who can write to the folder, but has no key, hands in a mail of his own and puts the body of another's mail
// in the place of its body: it must not be delivered to him.
TEST_F(DurableQueueTest, ABodyDoesNotGoWithAnotherMessage) {
  open();
  const std::string secret(100'000, 's'), bait(100'000, 'b');
  const auto victim = *put({Stage::kDeliver}, secret);
  const auto attacker = *put({Stage::kDeliver}, bait);
  ASSERT_TRUE(files_.rename(file(victim, ".body"), file(attacker, ".body")));
  open();
  EXPECT_THAT(queue_->recovery().damaged, IsEmpty());
  EXPECT_THAT(body_of(attacker), HasSubstr("is another message's"));
}

TEST_F(DurableQueueTest, ARecordDoesNotGoWithAnotherMessage) {
  open();
  const std::string body(100'000, 'b');
  const auto victim = *put({Stage::kDeliver}, body);
  const auto attacker = *put({Stage::kDeliver}, body);
  ASSERT_TRUE(files_.rename(file(attacker, ".record"), file(victim, ".record")));
  open();
  EXPECT_THAT(queue_->recovery().damaged, IsEmpty());
  EXPECT_THAT(record_of(victim), HasSubstr("is another message's"));
}

TEST_F(DurableQueueTest, FilesOfOthersAreLeftAlone) {
  files_.put(kDirectory + "/README", to_bytes("mine"));
  files_.put(kDirectory + "/0123.body", to_bytes("mine"));
  crash();
  EXPECT_THAT(files_.files(), SizeIs(2));
}

}  // namespace
}  // namespace bulla::queue
