#include "net/loop.h"

#include <gtest/gtest.h>

#include <csignal>
#include <stdexcept>
#include <thread>

namespace bulla::net {
namespace {

Task<int> number(int value) {
  co_return value;
}
Task<> throws() {
  co_await sleep(0);
  throw std::runtime_error("broken");
}
Task<> forever() {
  while (true) co_await sleep(kHour);
}

TEST(Loop, BlockOnGivesValueAndException) {
  Loop loop;
  EXPECT_EQ(loop.block_on(number(7)), 7);
  EXPECT_THROW(loop.block_on(throws()), std::runtime_error);
}

TEST(Loop, ReportsWhatASpawnedTaskThrows) {
  std::string heard;
  Loop loop(
      [&](std::string_view name, std::string_view text) { heard = std::string(name) + ": " + std::string(text); });
  loop.spawn("baker", throws());
  EXPECT_EQ(loop.tasks(), 1u);
  loop.block_on(sleep(1));
  while (loop.tasks() > 0) loop.block_on(sleep(1));
  EXPECT_EQ(heard, "baker: broken");
}

TEST(Loop, WhatIsKeptDoingGoesOnAfterAnException) {
  int rounds = 0;
  std::vector<std::string> heard;
  Loop loop([&](std::string_view name, std::string_view text) {
    heard.push_back(std::string(name) + ": " + std::string(text));
  });
  loop.spawn("baker", keep_doing(loop, "baker", [&]() -> Task<> { return ++rounds == 2 ? throws() : sleep(1); }));
  for (int i = 0; i < 5000 && rounds < 5; ++i) loop.block_on(sleep(1));
  EXPECT_EQ(rounds, 5);
  EXPECT_EQ(heard, std::vector<std::string>{"baker: broken"});
  loop.stop();
  loop.run();
  EXPECT_EQ(loop.tasks(), 0u);
  EXPECT_EQ(heard.size(), 1u);
}

TEST(Loop, StopCancelsTasksAndWaitsForThem) {
  std::string heard;
  Loop loop([&](std::string_view, std::string_view text) { heard = text; });
  bool cleaned = false;
  auto task = [](bool& done) -> Task<> {
    struct AtEnd {
      bool& flag;
      ~AtEnd() { flag = true; }
    } at_end{done};
    co_await forever();
  };
  loop.spawn("sleeper", task(cleaned));
  loop.block_on(sleep(1));
  loop.post([&] { loop.stop(); });
  loop.run();
  EXPECT_TRUE(cleaned);
  EXPECT_EQ(loop.tasks(), 0u);
  EXPECT_EQ(heard, "") << "a cancelled task is no failure";
}

TEST(Loop, StopFromAnotherThread) {
  Loop loop;
  std::thread other([&] { loop.stop(); });
  loop.run();
  other.join();
}

TEST(Loop, SignalsAreHandledOnTheLoop) {
  Loop loop;
  int hangups = 0;
  loop.on_signal(SIGHUP, [&] {
    if (++hangups == 2) return loop.stop();
    std::raise(SIGHUP);
  });
  std::raise(SIGHUP);
  loop.run();
  EXPECT_EQ(hangups, 2);
}

TEST(TaskGroup, WaitsForItsTasksOnly) {
  Loop loop;
  TaskGroup group(loop);
  Event go(loop);
  auto waiter = [](Event& event) -> Task<> { co_await event.wait(kHour); };
  loop.spawn("other", forever());
  group.spawn("one", waiter(go));
  group.spawn("two", waiter(go));
  EXPECT_FALSE(loop.block_on(group.wait_empty(1)));
  EXPECT_EQ(group.size(), 2u);
  go.set();
  EXPECT_TRUE(loop.block_on(group.wait_empty(kMinute)));
  EXPECT_EQ(loop.tasks(), 1u);
}

TEST(TaskGroup, CancelEndsItsTasks) {
  Loop loop;
  TaskGroup group(loop);
  group.spawn("one", forever());
  group.spawn("two", forever());
  group.cancel();
  EXPECT_TRUE(loop.block_on(group.wait_empty(kMinute)));
}

TEST(TaskGroup, CancelMayComeBeforeTheFirstStep) {
  Loop loop;
  TaskGroup group(loop);
  bool ran = false;
  auto task = [](bool& flag) -> Task<> {
    flag = true;
    co_return;
  };
  group.spawn("one", task(ran));
  group.cancel();
  EXPECT_TRUE(loop.block_on(group.wait_empty(kMinute)));
  EXPECT_FALSE(ran);
}

TEST(TaskGroup, ATaskMayCancelItsOwnGroup) {
  Loop loop;
  TaskGroup group(loop);
  auto task = [](TaskGroup& own) -> Task<> {
    own.cancel();
    co_await sleep(kHour);
  };
  auto outer = [&]() -> Task<> {
    group.spawn("one", task(group));
    EXPECT_EQ(group.size(), 1u) << "spawn() does not run the task";
    EXPECT_TRUE(co_await group.wait_empty(kMinute));
  };
  loop.block_on(outer());
}

TEST(TaskGroup, TasksMayOutliveTheGroup) {
  Loop loop;
  {
    TaskGroup group(loop);
    group.spawn("one", forever());
    loop.block_on(sleep(0));
  }
  loop.stop();
  loop.run();
  EXPECT_EQ(loop.tasks(), 0u);
}

TEST(Event, KeepsOneSetAndTimesOut) {
  Loop loop;
  Event event(loop);
  EXPECT_FALSE(loop.block_on(event.wait(1)));
  event.set();
  event.set();
  EXPECT_TRUE(loop.block_on(event.wait(0)));
  EXPECT_FALSE(loop.block_on(event.wait(1)));
}

Task<std::pair<int, bool>> worked(Workers& workers) {
  const auto loop_thread = std::this_thread::get_id();
  auto value = co_await workers.run([&] { return std::this_thread::get_id() == loop_thread ? 0 : 42; });
  co_return std::pair(value, std::this_thread::get_id() == loop_thread);
}

Task<> failing_work(Workers& workers) {
  co_await workers.run([] { throw std::runtime_error("no"); });
}

TEST(Workers, RunElsewhereAndComeBack) {
  Loop loop;
  Workers workers(2);
  EXPECT_EQ(loop.block_on(worked(workers)), std::pair(42, true));
  EXPECT_THROW(loop.block_on(failing_work(workers)), std::runtime_error);
}

TEST(Workers, MoveOnlyValuesAndManyAtOnce) {
  Loop loop;
  Workers workers(3);
  TaskGroup group(loop);
  int sum = 0;
  auto task = [](Workers& pool, int& total, int i) -> Task<> {
    auto value = co_await pool.run([i] { return std::make_unique<int>(i); });
    total += *value;
  };
  for (int i = 1; i <= 100; ++i) group.spawn("adder", task(workers, sum, i));
  ASSERT_TRUE(loop.block_on(group.wait_empty(kMinute)));
  EXPECT_EQ(sum, 5050);
}

TEST(Workers, ACancelledTaskWaitsForItsFunction) {
  Loop loop;
  Workers workers(1);
  TaskGroup group(loop);
  std::atomic<bool> started = false;
  bool finished = false;
  auto task = [](Workers& pool, std::atomic<bool>& s, bool& f) -> Task<> {
    co_await pool.run([&] {
      s = true;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      f = true;
    });
  };
  group.spawn("worker", task(workers, started, finished));
  while (!started) loop.block_on(sleep(1));
  group.cancel();
  EXPECT_TRUE(loop.block_on(group.wait_empty(kMinute)));
  EXPECT_TRUE(finished);
}

}  // namespace
}  // namespace bulla::net
