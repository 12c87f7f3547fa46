// FileSystem: every call to the operating system that the queue makes, behind one seam, so that a test can lose power
// or break the disk at any moment.
//
// Errors: kTooMany when the disk is full (or a quota used up), kNotFound when the file does not exist, kConflict when
// it exists already, kUnavailable for everything else. Threads: any number; one thread at a time for each file object.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"

namespace bulla::queue {

// WriteFile is closed when it is dropped. What was written is durable only after sync(), and the file's name only after
// FileSystem::sync_directory().
class WriteFile {
 public:
  virtual ~WriteFile() = default;
  virtual Result<> write(ByteView bytes) = 0;
  virtual Result<> sync() = 0;
};

class ReadFile {
 public:
  virtual ~ReadFile() = default;
  // read fills `out` from where the last read ended and returns how many bytes there were: fewer than asked only at the
  // end of the file.
  virtual Result<std::size_t> read(MutableBytes out) = 0;
};

// FileLock is given up when it is dropped.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;

  // make_directory makes a directory for its owner alone; one that exists is left as it is.
  virtual Result<> make_directory(const std::string& path) = 0;
  // create makes a new file for its owner alone.
  virtual Result<std::unique_ptr<WriteFile>> create(const std::string& path) = 0;
  // append opens a file to write at its end, and makes it if there is none.
  virtual Result<std::unique_ptr<WriteFile>> append(const std::string& path) = 0;
  virtual Result<std::unique_ptr<ReadFile>> open(const std::string& path) = 0;
  virtual Result<std::uint64_t> size(const std::string& path) = 0;
  // rename replaces a file that has the new name.
  virtual Result<> rename(const std::string& from, const std::string& to) = 0;
  virtual Result<> remove(const std::string& path) = 0;
  // sync_directory makes all creations, renames and removals in it durable.
  virtual Result<> sync_directory(const std::string& path) = 0;
  // list returns the names in a directory, in no order, without "." and "..".
  virtual Result<std::vector<std::string>> list(const std::string& path) = 0;
  // free_bytes is the room that is left for us on the disk that holds `path`.
  virtual Result<std::uint64_t> free_bytes(const std::string& path) = 0;
  // lock takes a file that only one process may hold; kConflict when another one does.
  virtual Result<std::unique_ptr<FileLock>> lock(const std::string& path) = 0;
};

// read_all reads a whole file; kInvalid when it is longer than `limit`.
Result<Bytes> read_all(FileSystem& files, const std::string& path, std::size_t limit);

// PosixFileSystem is the real one. Errors name the call and the file.
class PosixFileSystem final : public FileSystem {
 public:
  Result<> make_directory(const std::string& path) override;
  Result<std::unique_ptr<WriteFile>> create(const std::string& path) override;
  Result<std::unique_ptr<WriteFile>> append(const std::string& path) override;
  Result<std::unique_ptr<ReadFile>> open(const std::string& path) override;
  Result<std::uint64_t> size(const std::string& path) override;
  Result<> rename(const std::string& from, const std::string& to) override;
  Result<> remove(const std::string& path) override;
  Result<> sync_directory(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& path) override;
  Result<std::uint64_t> free_bytes(const std::string& path) override;
  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override;
};

}  // namespace bulla::queue
