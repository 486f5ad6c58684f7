#include "bench/sleeping_executor.h"

#include <chrono>
#include <vector>

#include "bench/usage.h"

namespace troupe::bench {

SleepingExecutor::SleepingExecutor(const Clock& clock, Duration time)
    : clock_(clock), time_(time), thread_([this] { work(); }) {}

void SleepingExecutor::stop() {
  std::deque<Held> forgotten;
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
    forgotten.swap(line_);
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void SleepingExecutor::submit(ScriptJob job, Done done) {
  const std::lock_guard lock(mutex_);
  if (is_ending_) return;
  const double until = monotonic_s() + static_cast<double>(time_.us) / 1e6;
  line_.push_back({until, clock_.now(), job.job, std::move(done)});
  if (line_.size() == 1) changed_.notify_one();
}

void SleepingExecutor::work() {
  std::unique_lock lock(mutex_);
  while (!is_ending_) {
    if (line_.empty()) {
      changed_.wait(lock);
      continue;
    }
    const double left = line_.front().until - monotonic_s();
    if (left > 0) {
      changed_.wait_for(lock, std::chrono::duration<double>(left));
      continue;
    }
    Held held = std::move(line_.front());
    line_.pop_front();
    lock.unlock();
    ScriptResult result;
    result.ok = true;
    result.value = json::Text::trusted("{}");
    result.started = held.since;
    result.finished = clock_.now();
    held.done(held.job, std::move(result));
    lock.lock();
  }
}

}  // namespace troupe::bench
