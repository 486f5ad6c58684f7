#pragma once

#include <vector>

#include "bench/rig.h"

namespace troupe::bench {

/// Makes workspaces with one published workflow each; how to start a run in each of them.
std::vector<StartRequest> make_workspaces(Rig& rig, std::uint64_t count, const std::string& graph);

}  // namespace troupe::bench
