// How many messages a second become durable: our queue of files beside SQLite with group commit. Run by bench/queue.py.
//
// usage: bench_queue files|sqlite FOLDER SIZE THREADS SECONDS → messages per second
#include <sqlite3.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <thread>

#include "queue/durable_queue.h"

namespace {

using namespace bulla;

void must(bool ok, const char* what) {
  if (ok) return;
  std::fprintf(stderr, "bench_queue: %s failed\n", what);
  std::exit(1);
}

// SqliteQueue stores body and record as one row. Threads that come at the same time share a transaction.
class SqliteQueue {
 public:
  explicit SqliteQueue(const std::string& folder) {
    must(sqlite3_open((folder + "/queue.db").c_str(), &db_) == SQLITE_OK, "open");
    run("PRAGMA journal_mode=WAL");
    run("PRAGMA synchronous=FULL");
    run("CREATE TABLE message(id INTEGER PRIMARY KEY, record BLOB, body BLOB)");
    must(sqlite3_prepare_v2(db_, "INSERT INTO message(record, body) VALUES(?, ?)", -1, &insert_, nullptr) == SQLITE_OK,
         "prepare");
  }

  void put(const Bytes& record, const Bytes& body) {
    std::unique_lock lock(mutex_);
    waiting_.push_back({&record, &body});
    const auto mine = ++asked_;
    changed_.wait(lock, [&] { return done_ >= mine || !running_; });
    if (done_ >= mine) return;
    running_ = true;
    const auto batch = std::exchange(waiting_, {});
    const auto serves = asked_;
    lock.unlock();
    commit(batch);
    lock.lock();
    running_ = false;
    done_ = serves;
    changed_.notify_all();
  }

 private:
  using Row = std::pair<const Bytes*, const Bytes*>;
  void run(const char* sql) { must(sqlite3_exec(db_, sql, nullptr, nullptr, nullptr) == SQLITE_OK, sql); }
  void commit(const std::vector<Row>& batch) {
    run("BEGIN IMMEDIATE");
    for (const auto& [record, body] : batch) {
      sqlite3_bind_blob(insert_, 1, record->data(), static_cast<int>(record->size()), SQLITE_STATIC);
      sqlite3_bind_blob(insert_, 2, body->data(), static_cast<int>(body->size()), SQLITE_STATIC);
      must(sqlite3_step(insert_) == SQLITE_DONE, "insert");
      sqlite3_reset(insert_);
    }
    run("COMMIT");
  }

  sqlite3* db_ = nullptr;
  sqlite3_stmt* insert_ = nullptr;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Row> waiting_;
  bool running_ = false;
  std::uint64_t asked_ = 0;
  std::uint64_t done_ = 0;
};

double rate(unsigned threads, double seconds, const std::function<void()>& put) {
  std::atomic<std::uint64_t> count = 0;
  const auto start = std::chrono::steady_clock::now();
  const auto passed = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(); };
  std::vector<std::thread> running;
  for (unsigned i = 0; i < threads; ++i) {
    running.emplace_back([&] {
      while (passed() < seconds) {
        put();
        ++count;
      }
    });
  }
  for (auto& thread : running) thread.join();
  return static_cast<double>(count) / passed();
}

}  // namespace

int main(int argc, char** argv) {
  must(argc == 6, "usage: bench_queue files|sqlite FOLDER SIZE THREADS SECONDS; reading that");
  const std::string engine = argv[1];
  const std::string folder = argv[2];
  const Bytes body(std::strtoull(argv[3], nullptr, 10), 0x5a);
  const Bytes record(2000, 0x5a);
  const auto threads = static_cast<unsigned>(std::atoi(argv[4]));
  const double seconds = std::atof(argv[5]);
  if (engine == "sqlite") {
    SqliteQueue queue(folder);
    std::printf("%.1f\n", rate(threads, seconds, [&] { queue.put(record, body); }));
    return 0;
  }
  SystemRandom random;
  SystemClock clock;
  queue::PosixFileSystem files;
  auto key = age::X25519Identity::generate(random);
  must(key.has_value(), "key");
  const auto queue = queue::DurableQueue::open(files, {folder + "/queue"}, std::move(*key), random, clock);
  must(queue.has_value(), "open");
  const std::vector stages = {queue::Stage::kRegister};
  std::printf("%.1f\n", rate(threads, seconds, [&] {
                auto draft = (*queue)->create(queue::BodyForm::kPayload, body.size());
                must(draft && (*draft)->write(body) && (*draft)->commit(record, stages), "commit");
              }));
  return 0;
}
