// What only the SQLite store promises: files, crashes, group commit, and nothing left of what was removed.
#include "store/sqlite_store.h"

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>
#include <thread>

#include "store/lossy_disk.h"

namespace bulla::store {
namespace {

namespace fs = std::filesystem;

class SqliteStoreTest : public testing::Test {
 protected:
  SqliteStoreTest() {
    std::string pattern = (fs::temp_directory_path() / "bulla-sqlite-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string file() const { return folder_ / "keys.sqlite"; }
  std::unique_ptr<SqliteStore> open() {
    auto store = SqliteStore::open(file());
    EXPECT_TRUE(store) << store.error().text;
    return store ? std::move(*store) : nullptr;
  }
  // Runs SQL on the file as another program would.
  void sql(const char* text) {
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open(file().c_str(), &database), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(database, text, nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(database);
    sqlite3_close(database);
  }
  // Whether the bytes stand in any file of the folder.
  bool on_disk(const std::string& needle) const {
    for (const auto& entry : fs::directory_iterator(folder_)) {
      std::ifstream in(entry.path(), std::ios::binary);
      const std::string content(std::istreambuf_iterator<char>(in), {});
      if (content.find(needle) != std::string::npos) return true;
    }
    return false;
  }

  fs::path folder_;
};

Result<> append_numbered(Transaction& t, int value) {
  BULLA_TRY(const auto number, t.append_event({"acme", 0, "released", EnvelopeId{}, "bob@example.org", value}));
  (void)number;
  return {};
}

TEST_F(SqliteStoreTest, RefusesOtherFiles) {
  {
    std::ofstream(file()) << "This is no database, but long enough to be looked at as if it were one.";
    const auto store = SqliteStore::open(file());
    ASSERT_FALSE(store);
  }
  fs::remove(file());
  sql("CREATE TABLE theirs (a)");
  auto store = SqliteStore::open(file());
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code, Code::kInvalid);
  EXPECT_NE(store.error().hint, "");
}

TEST_F(SqliteStoreTest, RefusesANewerVersion) {
  open();
  sql("PRAGMA user_version = 2");
  const auto store = SqliteStore::open(file());
  ASSERT_FALSE(store);
  EXPECT_NE(store.error().text.find("newer"), std::string::npos);
}

TEST_F(SqliteStoreTest, RefusesAMissingFolder) {
  const auto store = SqliteStore::open(folder_ / "missing" / "keys.sqlite");
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code, Code::kUnavailable);
}

TEST_F(SqliteStoreTest, ARowOfTheWrongShapeIsAnError) {
  open();
  sql("INSERT INTO tickets VALUES (x'0000000000000000000000000000000000000000000000000000000000000000', 'a@b', 1, 0)");
  sql("UPDATE tickets SET id = x'00'");
  sql("INSERT INTO events VALUES ('acme', 1, 'released', x'0102', 'a@b', 1)");
  const auto store = open();
  const auto result = store->read([](Reader& r) -> Result<> {
    BULLA_TRY(const auto events, r.events("acme", 0, 10));
    (void)events;
    return {};
  });
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Code::kInternal);
}

TEST_F(SqliteStoreTest, RemovedSharesAreGoneFromTheFiles) {
  const std::string marker = "MARKER-OF-A-SHARE-THAT-MUST-NOT-LINGER";
  const auto store = open();
  ASSERT_TRUE(store->write([&](Transaction& t) -> Result<> {
    BULLA_CHECK_OK(t.add_envelope({EnvelopeId{1}, "acme", "ann@acme.example", "", 0, {}, 0, false}));
    BULLA_CHECK_OK(t.put_listing({EnvelopeId{1}, "bob@example.org", {}, 0}));
    return t.put_share({EnvelopeId{1}, "bob@example.org", "release:a", marker});
  }));
  ASSERT_TRUE(store->tidy());
  EXPECT_TRUE(on_disk(marker));
  ASSERT_TRUE(
      store->write([&](Transaction& t) { return t.remove_share(EnvelopeId{1}, "bob@example.org", "release:a"); }));
  ASSERT_TRUE(store->tidy());
  EXPECT_FALSE(on_disk(marker));
}

TEST_F(SqliteStoreTest, TransactionsThatComeTogetherShareACommit) {
  const auto store = open();
  constexpr int kThreads = 16;
  constexpr int kEach = 20;
  const auto before = store->commits();
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i)
      threads.emplace_back([&] {
        for (int n = 0; n < kEach; ++n)
          EXPECT_TRUE(store->write([&](Transaction& t) { return append_numbered(t, n); }));
      });
  }
  EXPECT_LT(store->commits() - before, static_cast<std::uint64_t>(kThreads * kEach));
}

