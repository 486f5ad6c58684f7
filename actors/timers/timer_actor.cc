#include "actors/timers/timer_actor.h"

#include <algorithm>
#include <utility>

#include "actors/node/services.h"
#include "runtime/dispatch/timer_wheel.h"

namespace troupe::actors {
namespace {

constexpr Duration kWindow = seconds(600);
constexpr Duration kReadAgainFirst = milliseconds(100);
constexpr Duration kReadAgainMax = seconds(5);
/// The clock is looked at so often, in case it jumps, though nothing may be due for days.
constexpr Duration kTickAtLatest = seconds(60);
/// A tick that is later than this was meant for another clock.
constexpr Duration kTickLate = seconds(1);
constexpr Duration kSlowTick = milliseconds(100);
constexpr std::size_t kReadAheadMax = 20'000;

struct TimerState {
  static inline constexpr const char* name = "timers";
  Services* services = nullptr;
  std::unique_ptr<dispatch::TimerWheel> wheel;
  TimePoint horizon;    ///< every durable timer up to here is in the wheel
  TimePoint next_far;   ///< the earliest known one beyond it; unset: none
  bool begun = false;   ///< BeginTimers has come
  bool reading = false;  ///< until it has succeeded
  int failures = 0;      ///< tries of this read that have failed
  bool anew = false;    ///< slots have come since this read began
  TimePoint ticking;    ///< a Tick is on its way for this instant; unset: none
};

using Self = TimerActor::stateful_pointer<TimerState>;

/// The instant at which something has to be done, or unset.
TimePoint next_deed(const TimerState& state) {
  TimePoint next = state.wheel->next();
  if (state.next_far.set() && !state.reading) {
    const TimePoint read_at{std::max(state.next_far.us - kWindow.us / 2, std::int64_t{1})};
    if (!next.set() || read_at < next) next = read_at;
  }
  return next;
}

void schedule(Self self) {
  TimerState& state = self->state;
  const TimePoint now = state.services->now();
  TimePoint next = next_deed(state);
  if (!state.begun || !next.set()) return;
  next = std::min(next, now + kTickAtLatest);
  if (state.ticking.set() && state.ticking <= next && now - state.ticking < kTickLate) return;
  state.ticking = next;
  const std::int64_t delay = std::max<std::int64_t>(next.us - now.us, 0);
  self->delayed_send(self, std::chrono::microseconds(delay), Tick{});
}

/// A damaged sleeper is woken all the same: whoever loads it sets it aside. Its row knows whose it
/// is; without that nobody can be told but the log.
Status find_owners(const Services& services, store::Reader& reader,
                   std::vector<store::Snapshot>& sleepers) {
  for (store::Snapshot& sleeper : sleepers) {
    if (!sleeper.damaged) continue;
    const auto row = reader.run_unscoped(sleeper.entity);
    if (!row && info(row.error().code).transient) return row.error();
    if (row && *row) sleeper.workspace = (*row)->workspace;
    services.ports.log.error("the snapshot of a sleeping run is damaged",
                             {{"run_id", sleeper.entity.to_string()}});
  }
  std::erase_if(sleepers, [](const store::Snapshot& one) { return !one.workspace.set(); });
  return ok();
}

Result<ReadAhead> read_due(const Services& services, store::Reader& reader, TimePoint after,
                           TimePoint until) {
  const cluster::SlotSet own = services.ownership.held(Ownership::Hold::kMine);
  auto due = reader.due(own, after, until, kReadAheadMax);
  if (!due) return std::move(due).error();
  ReadAhead answer{nullptr, until, {}};
  if (due->size() >= kReadAheadMax) answer.horizon = due->back().wake_at;
  const auto beyond = reader.due(own, answer.horizon, TimePoint{INT64_MAX}, 1);
  if (!beyond) return beyond.error();
  if (!beyond->empty()) answer.next_far = beyond->front().wake_at;
  if (Status found = find_owners(services, reader, *due); !found) return found.error();
  answer.due = std::make_shared<std::vector<store::Snapshot>>(std::move(*due));
  return answer;
}

void read_ahead(Self self) {
  TimerState& state = self->state;
  state.reading = true;
  const TimePoint after = state.horizon;
  const TimePoint until = state.services->now() + kWindow;
  const TimerActor timers = caf::actor_cast<TimerActor>(caf::strong_actor_ptr{self->ctrl()});
  state.services->read([timers, after, until, services = state.services](store::Reader& reader) {
    auto answer = read_due(*services, reader, after, until);
    if (!answer) {
      services->ports.log.error("timers could not be read", {{"message", answer.error().message}});
    }
    caf::anon_send(timers, answer ? std::move(*answer) : ReadAhead{});
  });
}

void take_read_ahead(Self self, const ReadAhead& answer) {
  TimerState& state = self->state;
  if (answer.due == nullptr) {
    // What is due shall not wait for longer than the store does.
    const std::int64_t delay_us =
        std::min(kReadAgainMax.us, kReadAgainFirst.us << std::min(state.failures++, 10));
    return self->delayed_send(self, std::chrono::microseconds(delay_us), ReadAgain{});
  }
  state.reading = false;
  state.failures = 0;
  if (std::exchange(state.anew, false)) {
    state.horizon = TimePoint{0};
    read_ahead(self);
  } else {
    state.horizon = answer.horizon;
  }
  // One that was armed meanwhile beyond the horizon is in the store as well, so the answer knows
  // it.
  state.next_far = answer.next_far;
  state.wheel->follow(state.services->now());
  for (const store::Snapshot& sleeper : *answer.due) {
    state.wheel->insert({sleeper.wake_at, sleeper.workspace, sleeper.entity});
  }
  schedule(self);
}

void tick(Self self) {
  TimerState& state = self->state;
  Services& services = *state.services;
  state.ticking = {};
  const TimePoint now = services.now();
  std::vector<dispatch::TimerWheel::Entry> due;
  state.wheel->advance(now, &due);
  for (const auto& entry : due) {
    caf::anon_send(services.tenant(entry.workspace), TimerFired{entry.entity});
  }
  if (state.next_far.set() && !state.reading && state.next_far.us - now.us <= kWindow.us / 2) {
    read_ahead(self);
  }
  schedule(self);
}

void arm(Self self, const Arm& message) {
  TimerState& state = self->state;
  // While a read is under way its answer may be older than this timer: the wheel takes it then.
  if (message.durable && message.due > state.horizon && !state.reading) {
    if (!state.next_far.set() || message.due < state.next_far) state.next_far = message.due;
  } else {
    state.wheel->follow(state.services->now());
    state.wheel->insert({message.due, message.workspace, message.run});
  }
  schedule(self);
}

TimerActor::behavior_type timer_actor(Self self, Services* services) {
  self->state.services = services;
  self->state.wheel = std::make_unique<dispatch::TimerWheel>(services->now());
  self->state.horizon = TimePoint{0};
  return {
      [=](const Arm& message) { arm(self, message); },
      [=](const BeginTimers&) {
        TimerState& state = self->state;
        state.begun = true;
        if (state.reading) {
          state.anew = true;
          return;
        }
        // From the beginning: what has come with new slots may be due long since. What is in the
        // wheel already comes twice, which does no harm.
        state.horizon = TimePoint{0};
        read_ahead(self);
      },
      [=](const Tick&) { tick(self); },
      [=](const ReadAhead& message) { take_read_ahead(self, message); },
      [=](const ReadAgain&) { read_ahead(self); },
  };
}

// ---- slow attempts ------------------------------------------------------------------------------

using WatchActor = caf::typed_actor<caf::reacts_to<Tick>>;

WatchActor::behavior_type watch_actor(WatchActor::pointer self, Services* services) {
  return {[=](const Tick&) {
    if (services->gate.tell_slow()) {
      self->delayed_send(self, std::chrono::microseconds(kSlowTick.us), Tick{});
    } else {
      services->gate.ticks_stopped();
    }
  }};
}

}  // namespace

TimerActor spawn_timers(caf::actor_system& system, Services& services) {
  const WatchActor watch = system.spawn(watch_actor, &services);
  services.gate.on_busy([watch] { caf::anon_send(watch, Tick{}); });
  return system.spawn(timer_actor, &services);
}

}  // namespace troupe::actors
