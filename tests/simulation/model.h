#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/simulation/program.h"

namespace troupe::simulation {

/// How a run of a program must end if nobody stops it.
struct Expected {
  bool completed = true;
  std::string output;                ///< JSON, if completed
  std::optional<std::int64_t> end;   ///< the value that a parent sees
  std::set<std::string> failing;     ///< steps of which one ends the run, if not completed
};

/// Computed from the program alone, by rules written here a second time: decide() has no part in
/// it.
Expected expected_of(const std::vector<Program>& programs, int program, std::int64_t n);

}  // namespace troupe::simulation
