#include "store/sqlite_schema.h"

namespace bulla::store {
namespace {

// "Bull": marks the file as ours (PRAGMA application_id).
constexpr std::int64_t kApplication = 0x42756c6c;
constexpr std::int64_t kVersion = 1;

constexpr const char* kTables = R"sql(
CREATE TABLE settings (
  name   TEXT PRIMARY KEY,
  value  BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE envelopes (
  id            BLOB PRIMARY KEY CHECK (length(id) = 22),
  organisation  TEXT NOT NULL,
  sender        TEXT NOT NULL,
  sender_name   TEXT NOT NULL,
  date          INTEGER NOT NULL,
  expires       INTEGER,
  registered    INTEGER NOT NULL,
  locked        INTEGER NOT NULL,
  cleared       INTEGER NOT NULL DEFAULT 0  -- expired, and its shares are removed
) STRICT, WITHOUT ROWID;
CREATE INDEX envelopes_to_clear ON envelopes (expires) WHERE expires IS NOT NULL AND cleared = 0;

CREATE TABLE listings (
  envelope      BLOB NOT NULL REFERENCES envelopes (id),
  address       TEXT NOT NULL,
  share_digest  BLOB,
  registered    INTEGER NOT NULL,
  PRIMARY KEY (envelope, address)
) STRICT, WITHOUT ROWID;
CREATE INDEX listings_by_address ON listings (address, envelope);

CREATE TABLE shares (
  envelope  BLOB NOT NULL,
  address   TEXT NOT NULL,
  holder    TEXT NOT NULL,
  stanza    TEXT NOT NULL,
  PRIMARY KEY (envelope, address, holder),
  FOREIGN KEY (envelope, address) REFERENCES listings (envelope, address)
) STRICT, WITHOUT ROWID;
CREATE INDEX shares_waiting ON shares (address, envelope) WHERE holder >= 'release:' AND holder < 'release;';

CREATE TABLE accounts (
  address        TEXT PRIMARY KEY,
  recipient      TEXT NOT NULL,
  identity       BLOB NOT NULL,
  opaque_record  BLOB NOT NULL,
  created        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE code_requests (
  id          BLOB PRIMARY KEY,
  address     TEXT NOT NULL,
  network     BLOB NOT NULL,
  kind        INTEGER NOT NULL,
  code        BLOB NOT NULL,
  created     INTEGER NOT NULL,
  expires     INTEGER NOT NULL,
  tries_left  INTEGER NOT NULL,
  verified    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX code_requests_by_address ON code_requests (address, created);
CREATE INDEX code_requests_by_network ON code_requests (network, created);
CREATE INDEX code_requests_by_time ON code_requests (created);

CREATE TABLE tickets (
  id       BLOB PRIMARY KEY,
  address  TEXT NOT NULL,
  expires  INTEGER NOT NULL,
  used     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX tickets_by_time ON tickets (expires);

CREATE TABLE sessions (
  id       BLOB PRIMARY KEY,
  address  TEXT NOT NULL,
  created  INTEGER NOT NULL,
  used     INTEGER NOT NULL,
  ended    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_time ON sessions (used);

CREATE TABLE events (
  organisation  TEXT NOT NULL,
  number        INTEGER NOT NULL,
  type          TEXT NOT NULL,
  envelope      BLOB NOT NULL,
  address       TEXT NOT NULL,
  time          INTEGER NOT NULL,
  PRIMARY KEY (organisation, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE outbox (
  number    INTEGER PRIMARY KEY AUTOINCREMENT,
  address   TEXT NOT NULL,
  kind      INTEGER NOT NULL,
  body      BLOB NOT NULL,
  attempts  INTEGER NOT NULL,
  next_try  INTEGER NOT NULL,
  expires   INTEGER NOT NULL
) STRICT;
CREATE INDEX outbox_by_time ON outbox (next_try);

PRAGMA application_id = 1114991724;
PRAGMA user_version = 1;
)sql";
static_assert(kApplication == 1114991724 && kVersion == 1, "the same numbers stand at the end of kTables");

Result<std::int64_t> number_of(Connection& connection, const char* pragma) {
  Query query(connection, pragma);
  BULLA_TRY(const bool row, query.step());
  return row ? query.integer(0) : 0;
}

Result<> check_existing(std::int64_t application, std::int64_t version) {
  if (application != kApplication) {
    return fail(Code::kInvalid, "the database file is not one of bulla-keyserver",
                "Check `state` in the configuration: the file there belongs to another program.");
  }
  if (version > kVersion) {
    return fail(Code::kInvalid, "the database was made by a newer version of bulla-keyserver",
                "Install that version, or go back to a backup made before the upgrade.");
  }
  return {};
}

}  // namespace

Result<> prepare_database(Connection& connection) {
  BULLA_TRY(const auto tables, number_of(connection, "SELECT count(*) FROM sqlite_schema"));
  BULLA_TRY(const auto application, number_of(connection, "PRAGMA application_id"));
  BULLA_TRY(const auto version, number_of(connection, "PRAGMA user_version"));
  if (tables > 0 || application != 0) return check_existing(application, version);

  BULLA_CHECK_OK(connection.run("BEGIN IMMEDIATE"));
  if (auto made = connection.run(kTables); !made) {
    (void)connection.run("ROLLBACK");
    return made;
  }
  return connection.run("COMMIT");
}

}  // namespace bulla::store
