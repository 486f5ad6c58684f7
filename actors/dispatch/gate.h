#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "actors/messages.h"
#include "runtime/dispatch/fair_queue.h"
#include "runtime/port/metrics.h"
#include "runtime/port/system.h"

namespace troupe::actors {

/// Grants attempts: over all workspaces a fixed number in flight here, and another, larger one of
/// those that others work on; the rest waits in a fair queue.
/// One lock instead of an actor, because a grant that need not wait then costs 0.1 µs instead of
/// two messages. Thread-safe; shared by all run actors; lives as long as the node.
class Gate {
 public:
  Gate(const Clock& clock, std::size_t here_max, std::size_t elsewhere_max, Duration slow_after,
       Histogram& queue_wait);

  std::uint64_t new_token() { return next_token_.fetch_add(1, std::memory_order_relaxed) + 1; }
  /// True: granted at once. False: `run` will get Granted{request.token}.
  bool acquire(dispatch::Request request, const RunActor& run);
  /// A granted attempt has ended; grants the next ones.
  void release(std::uint64_t token);
  /// A waiting request is no longer wanted; granted ones are released.
  void cancel(std::uint64_t token);
  /// While throttled nothing new is granted: the commit queue is long.
  void throttle(bool on);
  /// Tells runs whose attempts have been in flight for long, once each. True while there is
  /// anything in flight.
  bool tell_slow();
  std::size_t waiting() const;
  std::size_t in_flight() const;
  /// Grants nothing any more, for good.
  void close();
  /// Blocks until nothing is in flight or the time has passed.
  void wait_empty(Duration patience);
  /// Called once per busy period: from then on somebody calls tell_slow() now and then, until it
  /// says that nothing is in flight, and then ticks_stopped(). Set before the first acquire.
  void on_busy(std::function<void()> begin_ticks) { begin_ticks_ = std::move(begin_ticks); }
  void ticks_stopped();

 private:
  struct Held {
    dispatch::Request request;
    RunActor run;
    TimePoint since;
  };
  bool has_room(dispatch::Place place) const {
    const auto at = static_cast<std::size_t>(place);
    return !throttled_ && !closed_ && taken_[at] < places_max_[at];
  }
  void take(dispatch::Place place) { ++taken_[static_cast<std::size_t>(place)]; }
  void grant_waiting(TimePoint now, std::vector<std::pair<RunActor, std::uint64_t>>* granted);
  static void tell(const std::vector<std::pair<RunActor, std::uint64_t>>& granted);

  const Clock& clock_;
  const std::size_t places_max_[dispatch::kPlaces];
  const Duration slow_after_;
  Histogram& queue_wait_;
  std::atomic<std::uint64_t> next_token_{0};
  std::function<void()> begin_ticks_;

  mutable std::mutex mutex_;  // guards everything below; nothing is called out under it
  bool ticking_ = false;  ///< somebody calls tell_slow()
  bool throttled_ = false;
  bool closed_ = false;
  std::condition_variable emptied_;
  dispatch::FairQueue queue_;
  std::unordered_map<std::uint64_t, Held> in_flight_;
  std::size_t taken_[dispatch::kPlaces] = {0, 0};  ///< by what is in flight
  std::unordered_map<std::uint64_t, Held> waiting_;
  /// tokens granted, oldest first; ended ones drop out lazily
  std::deque<std::pair<std::uint64_t, TimePoint>> by_age_;
};

}  // namespace troupe::actors
