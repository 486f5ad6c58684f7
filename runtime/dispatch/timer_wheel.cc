#include "runtime/dispatch/timer_wheel.h"

#include <algorithm>

namespace troupe::dispatch {
namespace {

/// The tick at which an instant has passed for sure.
std::int64_t tick_of(TimePoint time) {
  return (time.us + TimerWheel::kTickUs - 1) / TimerWheel::kTickUs;
}

}  // namespace

void TimerWheel::insert(const Entry& entry) {
  ++size_;
  place(entry, tick_ + 1);
}

void TimerWheel::place(const Entry& entry, std::int64_t earliest) {
  const std::int64_t due = std::clamp(tick_of(entry.due), earliest, tick_ + kHorizon);
  const std::int64_t distance = due - tick_;
  int level = 0;
  while (distance >= (std::int64_t{1} << (kBits * (level + 1)))) ++level;
  slots_[level][(due >> (kBits * level)) & (kSlots - 1)].push_back(entry);
}

void TimerWheel::cascade(int level) {
  auto& slot = slots_[level][(tick_ >> (kBits * level)) & (kSlots - 1)];
  std::vector<Entry> entries;
  entries.swap(slot);
  // Those due at this very tick land in the slot that is handled right after.
  for (const Entry& entry : entries) place(entry, tick_);
}

void TimerWheel::follow(TimePoint now) {
  const std::int64_t target = now.us / kTickUs;
  if (tick_ <= target && target - tick_ <= kHorizon) return;
  std::vector<Entry> all;
  all.reserve(size_);
  for (auto& level : slots_) {
    for (auto& slot : level) {
      all.insert(all.end(), slot.begin(), slot.end());
      slot.clear();
    }
  }
  tick_ = target - 1;
  for (const Entry& entry : all) place(entry, target);
}

void TimerWheel::advance(TimePoint now, std::vector<Entry>* due) {
  follow(now);
  const std::int64_t target = now.us / kTickUs;
  if (size_ == 0) {
    tick_ = std::max(tick_, target);
    return;
  }
  while (tick_ < target) {
    ++tick_;
    for (int level = kLevels - 1; level >= 1; --level) {
      if ((tick_ & ((std::int64_t{1} << (kBits * level)) - 1)) == 0) cascade(level);
    }
    std::vector<Entry> ready;
    ready.swap(slots_[0][tick_ & (kSlots - 1)]);
    for (const Entry& entry : ready) {
      if (entry.due <= now) {
        due->push_back(entry);
        --size_;
      } else {
        place(entry, tick_ + 1);  // lay beyond the horizon
      }
    }
    if (size_ == 0) tick_ = std::max(tick_, target);
  }
}

TimePoint TimerWheel::next() const {
  if (size_ == 0) return {};
  for (int level = 0; level < kLevels; ++level) {
    for (std::int64_t step = 1; step <= kSlots; ++step) {
      const std::int64_t index = (tick_ >> (kBits * level)) + step;
      if (!slots_[level][index & (kSlots - 1)].empty()) {
        return {(index << (kBits * level)) * kTickUs};
      }
    }
  }
  return {(tick_ + 1) * kTickUs};
}

}  // namespace troupe::dispatch
