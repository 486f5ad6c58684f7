#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "actors/node/node.h"
#include "runtime/port/engine.h"
#include "tests/simulation/disk.h"
#include "tests/simulation/executor.h"
#include "tests/simulation/faulty_store.h"
#include "tests/simulation/journal_watch.h"
#include "tests/simulation/ports.h"
#include "tests/simulation/program.h"
#include "tests/simulation/sim_bus.h"
#include "tests/simulation/sim_events.h"

namespace caf::scheduler {
class test_coordinator;
}

namespace troupe::simulation {

/// One life of a node, with everything that dies with it.
struct SimNode {
  SimNode(World& world, int life, std::string name);

  const int life;
  const std::string name;
  FaultyStore store;
  Executor executor;
  SimEntropy entropy;
  std::unique_ptr<Bus> bus;  ///< null: it is alone
  SimEvents events;
  std::unique_ptr<actors::Node> node;
  caf::scheduler::test_coordinator* scheduler = nullptr;
  TimePoint thaw_at;      ///< until then it gets no turn
  bool draining = false;
  TimePoint leaves_at;    ///< while it drains: it ends then, whatever it still has
  bool drains_in_calm = false;  ///< it must have nothing by then

  /// Whether it is there for those who ask; it may be frozen.
  bool lives() const { return node != nullptr && !store.dead; }
  Engine& engine() { return node->engine(); }
};

/// Everything around the simulated nodes: what outlives them, and what is to happen when. One
/// thread.
struct World {
  World(std::uint64_t seed, bool cluster, bool fenced);

  Random random;
  SimClock clock;
  JournalWatch watch;
  Disk disk;
  Books books;
  Published published;
  SimLog log;
  SimBus bus{*this};

  std::vector<Program> programs;
  std::vector<WorkflowId> workflows;
  WorkspaceId workspace;
  ProjectId project;
  store::TenantScope scope() const { return {workspace, project}; }

  const bool cluster;  ///< several nodes share the disk
  bool loops_are_shared = false;  ///< and the items of loops
  std::vector<std::unique_ptr<SimNode>> nodes;
  int last_life = 0;
  SimNode* find(int life) const;
  bool lives(int life) const { return find(life) != nullptr; }
  SimNode* any_node();  ///< one that lives; null: none does
  bool is_frozen(const SimNode& node) const { return clock.peek() < node.thaw_at; }
  Duration frozen_for(int life) const;
  TimePoint disturbed;  ///< when a node was born, died or was declared gone the last time
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
