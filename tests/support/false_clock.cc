#include "tests/support/false_clock.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdint>
#include <stdexcept>
#include <utility>

namespace troupe::testing {

FalseClock::FalseClock(std::string file) : file_(std::move(file)) {
  if (std::string(TROUPE_FALSE_CLOCK).empty()) {
    throw std::runtime_error("A build with sanitizers gives no process a clock of its own.");
  }
  set(0);
}

void FalseClock::set(long long ahead_ms) const {
  const std::int64_t us = ahead_ms * 1'000;
  const int file = ::open(file_.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
  // In one piece and never truncated: others have mapped it.
  const bool good = file >= 0 && ::pwrite(file, &us, sizeof us, 0) == sizeof us;
  if (file >= 0) ::close(file);
  if (!good) throw std::runtime_error("no clock in " + file_);
}

Environment FalseClock::environment() const {
  return {{"LD_PRELOAD", TROUPE_FALSE_CLOCK}, {"FALSE_CLOCK", file_}};
}

}  // namespace troupe::testing
