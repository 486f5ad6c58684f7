#pragma once

#include "actors/node/services.h"
#include "runtime/run/state.h"

namespace troupe::actors {

/// The frame of one decision's records, which have been applied already: linked to the frames
/// before it and appended to the state's chain.
store::Frame next_frame(const Services& services, run::State& state,
                        const std::vector<run::Record>& list, store::Pos pos);

}  // namespace troupe::actors
