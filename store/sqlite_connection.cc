#include "store/sqlite_connection.h"

#include <algorithm>

namespace bulla::store {

Result<std::unique_ptr<Connection>> Connection::open(const std::string& file, bool reader) {
  sqlite3* database = nullptr;
  const int how = reader ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  // One thread at a time uses a connection, which its owner sees to: no mutex of SQLite's own.
  const int status =
      sqlite3_open_v2(file.c_str(), &database, how | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE, nullptr);
  std::unique_ptr<Connection> connection(new Connection(database));
  if (status != SQLITE_OK) {
    return fail(Code::kUnavailable, "cannot open the database " + file + ": " + sqlite3_errstr(status),
                "Does the folder exist, and may this user write to it?");
  }
  sqlite3_extended_result_codes(database, 1);
  sqlite3_busy_timeout(database, 5000);
  sqlite3_limit(database, SQLITE_LIMIT_ATTACHED, 0);
  BULLA_CHECK_OK(connection->run("PRAGMA foreign_keys = ON"));
  BULLA_CHECK_OK(connection->run("PRAGMA trusted_schema = OFF"));
  BULLA_CHECK_OK(connection->run("PRAGMA cell_size_check = ON"));
  // Statement journals and sorted rows stay in memory: nothing is written beside the database.
  BULLA_CHECK_OK(connection->run("PRAGMA temp_store = MEMORY"));
  return connection;
}

Result<> Connection::run(const char* sql) {
  const int status = sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr);
  if (status != SQLITE_OK) return error(status);
  return {};
}

Result<sqlite3_stmt*> Connection::prepared(const char* sql) {
  auto& statement = statements_[sql];
  if (!statement) {
    sqlite3_stmt* made = nullptr;
    const int status = sqlite3_prepare_v3(database_.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &made, nullptr);
    statement.reset(made);
    if (status != SQLITE_OK) return error(status);
  }
  return statement.get();
}

std::unexpected<Error> Connection::error(int status) const {
  const int primary = status & 0xff;
  const Code code = primary == SQLITE_CONSTRAINT                            ? Code::kConflict
                    : primary == SQLITE_CORRUPT || primary == SQLITE_MISUSE ? Code::kInternal
                                                                            : Code::kUnavailable;
  return fail(code, std::string("database: ") + sqlite3_errmsg(database_.get()));
}

Query::Query(Connection& connection, const char* sql) : connection_(connection) {
  if (auto statement = connection.prepared(sql)) {
    statement_ = *statement;
  } else {
    error_ = statement.error();
  }
}

Query::~Query() {
  if (statement_ == nullptr) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

Result<bool> Query::step() {
  if (error_) return fail(*error_);
  BULLA_CHECK_OK(valid());
  const int status = sqlite3_step(statement_);
  if (status == SQLITE_ROW) return true;
  if (status == SQLITE_DONE) return false;
  return connection_.error(status);
}

Result<int> Query::run() {
  BULLA_TRY(const bool row, step());
  if (row) return fail(Code::kInternal, "a statement returned rows that nobody asked for");
  return connection_.changes();
}

std::optional<std::int64_t> Query::optional_integer(int column) const {
  if (is_null(column)) return std::nullopt;
  return integer(column);
}

std::string Query::text(int column) const {
  const auto* bytes = sqlite3_column_text(statement_, column);
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column));
  return bytes == nullptr ? std::string() : std::string(reinterpret_cast<const char*>(bytes), size);
}

Bytes Query::blob(int column) const {
  const auto* bytes = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement_, column));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column));
  return bytes == nullptr ? Bytes() : Bytes(bytes, bytes + size);
}

void Query::copy_blob(int column, MutableBytes out) {
  const auto* bytes = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement_, column));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column));
  if (bytes == nullptr || size != out.size()) {
    malformed_ = true;
    return;
  }
  std::copy_n(bytes, size, out.begin());
}

Result<> Query::valid() const {
  if (malformed_) return fail(Code::kInternal, "database: a row holds a value of the wrong size");
  return {};
}

void Query::bind_one(std::int64_t value) {
  note(sqlite3_bind_int64(statement_, ++bound_, value));
}

void Query::bind_one(std::string_view value) {
  note(sqlite3_bind_text64(statement_, ++bound_, value.data(), value.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
}

void Query::bind_one(const std::string& value) {
  bind_one(std::string_view(value));
}

void Query::bind_one(ByteView value) {
  // A null pointer would bind NULL, an empty blob is something else.
  static constexpr std::uint8_t kNothing = 0;
  const void* bytes = value.empty() ? &kNothing : value.data();
  note(sqlite3_bind_blob64(statement_, ++bound_, bytes, value.size(), SQLITE_TRANSIENT));
}

void Query::note(int status) {
  if (status != SQLITE_OK && !error_) error_ = connection_.error(status).error();
}

}  // namespace bulla::store
