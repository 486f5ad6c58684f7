#pragma once

#include <string_view>

namespace troupe::cli {

/// Tells the service manager ("READY=1", "STOPPING=1", "WATCHDOG=1"); nothing happens without one.
void notify_manager(std::string_view state);
/// How often the manager wants a sign of life, in milliseconds; -1: never.
int watchdog_interval_ms();

}  // namespace troupe::cli
