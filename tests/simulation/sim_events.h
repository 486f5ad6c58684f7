#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "runtime/base/random.h"
#include "runtime/port/event_sink.h"

namespace troupe::simulation {

/// What has left the nodes, whoever said it. Outlives them.
struct Published {
  std::map<std::pair<RunId, std::uint64_t>, std::string> events;
  std::string contradiction;  ///< one event that was told in two ways
};

/// One node's way to those who listen: at times it takes nothing, and what it has not flushed dies
/// with it.
class SimEvents final : public EventSink {
 public:
  SimEvents(Published& published, std::uint64_t seed) : published_(published), random_(seed) {}

  Status publish(const RunEvent& event) override {
    if (fails(300)) return {Code::kUnavailable, "a fault that the simulation asked for"};
    buffered_.push_back(event);
    return ok();
  }
  Status flush(Duration) override {
    if (fails(10)) return {Code::kTimeout, "a fault that the simulation asked for"};
    for (RunEvent& event : buffered_) {
      const auto [at, is_new] =
          published_.events.try_emplace({event.run, event.seq}, event.cloud_event);
      if (!is_new && at->second != event.cloud_event) {
        published_.contradiction = at->second + " and " + event.cloud_event;
      }
    }
    buffered_.clear();
    return ok();
  }

  bool faults = true;

 private:
  /// Once in so many times. Pages are long, and begin anew when one event in them was not taken.
  bool fails(std::uint64_t times) { return faults && random_.below(times) == 0; }

  Published& published_;
  Random random_;
  std::vector<RunEvent> buffered_;
};

}  // namespace troupe::simulation
