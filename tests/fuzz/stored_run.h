#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "runtime/graph/graph.h"
#include "runtime/run/state.h"

// What the fuzzers of stored bytes share: the run that the bytes are said to belong to.
namespace troupe::fuzz {

/// A graph with every type of step that a run can hold, loops inside loops included.
std::shared_ptr<const graph::Graph> stored_graph();
/// The run of that graph before its first record.
run::State stored_run();
/// The bytes with the checksum that closes frames and snapshots, so that what lies behind the
/// checksum is reached.
std::string with_checksum(std::string_view bytes);
/// Ends the process unless the state can be stored and comes back as it was.
void ensure_stored_alike(const run::State& state);

}  // namespace troupe::fuzz
