#include "adapters/http/worker.h"

#include <utility>

namespace troupe::http {

bool Worker::post(std::function<void()> work) {
  const std::scoped_lock lock(mutex_);
  if (stopped_ || waiting_.size() >= waiting_max_) return false;
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  waiting_.push_back(std::move(work));
  changed_.notify_one();
  return true;
}

void Worker::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopped_ || !waiting_.empty(); });
    if (stopped_) return;
    const std::function<void()> work = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    work();
    lock.lock();
  }
}

void Worker::stop() {
  {
    const std::scoped_lock lock(mutex_);
    stopped_ = true;
    changed_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
  waiting_.clear();
}

}  // namespace troupe::http
