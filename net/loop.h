// Loop: one thread's event loop. Tasks that run on it never run at the same time, so they need no locks among each
// other. What takes the CPU or blocks (sealing, disks, databases) goes to Workers and is awaited.
//
//   Loop loop;
//   loop.on_signal(SIGTERM, [&] { loop.stop(); });
//   loop.spawn("refresh", refresh(...));
//   loop.run();                               // until stop(); then what still runs is cancelled and waited for
#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "core/base/clock.h"
#include "net/task.h"

namespace boost::asio {
class io_context;
}

namespace bulla::net {

// Report takes what went wrong in something that nobody awaits: whose task it was, and the error. For logs.
using Report = std::function<void(std::string_view name, std::string_view text)>;

class Loop {
 public:
  explicit Loop(Report report = {});
  // Destroys what is still suspended. Everything that the tasks use must still be alive, or run() have returned.
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // run works on the calling thread until stop(); then it cancels all tasks and goes on until they have ended, at most
  // `grace` long.
  void run(Millis grace = 5 * kSecond);
  // stop makes run() return. From any thread, also before run().
  void stop();

  // spawn starts a task that nobody awaits. If it throws, the report gets its name and the error (not when it was
  // cancelled). From the loop's thread, or before run().
  void spawn(std::string name, Task<> task);
  // post runs a function on the loop. From any thread.
  void post(std::function<void()> function);
  // on_signal calls the function on the loop at each such signal (SIGTERM, SIGHUP, ...), instead of the default action.
  void on_signal(int signal, std::function<void()> function);
  // Tasks that were spawned and have not ended.
  std::size_t tasks() const;

  // block_on runs the loop on the calling thread until the task has ended: for programs that do one thing, and tests.
  // What the task throws is thrown. Other spawned tasks run meanwhile.
  template <class T>
  T block_on(Task<T> task);

  boost::asio::any_io_executor executor();
  boost::asio::io_context& context();  // for net/ only
  void report(std::string_view name, std::string_view text);

 private:
  friend class TaskGroup;
  // spawn_then spawns, and calls `ended` with the task's number when it has ended.
  std::uint64_t spawn_then(std::string name, Task<> task, std::function<void(std::uint64_t)> ended);
  void cancel(std::uint64_t id);
  void run_until_done(Task<> task);
  struct State;
  std::unique_ptr<State> state_;
};

// TaskGroup: tasks that are ended together, such as the sessions of one server. Loop's thread only.
class TaskGroup {
 public:
  explicit TaskGroup(Loop& loop);
  // Cancels what still runs, but cannot wait: owners await wait_empty() first, or outlive Loop::run().
  ~TaskGroup();
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  void spawn(std::string name, Task<> task);
  // cancel makes each task's current and later waits fail; the tasks end soon after.
  void cancel();
  std::size_t size() const;
  // wait_empty waits until all tasks have ended, at most `timeout`: true if they have.
  Task<bool> wait_empty(Millis timeout);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// For those who catch what a task throws. was_cancelled: it only has to end, and the error goes on. describe: its text.
bool was_cancelled(const std::exception_ptr& error);
std::string describe(const std::exception_ptr& error);

// sleep waits on the current task's loop. A cancelled task throws out of it.
Task<> sleep(Millis time);

// keep_doing awaits round() again and again until it is cancelled. What a round throws is reported under `name`, and
// after a pause the next one begins: what a server lives by does not end with one failure. A round must wait for
// something. From a task of this loop, which must outlive it.
Task<> keep_doing(Loop& loop, std::string name, std::function<Task<>()> round);

// Event: tasks wait until somebody calls set(), or the time is over. Each set() wakes all who wait, and one that nobody
// waited for is kept for the next wait (like a doorbell, not like a queue). Loop's thread only.
class Event {
 public:
  explicit Event(Loop& loop);
  ~Event();
  void set();
  // wait returns true when it was set, false when `timeout` is over.
  Task<bool> wait(Millis timeout);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// Workers: threads for work that takes the CPU or blocks. The queue is bounded by those who wait for it.
// Declared after the Loop whose tasks use it, so that it ends first.
class Workers {
 public:
  explicit Workers(unsigned threads);
  // Finishes what has been handed in.
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  // run calls the function on a worker's thread and returns its value to the task, back on its loop. What it throws is
  // thrown in the task. Not cancelled: a cancelled task waits until the function has returned, so the function may use
  // what the task owns. Work is taken in order.
  template <class Function>
  auto run(Function function) -> Task<std::invoke_result_t<Function>>;

 private:
  Task<> run_erased(std::function<void()> function);
  struct State;
  std::unique_ptr<State> state_;
};

template <class T>
T Loop::block_on(Task<T> task) {
  if constexpr (std::is_void_v<T>) {
    run_until_done(std::move(task));
  } else {
    std::optional<T> value;
    // The lambda outlives the coroutine, whose captures it holds: run_until_done() returns after its end.
    auto store = [&]() -> Task<> { value.emplace(co_await std::move(task)); };
    run_until_done(store());
    return std::move(*value);
  }
}

template <class Function>
auto Workers::run(Function function) -> Task<std::invoke_result_t<Function>> {
  using T = std::invoke_result_t<Function>;
  if constexpr (std::is_void_v<T>) {
    co_await run_erased([&function] { function(); });
  } else {
    std::optional<T> value;
    co_await run_erased([&] { value.emplace(function()); });
    co_return std::move(*value);
  }
}

}  // namespace bulla::net
