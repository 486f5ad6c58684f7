#pragma once

#include <atomic>
#include <memory>
#include <utility>

#include "runtime/port/engine.h"

namespace troupe::actors {

/// Wraps a callback so that its caller hears something even if the message that carries it is
/// dropped, as happens to what waits in the mailbox of an actor that crashes or ends: the outcome
/// is unknown then (kOutcomeUnknown), and is to be looked up or asked for again.
template <class T>
Callback<T> always_answered(Callback<T> done) {
  if (!done) return done;
  struct Guard {
    explicit Guard(Callback<T> callback) : done(std::move(callback)) {}
    ~Guard() {
      if (!answered.load()) {
        done(Error{Code::kOutcomeUnknown,
                   "the run's actor ended before it answered; look what happened, or ask again",
                   {}});
      }
    }
    Callback<T> done;
    std::atomic<bool> answered{false};
  };
  return [guard = std::make_shared<Guard>(std::move(done))](Result<T> result) {
    if (!guard->answered.exchange(true)) guard->done(std::move(result));
  };
}

}  // namespace troupe::actors
