// SqliteStore keeps everything in one SQLite file: write-ahead log, synchronous = FULL, secure_delete = ON.
//
// Writers take turns on one connection. Those who wait for their turn share the commit of the one before them (group
// commit): a transaction that sees another waiting leaves the commit to it, so that one fsync serves all who came
// meanwhile. A body's failure undoes that body only (a savepoint). Readers have connections of their own, and wait for
// nobody.
#pragma once

#include <memory>
#include <string>

#include "store/store.h"

namespace bulla::store {

class SqliteStore final : public Store {
 public:
  // open opens the file, or makes it. The folder must exist. kInvalid when it is another program's file, or newer.
  static Result<std::unique_ptr<SqliteStore>> open(const std::string& file);
  ~SqliteStore() override;

  Result<> read(const std::function<Result<>(Reader&)>& body) override;
  Result<> write(const std::function<Result<>(Transaction&)>& body) override;
  Result<> tidy() override;

  // commits is how many times it has committed: for measuring.
  std::uint64_t commits() const;

 private:
  struct State;
  explicit SqliteStore(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace bulla::store
