// What befalls the nodes, and when it is over.
#include "tests/simulation/simulation.h"

namespace troupe::simulation {

void Simulation::maybe_fault() {
  if (steps_ == faults_until_) {
    world_.note("no more faults");
    crashes_left_ = 0;
    end_faults();
  }
  maybe_crash();
  if (!world_.cluster || !world_.faults || steps_ < next_disturbance_) return;
  next_disturbance_ = steps_ + 20 + world_.random.below(500);
  disturb();
}

void Simulation::end_faults() {
  world_.faults = world_.bus.faults = false;
  world_.bus.heal();
  for (const auto& node : world_.nodes) {
    node->store.faults = node->store.out_of_reach = node->executor.faults = false;
  }
  world_.disk.settle_one();
}

void Simulation::maybe_crash() {
  if (crashes_left_ == 0) return;
  // Between the frames of a group and its rows, a moment that chance alone would hardly hit.
  const bool in_group = !world_.watch.rowless().empty() && world_.chance(20);
  if (!in_group && steps_ < next_crash_) return;
  SimNode* const node = world_.any_node();
  if (node == nullptr) return;
  --crashes_left_;
  next_crash_ = steps_ + 1 + world_.random.below(700);
  if (world_.chance(40)) {
    node->store.crash_in_commit = true;
    return;
  }
  kill(*node);
}

/// It comes again at once where it is alone; else at some time, under its name or another.
void Simulation::kill(SimNode& node) {
  std::string name = node.name;
  crash(node);
  if (!world_.cluster) return boot_later(name, {});
  if (world_.chance(30)) name = "n" + std::to_string(++names_);
  boot_later(name, world_.chance(30) ? Duration{}
                                     : world_.up_to(options_.lease + options_.lease));
}

void Simulation::disturb() {}

}  // namespace troupe::simulation
