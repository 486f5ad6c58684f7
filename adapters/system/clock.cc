#include "adapters/system/clock.h"

#include <time.h>

#include <chrono>

namespace troupe::system {

TimePoint SystemClock::now() const {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::microseconds>(since_epoch).count()};
}

Duration SystemClock::since_boot() const {
  timespec time{};
  ::clock_gettime(CLOCK_BOOTTIME, &time);
  return {static_cast<std::int64_t>(time.tv_sec) * 1'000'000 + time.tv_nsec / 1'000};
}

}  // namespace troupe::system
