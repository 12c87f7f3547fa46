#include "net/loop.h"

#include <atomic>
#include <boost/asio.hpp>
#include <list>
#include <map>
#include <set>
#include <thread>

#include "core/base/check.h"

namespace bulla::net {
namespace {

namespace asio = boost::asio;
using SteadyClock = std::chrono::steady_clock;

constexpr Millis kAfterFailure = kSecond;

// Entry is one spawned task. Asio ends the program when a task is cancelled before its first step, so that is put off.
struct Entry {
  asio::cancellation_signal signal;
  bool started = false;
  bool cancelled = false;

  void cancel() {
    cancelled = true;
    if (started) signal.emit(asio::cancellation_type::terminal);
  }
};

// TaskSet knows the spawned tasks of a loop, to cancel them.
struct TaskSet {
  std::map<std::uint64_t, std::shared_ptr<Entry>> entries;
  std::uint64_t next = 0;
  bool cancelled = false;

  void cancel() {
    cancelled = true;
    const auto copy = entries;  // an ending task takes itself out
    for (const auto& [id, entry] : copy) entry->cancel();
  }
};

Task<> begin(std::shared_ptr<Entry> entry, Task<> task) {
  co_await asio::post(asio::use_awaitable);  // never within spawn()
  entry->started = true;
  if (entry->cancelled) throw boost::system::system_error(asio::error::operation_aborted);
  co_await std::move(task);
}

SteadyClock::time_point after(Millis time) {
  return SteadyClock::now() + std::chrono::milliseconds(time);
}

}  // namespace

bool was_cancelled(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const boost::system::system_error& e) {
    return e.code() == asio::error::operation_aborted;
  } catch (...) {
    return false;
  }
}

std::string describe(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& e) {
    return e.what();
  } catch (...) {
    return "unknown exception";
  }
}

// The order matters: what is suspended is destroyed with the context, and uses what stands above it.
struct Loop::State {
  Report report;
  std::shared_ptr<TaskSet> tasks = std::make_shared<TaskSet>();
  std::atomic<bool> stopping = false;
  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> work = asio::make_work_guard(context);
  std::list<asio::signal_set> signals;
};

Loop::Loop(Report report) : state_(std::make_unique<State>()) {
  state_->report = std::move(report);
}

Loop::~Loop() = default;

boost::asio::any_io_executor Loop::executor() {
  return state_->context.get_executor();
}
boost::asio::io_context& Loop::context() {
  return state_->context;
}
std::size_t Loop::tasks() const {
  return state_->tasks->entries.size();
}

void Loop::report(std::string_view name, std::string_view text) {
  if (state_->report) state_->report(name, text);
}

void Loop::run(Millis grace) {
  while (!state_->stopping) state_->context.run_one();
  state_->tasks->cancel();
  const auto end = after(grace);
  while (tasks() > 0 && SteadyClock::now() < end) state_->context.run_one_until(end);
}

void Loop::stop() {
  state_->stopping = true;
  post([] {});  // wakes run()
}

void Loop::post(std::function<void()> function) {
  asio::post(state_->context, std::move(function));
}

void Loop::spawn(std::string name, Task<> task) {
  spawn_then(std::move(name), std::move(task), {});
}

std::uint64_t Loop::spawn_then(std::string name, Task<> task, std::function<void(std::uint64_t)> ended) {
  auto tasks = state_->tasks;
  const auto id = tasks->next++;
  auto entry = std::make_shared<Entry>();
  entry->cancelled = tasks->cancelled;
  tasks->entries.emplace(id, entry);
  auto done = [this, tasks, id, entry, name = std::move(name),
               ended = std::move(ended)](const std::exception_ptr& error) {
    tasks->entries.erase(id);
    // The coroutine's frame still refers to the signal while this runs.
    asio::post(state_->context, [entry] {});
    if (error && !was_cancelled(error)) report(name, describe(error));
    if (ended) ended(id);
  };
  asio::co_spawn(state_->context, begin(entry, std::move(task)),
                 asio::bind_cancellation_slot(entry->signal.slot(), std::move(done)));
  return id;
}

void Loop::run_until_done(Task<> task) {
  bool done = false;
  std::exception_ptr error;
  asio::co_spawn(state_->context, std::move(task), [&](const std::exception_ptr& thrown) {
    error = thrown;
    done = true;
  });
  while (!done) state_->context.run_one();
  if (error) std::rethrow_exception(error);
}

namespace {

void wait_for_signal(asio::signal_set& set, std::function<void()> function) {
  set.async_wait([&set, function = std::move(function)](const boost::system::error_code& error, int) {
    if (error) return;
    function();
    wait_for_signal(set, function);
  });
}

}  // namespace

