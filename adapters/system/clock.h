#pragma once

#include "runtime/port/system.h"

namespace troupe::system {

/// The machine's clocks. The only place that asks the system for the time of day. Any thread.
class SystemClock final : public Clock {
 public:
  TimePoint now() const override;
  Duration since_boot() const override;
};

}  // namespace troupe::system
