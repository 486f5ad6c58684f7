#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/graph/graph.h"
#include "runtime/run/environment.h"

namespace troupe::run {

struct Globals {
  std::string json;  ///< JSON object: each member becomes a global of the script
  /// Set: a for_each whose chunks the script may read is not in memory; `json` is of no use.
  std::optional<std::uint32_t> absent_loop;
};

/// What a script sees, and of that only what `use` says it reads. `test` is the eval script of a
/// while, which comes after every step of the body; then `around` names any step of that body.
Globals script_globals(const Surroundings& around, const graph::ScriptUse& use, bool test);

/// The steps of a graph that come before one of them, by index.
std::vector<bool> upstream(const graph::Graph& graph, std::uint32_t step);

}  // namespace troupe::run
