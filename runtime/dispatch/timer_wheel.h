#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "runtime/base/time.h"
#include "runtime/base/uuid.h"

namespace troupe::dispatch {

/// A hierarchical timing wheel: 4 levels of 64 slots over ticks of 4 ms, so the horizon is 18.6
/// hours; what lies further is put back into the last level until it comes near. Insert O(1),
/// advance O(due + ticks passed). Entries are never removed: a late or double wake is harmless,
/// because state decides.
class TimerWheel {
 public:
  struct Entry {
    TimePoint due;
    WorkspaceId workspace;
    RunId entity;
  };
  static constexpr std::int64_t kTickUs = 4000;

  explicit TimerWheel(TimePoint now) : tick_(now.us / kTickUs) {}

  void insert(const Entry& entry);
  /// Where the clock has stepped back, or further ahead than the horizon, all that is in the wheel
  /// is placed anew: else nothing, new or old, would be due before the clock had caught up.
  void follow(TimePoint now);
  /// Moves time on and appends what is due (never early).
  void advance(TimePoint now, std::vector<Entry>* due);
  std::size_t size() const { return size_; }
  /// A lower bound of the next due instant that is worth waiting for; unset if the wheel is empty.
  TimePoint next() const;

 private:
  static constexpr int kLevels = 4;
  static constexpr int kBits = 6;
  static constexpr std::int64_t kSlots = 1 << kBits;
  static constexpr std::int64_t kHorizon = (std::int64_t{1} << (kBits * kLevels)) - 1;

  void place(const Entry& entry, std::int64_t earliest);
  void cascade(int level);

  std::int64_t tick_;  ///< the last tick that has been handled
  std::size_t size_ = 0;
  std::array<std::array<std::vector<Entry>, kSlots>, kLevels> slots_;
};

}  // namespace troupe::dispatch
