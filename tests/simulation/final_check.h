#pragma once

#include <functional>

#include "tests/simulation/client.h"
#include "tests/simulation/world.h"

namespace troupe::simulation {

struct Drive {
  std::function<void()> settle;     ///< lets the node work until it rests
  std::function<void()> pass_time;  ///< past the next delay of one of its actors
};

/// When everything has ended: every start and every run, against the model, the store, the journal
/// and what followers saw.
void check_at_end(World& world, const Client& client, const Drive& drive);

}  // namespace troupe::simulation
