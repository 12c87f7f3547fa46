// GroupSync: one fsync of a directory for all who ask for it at the same time.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>

#include "queue/file_system.h"

namespace bulla::queue {

// Threads: any number.
class GroupSync {
 public:
  // `files` must outlive it.
  GroupSync(FileSystem& files, std::string directory) : files_(files), directory_(std::move(directory)) {}
  // sync returns when everything that was done in the directory before the call is durable.
  Result<> sync();

 private:
  FileSystem& files_;
  std::string directory_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool running_ = false;
  std::uint64_t asked_ = 0;  // number of the last who asked
  std::uint64_t done_ = 0;   // all up to this one have been served
};

}  // namespace bulla::queue
