#pragma once

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "runtime/port/engine.h"
#include "tests/simulation/executor.h"
#include "tests/simulation/faulty_store.h"
#include "tests/simulation/journal_watch.h"
#include "tests/simulation/ports.h"
#include "tests/simulation/program.h"

namespace troupe::simulation {

/// Everything around a simulated node: what outlives it, and what is to happen when. One thread.
struct World {
  explicit World(std::uint64_t seed);

  Random random;
  SimClock clock;
  SimEntropy entropy;
  JournalWatch watch;
  FaultyStore store;
  Executor executor;
  SimLog log;

  std::vector<Program> programs;
  std::vector<WorkflowId> workflows;
  WorkspaceId workspace;
  ProjectId project;
  store::TenantScope scope() const { return {workspace, project}; }

  Engine* engine = nullptr;  ///< null while no node lives
  int life = 0;              ///< grows with every start of a node
  TimePoint born;            ///< when the last one started
  bool faults = true;

  /// The first thing that went wrong; everything stops then.
  std::string violation;
  void complain(std::string what);
  /// For the trace: enters the hash, and stays readable for the last few hundred.
  void note(const std::string& what);
  std::uint64_t trace = 0xCBF29CE484222325ull;
  std::deque<std::string> last_notes;

  void later(Duration delay, std::function<void()> deed);
  std::multimap<std::pair<TimePoint, std::uint64_t>, std::function<void()>> agenda;
  std::uint64_t agenda_number = 0;

  bool chance(int percent) { return random.below(100) < static_cast<std::uint64_t>(percent); }
  Duration up_to(Duration most) {
    return {static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(most.us) + 1))};
  }
};

}  // namespace troupe::simulation
