#include "actors/dispatch/gate.h"

#include <utility>

namespace troupe::actors {

Gate::Gate(const Clock& clock, std::size_t here_max, std::size_t elsewhere_max,
           Duration slow_after, Histogram& queue_wait)
    : clock_(clock),
      places_max_{here_max, elsewhere_max},
      slow_after_(slow_after),
      queue_wait_(queue_wait) {}

bool Gate::acquire(dispatch::Request request, const RunActor& run) {
  const TimePoint now = clock_.now();
  std::vector<std::pair<RunActor, std::uint64_t>> granted;
  const std::uint64_t token = request.token;
  bool at_once = false, ticks_begin = false;
  {
    const std::lock_guard lock(mutex_);
    // Under the lock, as ticks_stopped() is: an attempt that begins while the ticks end would go
    // unwatched.
    ticks_begin = !std::exchange(ticking_, true);
    if (queue_.waiting() == 0 && request.concurrency_key.empty() && has_room(request.place)) {
      take(request.place);
      by_age_.emplace_back(token, now);
      in_flight_.emplace(token, Held{std::move(request), run, now});
      at_once = true;
    } else {
      waiting_.emplace(token, Held{request, run, now});
      queue_.push(std::move(request));
      grant_waiting(now, &granted);
      at_once = std::erase_if(granted, [token](const auto& grant) {
                  return grant.second == token;
                }) > 0;
    }
  }
  if (ticks_begin && begin_ticks_) begin_ticks_();
  tell(granted);
  return at_once;
}

void Gate::grant_waiting(TimePoint now, std::vector<std::pair<RunActor, std::uint64_t>>* granted) {
  for (const auto place : {dispatch::Place::kHere, dispatch::Place::kElsewhere}) {
    while (has_room(place)) {
      const auto next = queue_.pop(now, place);
      if (!next) break;
      auto held = waiting_.extract(next->token);
      queue_wait_.observe(static_cast<double>((now - held.mapped().since).us) / 1e6);
      held.mapped().since = now;
      granted->emplace_back(held.mapped().run, next->token);
      take(place);
      by_age_.emplace_back(next->token, now);
      in_flight_.insert(std::move(held));
    }
  }
}

void Gate::tell(const std::vector<std::pair<RunActor, std::uint64_t>>& granted) {
  for (const auto& [run, token] : granted) caf::anon_send(run, Granted{token});
}

void Gate::release(std::uint64_t token) {
  std::vector<std::pair<RunActor, std::uint64_t>> granted;
  {
    const std::lock_guard lock(mutex_);
    const auto found = in_flight_.find(token);
    if (found == in_flight_.end()) return;
    queue_.finished(found->second.request);
    --taken_[static_cast<std::size_t>(found->second.request.place)];
    in_flight_.erase(found);
    if (closed_ && in_flight_.empty()) emptied_.notify_all();
    if (queue_.waiting() > 0) grant_waiting(clock_.now(), &granted);
  }
  tell(granted);
}

void Gate::cancel(std::uint64_t token) {
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.erase(token) > 0) {
      queue_.cancel(token);
      return;
    }
  }
  release(token);
}

void Gate::throttle(bool on) {
  std::vector<std::pair<RunActor, std::uint64_t>> granted;
  {
    const std::lock_guard lock(mutex_);
    if (throttled_ == on) return;
    throttled_ = on;
    grant_waiting(clock_.now(), &granted);
  }
  tell(granted);
}

bool Gate::tell_slow() {
  const TimePoint now = clock_.now();
  std::vector<std::pair<RunActor, std::uint64_t>> slow;
  bool busy;
  {
    const std::lock_guard lock(mutex_);
    while (!by_age_.empty()) {
      const auto [token, since] = by_age_.front();
      const auto found = in_flight_.find(token);
      if (found != in_flight_.end()) {
        if (now - since < slow_after_) break;
        slow.emplace_back(found->second.run, token);
      }
      by_age_.pop_front();
    }
    busy = !by_age_.empty() || !waiting_.empty();
  }
  for (const auto& [run, token] : slow) caf::anon_send(run, SlowAttempt{token});
  return busy;
}

void Gate::ticks_stopped() {
  {
    const std::lock_guard lock(mutex_);
    // One may have been granted between the last look and now; it must not stay unwatched. Those
    // that were told of already need no more looks, however long they take.
    ticking_ = !by_age_.empty();
    if (!ticking_) return;
  }
  if (begin_ticks_) begin_ticks_();
}

std::size_t Gate::waiting() const {
  const std::lock_guard lock(mutex_);
  return queue_.waiting();
}

void Gate::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
}

void Gate::wait_empty(Duration patience) {
  std::unique_lock lock(mutex_);
  emptied_.wait_for(lock, std::chrono::microseconds(patience.us),
                    [this] { return in_flight_.empty(); });
}

std::size_t Gate::in_flight() const {
  const std::lock_guard lock(mutex_);
  return in_flight_.size();
}

}  // namespace troupe::actors
