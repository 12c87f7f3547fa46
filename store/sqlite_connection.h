// SQLite's C interface as a few small types: a connection that keeps its prepared statements, and a query that binds,
// steps and reads columns. Errors become kUnavailable (or kConflict for a broken constraint) with SQLite's words.
#pragma once

#include <sqlite3.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/result.h"

namespace bulla::store {

class Connection {
 public:
  // open opens or creates the database file. A reader cannot write, and does not create.
  static Result<std::unique_ptr<Connection>> open(const std::string& file, bool reader);

  // run executes statements that return no rows.
  Result<> run(const char* sql);
  // prepared is the statement for this text, which is made once. `sql` must be a literal: it is the key.
  Result<sqlite3_stmt*> prepared(const char* sql);
  // error describes the last failure.
  std::unexpected<Error> error(int status) const;
  int changes() const { return sqlite3_changes(database_.get()); }

 private:
  struct CloseDatabase {
    void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
  };
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };

  explicit Connection(sqlite3* database) : database_(database) {}
  std::unique_ptr<sqlite3, CloseDatabase> database_;
  std::map<const char*, std::unique_ptr<sqlite3_stmt, Finalize>> statements_;  // dropped before the database
};

// Query is one execution of a statement. Values are bound in the order of the question marks.
//
//   Query query(connection, "SELECT expires FROM tickets WHERE id = ?");
//   query.bind(id);
//   BULLA_TRY(const bool row, query.step());
//   if (row) expires = query.integer(0);
class Query {
 public:
  Query(Connection& connection, const char* sql);
  ~Query();
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;

  template <class... Values>
  Query& bind(const Values&... values) {
    (bind_one(values), ...);
    return *this;
  }

  // step moves to the next row: false when there is none.
  Result<bool> step();
  // run steps through a statement that returns no rows. Returns how many rows it changed.
  Result<int> run();

  std::int64_t integer(int column) const { return sqlite3_column_int64(statement_, column); }
  bool is_null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
  std::optional<std::int64_t> optional_integer(int column) const;
  std::string text(int column) const;
  Bytes blob(int column) const;
  // array is a blob of that size; a row that holds another is reported by the next step or run, and by valid().
  template <std::size_t N>
  ByteArray<N> array(int column) {
    ByteArray<N> out{};
    copy_blob(column, out);
    return out;
  }
  // valid fails with kInternal if a column held what it cannot hold.
  Result<> valid() const;

 private:
  void bind_one(std::int64_t value);
  void bind_one(int value) { bind_one(std::int64_t{value}); }
  void bind_one(bool value) { bind_one(std::int64_t{value}); }
  void bind_one(const std::string& value);
  void bind_one(std::string_view value);
  void bind_one(ByteView value);
  void bind_one(const Bytes& value) { bind_one(ByteView(value)); }
  template <std::size_t N>
  void bind_one(const ByteArray<N>& value) {
    bind_one(ByteView(value));
  }
  template <class T>
  void bind_one(const std::optional<T>& value) {
    if (value) return bind_one(*value);
    note(sqlite3_bind_null(statement_, ++bound_));
  }
  void note(int status);
  void copy_blob(int column, MutableBytes out);

  Connection& connection_;
  sqlite3_stmt* statement_ = nullptr;
  int bound_ = 0;
  bool malformed_ = false;
  std::optional<Error> error_;
};

}  // namespace bulla::store
