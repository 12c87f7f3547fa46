#include "store/sqlite_store.h"

#include <atomic>
#include <condition_variable>
#include <mutex>

#include "store/sqlite_schema.h"
#include "store/sqlite_transaction.h"

namespace bulla::store {
namespace {

constexpr int kMaxGroup = 64;

// Group is the transactions that are committed together.
struct Group {
  int members = 0;
  bool done = false;
  std::optional<Error> failure;
};

// ReaderPool lends connections for reading; it makes as many as are used at once.
class ReaderPool {
 public:
  explicit ReaderPool(std::string file) : file_(std::move(file)) {}

  Result<std::unique_ptr<Connection>> borrow() {
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        auto connection = std::move(idle_.back());
        idle_.pop_back();
        return connection;
      }
    }
    return Connection::open(file_, true);
  }

  void give_back(std::unique_ptr<Connection> connection) {
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(connection));
  }

 private:
  std::string file_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Connection>> idle_;
};

}  // namespace

struct SqliteStore::State {
  State(const std::string& file, std::unique_ptr<Connection> connection)
      : writer(std::move(connection)), readers(file) {}

  Result<> join(Group& group, const std::function<Result<>(Transaction&)>& body);
  Result<> run_body(const std::function<Result<>(Transaction&)>& body);
  void commit(Group& group);

  std::mutex mutex;  // over everything below, the writer's connection first of all
  std::condition_variable committed;
  std::unique_ptr<Connection> writer;
  std::shared_ptr<Group> open_group;  // begun and not committed
  bool changed = false;               // since the last tidy()

  std::atomic<int> waiting = 0;  // who wants the mutex for a transaction
  std::atomic<std::uint64_t> commits = 0;
  ReaderPool readers;
};

SqliteStore::SqliteStore(std::unique_ptr<State> state) : state_(std::move(state)) {}
SqliteStore::~SqliteStore() = default;

Result<std::unique_ptr<SqliteStore>> SqliteStore::open(const std::string& file) {
  BULLA_TRY(auto connection, Connection::open(file, false));
  // secure_delete comes before anything can be deleted, and the journal mode is kept in the file.
  BULLA_CHECK_OK(connection->run("PRAGMA secure_delete = ON"));
  BULLA_CHECK_OK(connection->run("PRAGMA journal_mode = WAL"));
  BULLA_CHECK_OK(connection->run("PRAGMA synchronous = FULL"));
  BULLA_CHECK_OK(prepare_database(*connection));
  return std::unique_ptr<SqliteStore>(new SqliteStore(std::make_unique<State>(file, std::move(connection))));
}

Result<> SqliteStore::read(const std::function<Result<>(Reader&)>& body) {
  BULLA_TRY(auto connection, state_->readers.borrow());
  BULLA_CHECK_OK(connection->run("BEGIN"));
  Result<> result;
  {
    SqliteTransaction reader(*connection);
    result = body(reader);
  }
  // A connection that cannot end its transaction is dropped, not lent again.
  if (connection->run("COMMIT")) state_->readers.give_back(std::move(connection));
  return result;
}

Result<> SqliteStore::write(const std::function<Result<>(Transaction&)>& body) {
  State& state = *state_;
  ++state.waiting;
  std::unique_lock lock(state.mutex);
  --state.waiting;

  if (!state.open_group) {
    BULLA_CHECK_OK(state.writer->run("BEGIN IMMEDIATE"));
    state.open_group = std::make_shared<Group>();
  }
  const std::shared_ptr<Group> group = state.open_group;
  Result<> result = state.join(*group, body);
  // Whoever waits for the mutex takes part, and sees to the commit. Whoever is last commits.
  if (group->done) {
    // The group was lost while the body ran.
  } else if (state.waiting == 0 || group->members >= kMaxGroup) {
    state.commit(*group);
  } else if (result) {
    state.committed.wait(lock, [&] { return group->done; });
  }
  if (!result) return result;
  if (group->failure) return fail(*group->failure);
  return {};
}

// run_body makes of an exception (no memory left) an error, so that the connection is never left in the middle.
Result<> SqliteStore::State::run_body(const std::function<Result<>(Transaction&)>& body) try {
  SqliteTransaction transaction(*writer);
  return body(transaction);
} catch (const std::exception& exception) {
  return fail(Code::kInternal, std::string("in a transaction: ") + exception.what());
}

// join runs a body inside of the open group; if it fails, what it did is undone and the rest of the group stands.
Result<> SqliteStore::State::join(Group& group, const std::function<Result<>(Transaction&)>& body) {
  auto result = writer->run("SAVEPOINT body");
  if (result) {
    result = run_body(body);
    auto ended = result ? writer->run("RELEASE body") : writer->run("ROLLBACK TO body; RELEASE body");
    if (ended) {
      if (result) ++group.members;
      return result;
    }
    result = ended;
  }
  // SQLite rolls the whole transaction back by itself on some errors (a full disk): then nobody's work is left.
  group.failure = result.error();
  group.done = true;
  (void)writer->run("ROLLBACK");
  open_group.reset();
  committed.notify_all();
  return result;
}

void SqliteStore::State::commit(Group& group) {
  if (auto result = writer->run("COMMIT"); !result) {
    group.failure = result.error();
    (void)writer->run("ROLLBACK");
  }
  ++commits;
  changed = changed || group.members > 0;
  group.done = true;
  open_group.reset();
  committed.notify_all();
}

Result<> SqliteStore::tidy() {
  State& state = *state_;
  const std::lock_guard lock(state.mutex);
  if (state.open_group) state.commit(*state.open_group);
  if (!state.changed) return {};
  // The log is copied into the database and cut to nothing. If a reader still needs it, the next call will do.
  Query query(*state.writer, "PRAGMA wal_checkpoint(TRUNCATE)");
  BULLA_TRY(const bool row, query.step());
  state.changed = row && query.integer(0) != 0;
  return {};
}

std::uint64_t SqliteStore::commits() const {
  return state_->commits;
}

}  // namespace bulla::store
