#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "tests/simulation/client.h"
#include "tests/simulation/world.h"

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

/// What a test may ask for beside the seed.
struct Setting {
  actors::PlantedBugs bugs;
  int nodes = 1;       ///< more than one share a disk; 1: one node, with a disk of its own
  bool fenced = true;  ///< see memory::Options
  // What is left to the seed unless it is set: a bug that needs a rare accident is looked for where
  // such accidents are common.
  int lost = 4, doubled = 4;      ///< messages of a hundred, while the bus is bad
  bool bus_is_bad = false;
  bool loops_are_shared = false;  ///< between nodes
};

/// The life of one seed: a safety phase with crashes, failing commits, lost jobs and crashing
/// actors, then a liveness phase without them, in which everything accepted must come to its end.
/// Where several nodes share a disk they also freeze, leave, lose touch with it and each other, and
/// take over from each other.
class Simulation {
 public:
  Simulation(std::uint64_t seed, const Setting& setting);
  ~Simulation();
  Report run();

 private:
  void configure();
  void prepare();
  void publish(store::Writer& writer);
  void boot(const std::string& name);
  void crash(SimNode& node);
  void boot_later(const std::string& name, Duration delay);
  void tend();
  bool step(const SimNode* except);
  bool run_actor(const std::vector<SimNode*>& busy);
  bool do_deed();
  void advance(TimePoint until);
  void pass(Duration time);
  void pass_beside(const SimNode& busy, Duration time);
  void run_to_end();
  void check();
  bool drive(const std::function<bool()>& holds);
  bool is_calm() const;
  void watch_logs();
  std::string describe() const;

  // Faults; see faults.cc.
  void maybe_fault();
  void end_faults();
  void maybe_crash();
  void disturb();
  void kill(SimNode& node);
  void drain(SimNode& node);
  bool is_undisturbed() const;
  void drain_in_calm();
  bool is_to_leave(const SimNode& node);
  void leave(SimNode& node);
  void freeze(SimNode& node);
  void lose_disk(SimNode& node);
  void lose_bus();
  void cut(const SimNode& node);
  void join_another();

  const std::uint64_t seed_;
  const Setting setting_;
  World world_;
  Client client_;
  actors::Options options_;
  std::multimap<TimePoint, std::string> boots_;  ///< names of nodes that are to start
  int names_ = 0;
  bool nested_ = false;  ///< a commit is under way while the others go on
  std::uint64_t starved_ = 0;  ///< an actor that gets no turn for a while
  std::uint64_t starved_until_ = 0;
  std::uint64_t steps_ = 0, crashes_ = 0;
  std::uint64_t crashes_left_ = 0, next_crash_ = 0;
  std::uint64_t next_disturbance_ = 0;
  int throws_left_ = 0;
  int throw_percent_ = 2;  ///< of a run's turns, while throws are left
  std::uint64_t faults_until_ = 0;
  TimePoint faults_ended_;
  int calm_drains_left_ = 4;
  bool store_faults_ = false;
  NoMetrics metrics_;
  AnySyntax syntax_;
  NoPatterns patterns_;
};

}  // namespace troupe::simulation
