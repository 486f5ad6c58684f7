#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "runtime/base/result.h"
#include "runtime/base/time.h"

namespace troupe {

/// One task for a user's process.
struct WorkRequest {
  std::string workspace;  ///< slug: [a-z0-9-]{1,63}
  std::string queue;      ///< [A-Za-z0-9_-]{1,64}
  std::string body;       ///< JSON
  Duration timeout;       ///< from now to the result, whatever the worker says meanwhile
  Duration heartbeat;     ///< longest silence, from now on; 0: none is asked for
};

/// What the worker said. Its own failures are no Errors of ours: their codes are its words.
struct WorkResult {
  std::string body;        ///< its result, or a sentence for people
  std::string error_code;  ///< empty: it succeeded
};

/// Hands tasks to the processes of users and brings back what they say. At most once: a task whose
/// answer is lost may have been done. Thread-safe; callbacks come on threads of the queue and must
/// not block.
class WorkQueue {
 public:
  /// Of one request; never used again. 0: none.
  using Ticket = std::uint64_t;
  using Done = std::function<void(Result<WorkResult>)>;

  virtual ~WorkQueue() = default;
  /// `heartbeat` is called, where it is given, at every sign of life; `done` exactly once unless
  /// cancelled, never inside this call. kUnavailable: nobody took it, at once where no worker
  /// listens; kTimeout: too long, or too silent; kPayloadTooLarge; kInvalidRequest: a name that is
  /// none.
  virtual Ticket request_work(WorkRequest request, std::function<void()> heartbeat, Done done) = 0;
  /// Nothing is called for it any more, except calls under way. The worker is not told; its answer
  /// is counted and dropped. False if it has ended already.
  virtual bool cancel(Ticket ticket) = 0;
};

}  // namespace troupe
