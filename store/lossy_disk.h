// LossyDisk is a disk that forgets what was not synced when the power fails: for tests of what SQLite is asked to keep.
//
// While it exists, every SQLite database of this process lies on it: it stands in front of SQLite's own files (its
// VFS), notes each write until the file is synced, and can lose the power at any of them, or refuse one. It is how
// LevelDB and SQLite itself test that what was acknowledged outlives a power failure, which a killed process does not
// show.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <variant>
#include <vector>

#include "core/base/bytes.h"

namespace bulla::store {

class LossyDisk {
 public:
  LossyDisk();
  ~LossyDisk();
  LossyDisk(const LossyDisk&) = delete;
  LossyDisk& operator=(const LossyDisk&) = delete;

  // fail_after lets `operations` more writes, truncations and syncs happen; the next one and all others fail.
  void fail_after(int operations);
  bool is_off() const;
  // fail_once_at refuses one operation with SQLite's `error` (SQLITE_IOERR, SQLITE_FULL): the one of this number from
  // now (0: the next). The power stays on, and the next one works.
  void fail_once_at(int number, int error);
  // has_refused says whether it came to that, since fail_once_at().
  bool has_refused() const;

  // restore makes of each file what may be found when the power is back: what was synced, and of the writes since then
  // any part, as `random` has it. Nothing may have a file open.
  void restore(std::mt19937& random);

 private:
  friend struct LossyFile;
  struct Write {
    sqlite3_int64 offset;
    Bytes bytes;
  };
  struct Truncate {
    sqlite3_int64 size;
  };
  using Change = std::variant<Write, Truncate>;
  struct File {
    Bytes synced;
    std::vector<Change> since;
  };

  static int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags);
  static int remove(sqlite3_vfs* vfs, const char* name, int sync_folder);
  static void apply(const Change& change, Bytes& content);
  // allow counts an operation: SQLITE_OK when it may be done, `error` for want of power.
  int allow(int error);
  // Each notes a change of a file, and returns SQLITE_OK, or why it may not be.
  int changed(const std::string& name, Change change, int error);
  int synced(const std::string& name, int error);

  mutable std::mutex mutex_;
  std::map<std::string, File> files_;
  int left_ = INT32_MAX;
  bool off_ = false;
  int refuse_in_ = -1;
  int refuse_with_ = SQLITE_IOERR;
  sqlite3_vfs* real_;
  sqlite3_vfs vfs_;
};

}  // namespace bulla::store
