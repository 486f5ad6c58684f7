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

namespace {

/// One after another what `one` gives for each id.
template <class Row, class One>
Result<std::vector<Row>> each_of(const std::vector<RunId>& ids, const One& one) {
  std::vector<Row> rows;
  for (const RunId id : ids) {
    Result<std::optional<Row>> row = one(id);
    if (!row.ok()) return std::move(row).error();
    if (*row) rows.push_back(*std::move(*row));
  }
  return rows;
}

}  // namespace

Result<std::vector<RunRow>> Reader::runs_unscoped(const std::vector<RunId>& ids) {
  return each_of<RunRow>(ids, [this](RunId id) { return run_unscoped(id); });
}

Result<std::vector<Snapshot>> Reader::snapshots(const std::vector<RunId>& entities) {
  return each_of<Snapshot>(entities, [this](RunId entity) { return snapshot(entity); });
}

}  // namespace troupe::store
