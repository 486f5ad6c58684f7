#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "runtime/base/uuid.h"
#include "runtime/port/attempt_result.h"
#include "runtime/port/store.h"

namespace troupe {

/// One attempt of a step that a service outside does.
struct ServiceRequest {
  WorkspaceId workspace;
  ProjectId project;
  RunId run;
  std::string step_id;
  std::uint16_t attempt = 1;
  std::string type;             ///< of the step: "http_request", …
  std::string fields;           ///< JSON object: what the step says, with its templates expanded
  std::string idempotency_key;  ///< the same for every attempt of the step, and for no other
  Duration timeout;             ///< from now to the last byte
  bool may_repeat = false;      ///< a second effect is harmless
  /// Live only: what a model writes, as it does, as data of a `token_delta` event. Any thread.
  std::function<void(std::string data)> on_delta;
};

/// Asks services outside for what steps need. Thread-safe; callbacks come on its threads and must
/// not block.
class StepService {
 public:
  /// Of one request; never used again. 0: none.
  using Ticket = std::uint64_t;
  using Done = std::function<void(AttemptResult)>;

  /// Runs a closure over a reader of the store, on a thread of the store's.
  using Read = std::function<void(std::function<void(store::Reader&)>)>;

  virtual ~StepService() = default;
  /// By what it reads, until told otherwise (nothing: it reads no more). Before the first call.
  virtual void read_by(Read) {}
  /// `done` is called exactly once unless it is cancelled, perhaps inside this call. Of its errors
  /// kUnavailable says that nobody was asked, kOutcomeUnknown that somebody was and nothing is
  /// known of what came of it.
  virtual Ticket call(ServiceRequest request, Done done) = 0;
  /// Ends the request and its connection. Nothing is called for it any more, except calls under
  /// way. Unknown ones are ignored.
  virtual void cancel(Ticket ticket) = 0;
};

}  // namespace troupe
