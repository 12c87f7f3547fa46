// MemoryFileSystem is a disk in memory that can lose power and break: for tests.
//
// It remembers what has been made durable: of a file the bytes at its last sync(), of a directory the names at its last
// sync_directory(). crash() forgets the rest, in whole or in part.
#pragma once

#include <map>
#include <mutex>

#include "queue/file_system.h"

namespace bulla::queue {

class MemoryFileSystem final : public FileSystem {
 public:
  // fail_at: the change of this number from now (0: the next) fails with `code`, and with `on` all that follow. A write
  // that fails has written half of its bytes. Changes are writes, syncs, creations, renames and removals.
  void fail_at(std::uint64_t number, Code code = Code::kUnavailable, bool on = false);
  void mend();
  std::uint64_t changes() const;

  // crash loses what is not durable and gives up locks. seed 0: all of it; otherwise each unsynced name may or may not
  // have come through, and of unsynced bytes any number.
  void crash(std::uint32_t seed = 0);
  // Bytes that may be written from now on, before kTooMany.
  void set_room(std::uint64_t bytes);

  // For tests that look at the disk: all files now, and a way to change one (made durable at once).
  std::map<std::string, Bytes> files() const;
  void put(const std::string& path, Bytes bytes);

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

 private:
  struct Node {
    Bytes bytes;
    std::size_t durable = 0;  // bytes from the start
  };
  using Names = std::map<std::string, std::shared_ptr<Node>>;
  class Writer;
  class Snapshot;
  class Lock;
  // The caller holds the mutex.
  Result<> change();
  Result<std::shared_ptr<Node>> find(const std::string& path) const;

  mutable std::mutex mutex_;
  Names names_;
  Names durable_;
  std::uint64_t changes_ = 0;
  std::uint64_t fail_from_ = UINT64_MAX;
  bool on_ = false;
  Code code_ = Code::kUnavailable;
  std::uint64_t room_ = UINT64_MAX / 2;
  std::map<std::string, std::weak_ptr<int>> locks_;
};

}  // namespace bulla::queue
