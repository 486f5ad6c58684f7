#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "runtime/port/script.h"
#include "runtime/port/system.h"

namespace troupe::bench {

/// Stands in for steps that wait for the outside: holds each attempt for the same time and then
/// gives `{}`, without a sandbox and with next to no processor time. Thread-safe; one thread.
class SleepingExecutor final : public ScriptExecutor {
 public:
  SleepingExecutor(const Clock& clock, Duration time);
  ~SleepingExecutor() override { stop(); }

  void submit(ScriptJob job, Done done) override;
  /// What is held ends by itself soon, or goes when this stops.
  void cancel(std::uint64_t) override {}
  /// Forgets what it holds, and takes nothing more. Before a node ends as in a crash: what is held
  /// refers to its actors.
  void stop();

 private:
  struct Held {
    double until = 0;  ///< monotonic; grows along the line
    TimePoint since;
    std::uint64_t job = 0;
    Done done;
  };
  void work();

  const Clock& clock_;
  const Duration time_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Held> line_;
  bool is_ending_ = false;
  std::thread thread_;
};

}  // namespace troupe::bench
