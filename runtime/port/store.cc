#include "runtime/port/store.h"

#include <array>

namespace troupe::store {
namespace {

constexpr std::array<std::string_view, 7> kStatusNames = {
    "queued", "running", "paused", "draining", "completed", "failed", "stopped"};
constexpr std::array<std::string_view, 6> kPauseNames = {"none",  "quarantine", "user",
                                                         "human", "event",      "timer"};

}  // namespace

std::string_view name(RunStatus status) { return kStatusNames[static_cast<std::size_t>(status)]; }

std::string_view name(PauseReason reason) { return kPauseNames[static_cast<std::size_t>(reason)]; }

std::optional<RunStatus> parse_run_status(std::string_view name) {
  for (std::size_t i = 0; i < kStatusNames.size(); ++i) {
    if (kStatusNames[i] == name) return static_cast<RunStatus>(i);
  }
  return std::nullopt;
}

std::size_t Batch::bytes() const {
  std::size_t total = 0;
  for (const Frame& frame : frames) total += frame.bytes.size();
  for (const RunRow& run : runs) {
    total +=
        run.trigger_type.size() + run.external_id.size() + run.error.size() + run.output.size();
  }
  for (const Snapshot& snapshot : snapshots) total += snapshot.bytes.size();
  for (const Payload& payload : payloads) total += payload.bytes.size();
  for (const TaskRow& task : tasks) {
    total += task.payload.size() + task.form.size() + task.decision.size();
  }
  for (const WaiterRow& waiter : waiters) total += waiter.event.size() + waiter.key.size();
  return total;
}

}  // namespace troupe::store
