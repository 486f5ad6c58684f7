#pragma once

#include <string>

#include "tests/support/process.h"

namespace troupe::testing {

/// A wall clock of one process and its children: the machine's and an offset, which can be changed
/// while they run. Timers and leases that count from a boot do not notice. Owned by the test, and
/// outlived by nothing that reads it.
class FalseClock {
 public:
  /// `file`: where the offset lies, for whoever is started in environment().
  explicit FalseClock(std::string file);

  /// Ahead of the machine's by that much, or behind it.
  void set(long long ahead_ms) const;
  Environment environment() const;

 private:
  std::string file_;
};

}  // namespace troupe::testing
