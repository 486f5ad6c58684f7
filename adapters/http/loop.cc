#include "adapters/http/loop.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

namespace troupe::http {

bool ConnectionCount::try_add(std::size_t max) {
  const std::lock_guard lock(mutex_);
  if (count_ >= max) return false;
  ++count_;
  return true;
}

void ConnectionCount::remove() {
  const std::lock_guard lock(mutex_);
  if (--count_ == 0) none_.notify_all();
}

bool ConnectionCount::wait_for_none(std::chrono::microseconds time) {
  std::unique_lock lock(mutex_);
  return none_.wait_for(lock, time, [this] { return count_ == 0; });
}

void Loop::post(std::function<void()> work) {
  const std::lock_guard lock(mutex_);
  if (stopped_) return;
  asio::post(context, std::move(work));
}

void Loop::start() {
  std::mutex started_mutex;
  std::condition_variable started;
  bool running = false;
  thread_ = std::thread([&] {
    const auto guard = asio::make_work_guard(context);
    {
      const std::lock_guard lock(started_mutex);
      thread_id_ = std::this_thread::get_id();
      running = true;
      // Under the lock, because the waiter's variables end with its wait.
      started.notify_one();
    }
    context.run();
  });
  std::unique_lock lock(started_mutex);
  started.wait(lock, [&] { return running; });
}

void Loop::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  context.stop();
  if (thread_.joinable()) thread_.join();
  // Operations in flight own connections, and those own this loop: cancel and run them all, so that
  // nothing is leaked.
  const auto left = open;
  for (const auto& [closable, owner] : left) {
    if (const auto alive = owner.lock()) alive->abort();
  }
  context.restart();
  context.poll();
}

}  // namespace troupe::http
