#include "adapters/nats/deadlines.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace troupe::nats {

std::int64_t monotonic_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

Deadlines::Deadlines() : thread_([this] { run(); }) {}

Deadlines::Ticket Deadlines::in(Duration after, std::function<void()> work) {
  const TimePoint at = TimePoint{monotonic_us()} + after;
  std::unique_lock lock(mutex_);
  const Ticket ticket{at.us, ++last_number_};
  if (is_stopping_) return ticket;
  const bool is_first = calls_.empty() || ticket < calls_.begin()->first;
  calls_.emplace(ticket, std::move(work));
  lock.unlock();
  if (is_first) changed_.notify_all();
  return ticket;
}

bool Deadlines::cancel(const Ticket& ticket) {
  std::function<void()> dropped;  // declared first, so destroyed without the lock
  const std::lock_guard lock(mutex_);
  const auto at = calls_.find(ticket);
  if (at == calls_.end()) return false;
  dropped = std::move(at->second);
  calls_.erase(at);
  return true;
}

void Deadlines::settle() {
  if (thread_.get_id() == std::this_thread::get_id()) return;
  std::unique_lock lock(mutex_);
  const std::uint64_t call = calls_made_;
  changed_.wait(lock, [&] { return !is_calling_ || calls_made_ != call; });
}

void Deadlines::stop() {
  std::map<Ticket, std::function<void()>> dropped;
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
    dropped.swap(calls_);
  }
  changed_.notify_all();
  if (thread_.joinable() && thread_.get_id() != std::this_thread::get_id()) thread_.join();
}

void Deadlines::run() {
  std::unique_lock lock(mutex_);
  while (!is_stopping_) {
    if (calls_.empty()) {
      changed_.wait(lock);
      continue;
    }
    const std::int64_t left_us = calls_.begin()->first.at_us - monotonic_us();
    if (left_us > 0) {
      // Bounded, because an instant at the end of time overflows inside wait_for.
      const std::int64_t hour_us = std::int64_t{3'600'000'000};
      changed_.wait_for(lock, std::chrono::microseconds(std::min(left_us, hour_us)));
      continue;
    }
    std::function<void()> work = std::move(calls_.begin()->second);
    calls_.erase(calls_.begin());
    is_calling_ = true;
    ++calls_made_;
    lock.unlock();
    work();
    work = nullptr;
    lock.lock();
    is_calling_ = false;
    changed_.notify_all();
  }
}

}  // namespace troupe::nats
