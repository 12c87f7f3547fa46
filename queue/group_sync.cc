#include "queue/group_sync.h"

namespace bulla::queue {

Result<> GroupSync::sync() {
  std::unique_lock lock(mutex_);
  const auto mine = ++asked_;
  for (;;) {
    if (done_ >= mine) return {};
    if (!running_) break;
    changed_.wait(lock);
  }
  // This thread syncs for all who have asked by now. When it fails, each of the others tries for itself.
  running_ = true;
  const auto serves = asked_;
  lock.unlock();
  auto result = files_.sync_directory(directory_);
  lock.lock();
  running_ = false;
  if (result) done_ = serves;
  changed_.notify_all();
  return result;
}

}  // namespace bulla::queue
