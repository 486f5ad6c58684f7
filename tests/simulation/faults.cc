// What befalls the nodes, and when it is over.
#include <algorithm>

#include "tests/simulation/simulation.h"

namespace troupe::simulation {
namespace {

constexpr Duration kDrainMax = seconds(5);

}  // namespace

void Simulation::maybe_fault() {
  if (steps_ == faults_until_) {
    world_.note("no more faults");
    crashes_left_ = 0;
    end_faults();
  }
  maybe_crash();
  // Where nobody asks, a commit whose outcome is unknown lands at some time, or never.
  if (world_.cluster && world_.chance(1)) world_.disk.settle_one();
  if (!world_.cluster || steps_ < next_disturbance_) return;
  if (world_.faults) {
    next_disturbance_ = steps_ + 20 + world_.random.below(500);
    disturb();
  } else if (calm_drains_left_ > 0 && is_undisturbed()) {
    next_disturbance_ = steps_ + 20 + world_.random.below(500);
    drain_in_calm();
  }
}

void Simulation::end_faults() {
  if (world_.faults) faults_ended_ = world_.clock.peek();
  world_.faults = world_.bus.faults = false;
  world_.bus.heal();
  for (const auto& node : world_.nodes) {
    node->store.faults = node->executor.faults = node->events.faults = false;
    node->store.out_of_reach_until = {};
  }
  world_.disk.out_of_reach_until = {};
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

void Simulation::disturb() {
  SimNode* const node = world_.any_node();
  if (node == nullptr) return;
  switch (world_.random.below(7)) {
    case 0: return freeze(*node);
    case 1: return drain(*node);
    case 2:
    case 3: return lose_disk(*node);
    case 4: return lose_bus();
    case 5: return cut(*node);
    default: return join_another();
  }
}

/// Longer than its lease, as often as not: then it goes on as if nothing had happened.
void Simulation::freeze(SimNode& node) {
  const Duration time = world_.up_to(options_.lease + options_.lease);
  world_.note("node " + node.name + " freezes");
  node.thaw_at = world_.clock.peek() + time;
}

void Simulation::lose_disk(SimNode& node) {
  const Duration time = world_.up_to(world_.chance(50) ? milliseconds(500)
                                                       : options_.lease + options_.lease);
  const TimePoint until = world_.clock.peek() + time;
  if (world_.chance(30)) {
    world_.note("nobody reaches the disk");
    world_.disk.out_of_reach_until = until;
  } else {
    world_.note("node " + node.name + " does not reach the disk");
    node.store.out_of_reach_until = until;
  }
}

void Simulation::lose_bus() {
  world_.note("the bus stops");
  world_.bus.stop(world_.clock.peek() + world_.up_to(seconds(10)));
}

void Simulation::cut(const SimNode& node) {
  const SimNode& other = *world_.any_node();
  if (other.life == node.life) return;
  world_.note("node " + node.name + " is cut off from " + other.name);
  const TimePoint until = world_.clock.peek() + world_.up_to(seconds(10));
  world_.bus.cut(node.life, other.life, until);
  if (world_.chance(50)) world_.bus.cut(other.life, node.life, until);
}

void Simulation::join_another() {
  if (world_.nodes.size() + boots_.size() < 4) {
    boot_later("n" + std::to_string(++names_), {});
  }
}

// ---- orderly ends -------------------------------------------------------------------------------

/// As Node::shutdown, which cannot be called here because it blocks: gives away what others take,
/// within bounds, then ends and says so. Whoever asks for it may do so at any node.
void Simulation::drain(SimNode& node) {
  if (node.draining) return;
  world_.note("node " + node.name + " is to drain");
  node.draining = true;
  node.leaves_at = world_.clock.peek() + world_.up_to(options_.hand_over_patience);
  node.engine().drain(node.name, [](const Result<Unit>&) {});
}

/// Nothing fails and nobody is away, for as long as it takes to get over what was before.
bool Simulation::is_undisturbed() const {
  if (!boots_.empty() || world_.nodes.size() < 2) return false;
  for (const auto& node : world_.nodes) {
    if (!node->lives() || node->draining || world_.is_frozen(*node)) return false;
  }
  const TimePoint since = std::max(faults_ended_, world_.disturbed);
  return !world_.disk.out_of_reach() &&
         world_.clock.peek() >= since + options_.lease + options_.lease;
}

/// While the others take what it has, nothing may hold it up.
void Simulation::drain_in_calm() {
  --calm_drains_left_;
  SimNode& node = *world_.any_node();
  drain(node);
  node.drains_in_calm = true;
  node.leaves_at = world_.clock.peek() + kDrainMax;
}

bool Simulation::is_to_leave(const SimNode& node) {
  if (!node.draining || !node.lives() || world_.is_frozen(node)) return false;
  const std::vector<store::NodeNumber> owners = world_.disk.view().owners;
  const auto left = std::count(owners.begin(), owners.end(), node.store.number());
  if (left == 0) return true;
  if (world_.clock.peek() < node.leaves_at) return false;
  if (node.drains_in_calm) {
    world_.complain("node " + node.name + " is not drained in time, though nothing fails: it has " +
                    std::to_string(left) + " slots");
  }
  return true;
}

void Simulation::leave(SimNode& node) {
  const std::string name = world_.chance(50) ? node.name : "n" + std::to_string(++names_);
  node.store.dead = true;
  // Of a disk that is not reached it cannot take its leave: its lease runs out.
  if (!world_.disk.out_of_reach()) node.store.leave();
  crash(node);
  boot_later(name, world_.up_to(options_.lease));
}

}  // namespace troupe::simulation
