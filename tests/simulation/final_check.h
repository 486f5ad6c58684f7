#pragma once

#include <functional>

#include "tests/simulation/client.h"
#include "tests/simulation/world.h"

namespace troupe::simulation {

/// When everything has ended: every start and every run, against the model, the store, the journal
/// and what followers saw. `settle` lets the node work until it rests.
void check_at_end(World& world, const Client& client, const std::function<void()>& settle);

}  // namespace troupe::simulation
