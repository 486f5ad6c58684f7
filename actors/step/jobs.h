#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <unordered_set>
#include <vector>

#include "runtime/base/time.h"

namespace troupe::actors {

/// Jobs that the executor has and will call back for. A callback holds an actor, so the actor
/// system must outlive every one of them: the node's end cancels what is left and waits.
/// Thread-safe.
class Jobs {
 public:
  void add(std::uint64_t token) {
    const std::lock_guard lock(mutex_);
    open_.insert(token);
  }
  void remove(std::uint64_t token) {
    const std::lock_guard lock(mutex_);
    open_.erase(token);
    if (open_.empty()) emptied_.notify_all();
  }
  std::vector<std::uint64_t> open() const {
    const std::lock_guard lock(mutex_);
    return {open_.begin(), open_.end()};
  }
  void wait_empty(Duration patience) {
    std::unique_lock lock(mutex_);
    emptied_.wait_for(lock, std::chrono::microseconds(patience.us),
                      [this] { return open_.empty(); });
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable emptied_;
  std::unordered_set<std::uint64_t> open_;
};

}  // namespace troupe::actors
