#pragma once

#include <functional>

#include "tests/simulation/client.h"
#include "tests/simulation/world.h"

namespace troupe::simulation {

/// Lets the nodes work until it holds, or for a minute; false: it does not hold then.
using Drive = std::function<bool(const std::function<bool()>& holds)>;

/// When everything has ended: every start and every run, against the model, the store, the journal
/// and what followers saw.
void check_at_end(World& world, const Client& client, const Drive& drive);

}  // namespace troupe::simulation
