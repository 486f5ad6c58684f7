#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/simulation/journal_watch.h"
#include "tests/simulation/program.h"

namespace troupe::simulation {

/// How a run of a program must end if nobody stops it.
struct Expected {
  bool completed = true;
  std::string output;                ///< JSON, if completed
  std::optional<std::int64_t> end;   ///< the value that a parent sees
  std::set<std::string> failing;     ///< steps of which one ends the run, if not completed
  std::vector<std::optional<std::int64_t>> values;  ///< of each step
};

/// What the program alone does not tell: steps with `in_doubt: fail` that a crash or a lost job has
/// left in doubt, and the same of the child runs, by the step that started them.
struct Doubts {
  std::set<int> steps;
  std::map<int, Doubts> children;
};
/// As the journals tell.
Doubts doubts_of(const JournalWatch& watch, RunId run);

/// Computed from the program alone, by rules written here a second time: decide() has no part in
/// it.
Expected expected_of(const std::vector<Program>& programs, int program, std::int64_t n,
                     const Doubts& doubts);

}  // namespace troupe::simulation