void Loop::on_signal(int signal, std::function<void()> function) {
  auto& set = state_->signals.emplace_back(state_->context, signal);
  wait_for_signal(set, std::move(function));
}

struct TaskGroup::State {
  explicit State(Loop& l) : loop(l), empty(l) {}
  Loop& loop;
  std::set<std::uint64_t> ids;
  Event empty;
};

TaskGroup::TaskGroup(Loop& loop) : state_(std::make_shared<State>(loop)) {}

TaskGroup::~TaskGroup() {
  cancel();
}

void TaskGroup::spawn(std::string name, Task<> task) {
  const auto id = state_->loop.spawn_then(std::move(name), std::move(task), [state = state_](std::uint64_t ended) {
    state->ids.erase(ended);
    if (state->ids.empty()) state->empty.set();
  });
  state_->ids.insert(id);  // it has not begun: spawn() never runs a task itself
}

void TaskGroup::cancel() {
  const auto ids = state_->ids;
  for (const auto id : ids) state_->loop.cancel(id);
}

std::size_t TaskGroup::size() const {
  return state_->ids.size();
}

Task<bool> TaskGroup::wait_empty(Millis timeout) {
  const auto state = state_;
  const auto end = after(timeout);
  while (!state->ids.empty()) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - SteadyClock::now()).count();
    if (left <= 0) co_return false;
    co_await state->empty.wait(left);
  }
  co_return true;
}

void Loop::cancel(std::uint64_t id) {
  const auto found = state_->tasks->entries.find(id);
  if (found == state_->tasks->entries.end()) return;
  const auto entry = found->second;
  entry->cancel();
}

Task<> keep_doing(Loop& loop, std::string name, std::function<Task<>()> round) {
  for (;;) {
    std::exception_ptr error;
    try {
      co_await round();
    } catch (...) {
      error = std::current_exception();
    }
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none) co_return;
    if (!error) continue;
    loop.report(name, describe(error));
    co_await sleep(kAfterFailure);
  }
}

Task<> sleep(Millis time) {
  asio::steady_timer timer(co_await asio::this_coro::executor, std::chrono::milliseconds(time));
  co_await timer.async_wait(asio::use_awaitable);
}

struct Event::State {
  struct Waiter {
    asio::steady_timer timer;
    bool woken = false;
  };
  asio::any_io_executor executor;
  std::list<Waiter*> waiters;
  bool set = false;
};

Event::Event(Loop& loop) : state_(std::make_shared<State>()) {
  state_->executor = loop.executor();
}

Event::~Event() = default;

void Event::set() {
  if (state_->waiters.empty()) state_->set = true;
  for (auto* waiter : state_->waiters) {
    waiter->woken = true;
    waiter->timer.cancel();
  }
}

Task<bool> Event::wait(Millis timeout) {
  const auto state = state_;
  if (std::exchange(state->set, false)) co_return true;
  State::Waiter waiter{asio::steady_timer(state->executor, std::chrono::milliseconds(timeout))};
  struct Registered {
    State& state;
    std::list<State::Waiter*>::iterator at;
    ~Registered() { state.waiters.erase(at); }
  } registered{*state, state->waiters.insert(state->waiters.end(), &waiter)};
  std::ignore = co_await waiter.timer.async_wait(asio::as_tuple(asio::use_awaitable));
  co_return waiter.woken;
}

struct Workers::State {
  explicit State(unsigned threads) : pool(threads) {}
  asio::thread_pool pool;
};

Workers::Workers(unsigned threads) : state_(std::make_unique<State>(threads)) {
  BULLA_ASSERT(threads > 0);
}

Workers::~Workers() {
  state_->pool.join();
}

Task<> Workers::run_erased(std::function<void()> function) {
  auto executor = co_await asio::this_coro::executor;
  auto initiate = [&](auto handler) {
    auto work = asio::make_work_guard(executor);
    auto resume = std::make_shared<decltype(handler)>(std::move(handler));
    asio::post(state_->pool, [work, resume = std::move(resume), &function]() mutable {
      std::exception_ptr error;
      try {
        function();
      } catch (...) {
        error = std::current_exception();
      }
      // Moved, so that the coroutine is let go of on its own loop only.
      asio::post(work.get_executor(), [resume = std::move(resume), error] { (*resume)(error); });
    });
  };
  co_await asio::async_initiate<const asio::use_awaitable_t<>, void(std::exception_ptr)>(initiate, asio::use_awaitable);
}

}  // namespace bulla::net
