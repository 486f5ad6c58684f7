#pragma once

#include <cstdint>
#include <string>

#include "runtime/base/result.h"
#include "runtime/base/time.h"
#include "runtime/base/uuid.h"

namespace troupe {

/// One event of a run, as it leaves the node.
struct RunEvent {
  std::string workspace;  ///< slug
  std::string project;    ///< slug; empty: a run of the workspace as a whole
  RunId run;
  std::uint64_t seq = 0;
  std::string type;         ///< "step_completed", …
  std::string cloud_event;  ///< JSON
};

/// Takes events of runs out of the node, for whoever listens. It may be told the same event again.
/// Used by one thread, which it may block for as long as `flush` is told.
class EventSink {
 public:
  virtual ~EventSink() = default;
  /// kUnavailable: later. Any other error: this event will never be taken.
  virtual Status publish(const RunEvent& event) = 0;
  /// Once it is ok, all that was published before is outside.
  virtual Status flush(Duration patience) = 0;
};

}  // namespace troupe
