#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "actors/node/node.h"
#include "tests/simulation/client.h"
#include "tests/simulation/world.h"

namespace caf::scheduler {
class test_coordinator;
}

namespace troupe::simulation {

struct Report {
  std::uint64_t seed = 0;
  std::string violation;  ///< empty: every invariant held
  std::string programs;   ///< what ran, for the failure's reader
  std::string last_notes;
  std::uint64_t trace = 0;
  std::uint64_t steps = 0, crashes = 0, runs = 0;
  bool ok() const { return violation.empty(); }
};

/// The life of one seed: a safety phase with crashes, failing commits, lost jobs and crashing
/// actors, then a liveness phase without them, in which everything accepted must come to its end.
class Simulation {
 public:
  Simulation(std::uint64_t seed, const actors::PlantedBugs& bugs);
  ~Simulation();
  Report run();

 private:
  void prepare();
  void boot();
  void crash();
  bool step();
  void run_actor();
  void maybe_fault();
  void advance();
  void settle();
  std::string describe() const;

  const std::uint64_t seed_;
  World world_;
  Client client_;
  actors::Options options_;
  std::unique_ptr<actors::Node> node_;
  caf::scheduler::test_coordinator* scheduler_ = nullptr;
  std::uint64_t starved_ = 0;  ///< an actor that gets no turn for a while
  std::uint64_t starved_until_ = 0;
  std::uint64_t steps_ = 0, crashes_ = 0;
  std::uint64_t crashes_left_ = 0, next_crash_ = 0;
  int throws_left_ = 0;
  int throw_percent_ = 2;  ///< of a run's turns, while throws are left
  std::uint64_t faults_until_ = 0;
  NoMetrics metrics_;
  AnySyntax syntax_;
  NoPatterns patterns_;
};

}  // namespace troupe::simulation
