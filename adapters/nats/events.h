#pragma once

#include <cstdint>
#include <string_view>

#include "adapters/nats/connection.h"
#include "runtime/port/event_sink.h"

namespace troupe::nats {

/// Publishes events of runs on `troupe.v1.events.<workspace>.<project>.<run>` (`_` where a run has
/// no project), with `Nats-Msg-Id: <run>/<seq>`, so that a stream that somebody makes over these
/// subjects keeps each once although it may be published again. Nobody acknowledges them: a cursor
/// kept by the caller says how far they have come. Thread-safe.
class Events final : public EventSink {
 public:
  explicit Events(Connection& connection) : connection_(connection) {}

  /// An empty `project` is none. `cloud_event` is JSON; `type` is repeated in the header
  /// `Troupe-Event` for who filters. Only what is durable may be given. kUnavailable: say it again
  /// later; kInvalidRequest: a slug or a type that is none; kPayloadTooLarge.
  Status publish(std::string_view workspace, std::string_view project, std::string_view run,
                 std::uint64_t seq, std::string_view type, std::string_view cloud_event);
  Status publish(const RunEvent& event) override {
    return publish(event.workspace, event.project, event.run.to_string(), event.seq, event.type,
                   event.cloud_event);
  }
  /// Once it is ok, the server has all that was published before.
  Status flush(Duration patience) override { return connection_.flush(patience); }

 private:
  Connection& connection_;
};

}  // namespace troupe::nats
