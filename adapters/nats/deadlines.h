#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

#include "runtime/base/time.h"

namespace troupe::nats {

/// Calls of functions at a later time, all on one thread of its own; they must not block.
/// Thread-safe. Time is the monotonic clock's.
class Deadlines {
 public:
  /// Names one call; the default names none.
  struct Ticket {
    std::int64_t at_us = 0;
    std::uint64_t number = 0;
    auto operator<=>(const Ticket&) const = default;
  };

  Deadlines();
  ~Deadlines() { stop(); }
  Deadlines(const Deadlines&) = delete;
  Deadlines& operator=(const Deadlines&) = delete;

  /// Nothing is called any more after `stop`.
  Ticket in(Duration after, std::function<void()> work);
  /// False if it has been called, is being called, or never was to be.
  bool cancel(const Ticket& ticket);
  /// Waits until a call under way has returned, except on the thread of that call.
  void settle();
  /// Waits for the call under way. What is left is dropped without being called.
  void stop();

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<Ticket, std::function<void()>> calls_;
  std::uint64_t last_number_ = 0;
  std::uint64_t calls_made_ = 0;
  bool is_calling_ = false;
  bool is_stopping_ = false;
  std::thread thread_;
};

/// Microseconds of the monotonic clock.
std::int64_t monotonic_us();

}  // namespace troupe::nats
