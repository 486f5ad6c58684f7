#pragma once

#include "adapters/postgres/connection.h"
#include "runtime/port/store.h"

namespace troupe::postgres {

/// How far the frames of a node's journal have been published. 0: nothing more of it need be, and
/// the row goes.
Request publish_mark_request(store::NodeNumber node, store::Pos mark);

}  // namespace troupe::postgres
