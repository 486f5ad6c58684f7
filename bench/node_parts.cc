#include "bench/node_parts.h"

namespace troupe::bench {

Counter& CountingMetrics::counter(std::string_view name, std::string_view a, std::string_view b) {
  Counter& counter = next_.counter(name, a, b);
  if (name != "runs_finished_total") return counter;
  ended_.push_back(std::make_unique<Ended>(counter, runs_ended_));
  return *ended_.back();
}

}  // namespace troupe::bench
