#pragma once

#include <optional>

#include "runtime/base/bytes.h"
#include "runtime/run/decide.h"

// Events of runs as bytes: those that may_travel (wire.h).

namespace troupe::cluster::wire {

/// Defined for what may travel.
void put_event(ByteWriter& out, const run::Event& event);
/// Nothing: not understood.
std::optional<run::Event> get_event(ByteReader& in);

}  // namespace troupe::cluster::wire