TEST_F(SqliteStoreTest, AnExceptionUndoesItsTransactionOnly) {
  const auto store = open();
  const auto result = store->write([](Transaction& t) -> Result<> {
    BULLA_CHECK_OK(append_numbered(t, 1));
    throw std::bad_alloc();
  });
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Code::kInternal);
  ASSERT_TRUE(store->write([](Transaction& t) { return append_numbered(t, 2); }));
  ASSERT_TRUE(store->read([](Reader& r) -> Result<> {
    BULLA_TRY(const auto events, r.events("acme", 0, 10));
    EXPECT_EQ(events.size(), 1u);
    return {};
  }));
}

// acknowledge_until_killed writes from several threads and tells each success through the pipe.
[[noreturn]] void acknowledge_until_killed(const std::string& file, int pipe) {
  auto store = SqliteStore::open(file);
  if (!store) _exit(1);
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      for (std::int32_t n = thread;; n += 4) {
        if (!(*store)->write([&](Transaction& t) { return append_numbered(t, n); })) _exit(1);
        if (write(pipe, &n, sizeof n) != sizeof n) _exit(1);
      }
    });
  }
  threads.clear();
  _exit(0);
}

TEST_F(SqliteStoreTest, WhatWasAcknowledgedOutlivesAKill) {
  std::vector<std::int32_t> acknowledged;
  for (std::size_t round = 1; round <= 5; ++round) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) acknowledge_until_killed(file(), ends[1]);
    close(ends[1]);
    // The child is killed in the middle of its work, after so many acknowledgements.
    std::int32_t n = 0;
    for (std::size_t i = 0; i < 37 * round && read(ends[0], &n, sizeof n) == sizeof n; ++i) acknowledged.push_back(n);
    kill(child, SIGKILL);
    while (read(ends[0], &n, sizeof n) == sizeof n) acknowledged.push_back(n);
    close(ends[0]);
    int status = 0;
    waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child ended by itself: " << status;
  }
  ASSERT_GE(acknowledged.size(), 37u * 15);

  std::multiset<std::int32_t> kept;
  const auto store = open();
  ASSERT_TRUE(store->read([&](Reader& r) -> Result<> {
    for (std::int64_t last = 0;;) {
      BULLA_TRY(const auto events, r.events("acme", last, 1000));
      if (events.empty()) return {};
      for (const auto& event : events) kept.insert(static_cast<std::int32_t>(event.time));
      EXPECT_EQ(events.front().number, last + 1);
      last = events.back().number;
    }
  }));
  for (const auto n : acknowledged) {
    const auto found = kept.find(n);
    ASSERT_NE(found, kept.end()) << "acknowledged and lost: " << n;
    kept.erase(found);
  }
}

// An envelope with a share of several pages: a transaction that is there as a whole or not at all.
Result<> add_numbered(Transaction& t, std::uint32_t n) {
  EnvelopeId id{};
  for (std::size_t i = 0; i < 4; ++i) id[i] = static_cast<std::uint8_t>(n >> (8 * i));
  BULLA_CHECK_OK(t.add_envelope({id, "acme", "ann@acme.example", "", 0, {}, 0, false}));
  BULLA_CHECK_OK(t.put_listing({id, "bob@example.org", {}, 0}));
  BULLA_CHECK_OK(t.put_share({id, "bob@example.org", "release:a", std::string(9000, static_cast<char>('a' + n % 26))}));
  return append_numbered(t, static_cast<int>(n));
}

