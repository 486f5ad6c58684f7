#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace troupe::http {

/// A thread for what takes tens of milliseconds of a processor or waits for a program: password
/// hashes, the vault's keys. Work that waits is bounded. Any thread posts.
class Worker {
 public:
  explicit Worker(std::size_t waiting_max) : waiting_max_(waiting_max) {}
  ~Worker() { stop(); }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// False if too much waits already, or it has been stopped: then `work` is not called.
  bool post(std::function<void()> work);
  /// Ends after the work under way; what waits is dropped.
  void stop();

 private:
  void run();

  const std::size_t waiting_max_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> waiting_;
  bool stopped_ = false;
  std::thread thread_;  ///< from the first work on
};

}  // namespace troupe::http