class PowerFailure : public SqliteStoreTest, public testing::WithParamInterface<std::uint32_t> {
 protected:
  // Writes until the power fails, and notes what was acknowledged.
  void work() {
    auto store = SqliteStore::open(file());
    if (!store) return;  // failed while it was opened
    while (!disk.is_off()) {
      const auto n = next++;
      if ((*store)->write([&](Transaction& t) { return add_numbered(t, n); })) acknowledged.insert(n);
      if (random() % 8 == 0) (void)(*store)->tidy();
    }
  }
  // All that was acknowledged is there, and all that is there is whole.
  void check() {
    std::set<std::uint32_t> kept;
    const auto store = open();
    ASSERT_TRUE(store);
    ASSERT_TRUE(store->read([&](Reader& r) -> Result<> {
      for (std::int64_t last = 0;;) {
        BULLA_TRY(const auto events, r.events("acme", last, 1000));
        if (events.empty()) break;
        for (const auto& event : events) kept.insert(static_cast<std::uint32_t>(event.time));
        last = events.back().number;
      }
      for (const auto n : kept) {
        EnvelopeId id{};
        for (std::size_t i = 0; i < 4; ++i) id[i] = static_cast<std::uint8_t>(n >> (8 * i));
        BULLA_TRY(const auto shares, r.shares(id, "bob@example.org"));
        EXPECT_EQ(shares.size(), 1u) << n;
      }
      return {};
    }));
    for (const auto n : acknowledged) EXPECT_TRUE(kept.contains(n)) << "acknowledged and lost: " << n;
    sql("SELECT CASE integrity_check WHEN 'ok' THEN 1 ELSE abs(-9223372036854775808) END FROM pragma_integrity_check");
  }

  LossyDisk disk;
  std::mt19937 random{GetParam()};
  std::set<std::uint32_t> acknowledged;
  std::uint32_t next = 0;
};

TEST_P(PowerFailure, LosesNothingThatWasAcknowledged) {
  for (int round = 0; round < 8; ++round) {
    disk.fail_after(static_cast<int>(random() % 400));
    work();
    disk.restore(random);
    check();
    // A store that is damaged writes nothing, and so never comes to the next failure.
    if (HasFailure()) return;
  }
  EXPECT_GT(acknowledged.size(), 10u);
}

INSTANTIATE_TEST_SUITE_P(Seeds, PowerFailure, testing::Range(1u, 9u));

// A disk that refuses one write, and works again: that transaction is an error, all others stand, and no restart is
// needed. At each operation of the work, until it is through without.
class OneError : public PowerFailure {};

TEST_P(OneError, IsSaidAndTheStoreGoesOn) {
  const int error = GetParam() == 0 ? SQLITE_FULL : SQLITE_IOERR;
  auto store = open();
  int refused = 0;
  for (int at = 0;; ++at) {
    SCOPED_TRACE(at);
    disk.fail_once_at(at, error);
    for (int i = 0; i < 3; ++i) {
      const auto n = next++;
      if (store->write([&](Transaction& t) { return add_numbered(t, n); })) {
        acknowledged.insert(n);
      } else {
        ++refused;
        EXPECT_TRUE(disk.has_refused());
      }
    }
    (void)store->tidy();
    if (!disk.has_refused()) break;
    const auto n = next++;
    ASSERT_TRUE(store->write([&](Transaction& t) { return add_numbered(t, n); })) << "it does not go on";
    acknowledged.insert(n);
  }
  EXPECT_GT(refused, 20);
  store.reset();
  check();
}

INSTANTIATE_TEST_SUITE_P(Errors, OneError, testing::Values(0u, 1u));

}  // namespace
}  // namespace bulla::store
