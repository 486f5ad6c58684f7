#include "adapters/memory/memory_state.h"

#include <algorithm>
#include <set>

namespace troupe::memory {

using namespace store;

Status State::check(const Batch& batch) const {
  std::set<Pos> seen;
  for (const Frame& frame : batch.frames) {
    if (frame.pos < journal_start() || journal.contains(frame.pos) ||
        !seen.insert(frame.pos).second) {
      return Error{Code::kInternal, "A frame's address is taken or lies in history.", {}};
    }
  }
  return ok();
}

Status State::apply(const Batch& batch, std::size_t table_bytes_max) {
  if (Status checked = check(batch); !checked) return checked;
  if (!batch.frames.empty() && table_bytes >= table_bytes_max) {
    tables.push_back(journal.empty() ? 0 : journal.rbegin()->first + 1);
    table_bytes = 0;
  }
  for (const Frame& frame : batch.frames) {
    journal.emplace(frame.pos, frame);
    table_bytes += frame.bytes.size();
    journal_bytes += frame.bytes.size();
  }
  apply_rows(batch);
  return ok();
}

void State::apply_rows(const Batch& batch) {
  for (const RunRow& run : batch.runs) {
    RunRow& row = runs[run.id];
    // What a run is found by never changes; durable stores index it once and rely on that.
    TROUPE_ENSURE(!row.id.set() ||
                  (row.workspace == run.workspace && row.project == run.project &&
                   row.workflow == run.workflow && row.created == run.created &&
                   row.external_id == run.external_id));
    row = run;
  }
  for (const Snapshot& snapshot : batch.snapshots) {
    snapshots.insert_or_assign(snapshot.entity, snapshot);
  }
  for (const RunId& entity : batch.snapshots_dropped) snapshots.erase(entity);
  for (const Payload& payload : batch.payloads) {
    payloads.try_emplace({{payload.bucket, payload.project}, payload.hash}, payload.bytes);
  }
  for (const TaskRow& task : batch.tasks) tasks.insert_or_assign(task.id, task);
  for (const WaiterRow& waiter : batch.waiters) {
    if (waiter.waiting) {
      waiters.insert_or_assign({waiter.run, waiter.step_id}, waiter);
    } else {
      waiters.erase({waiter.run, waiter.step_id});
    }
  }
}

bool State::retire(std::size_t tables_kept) {
  // The table that holds the mark is the last one that starts at or before it.
  const auto needed = std::upper_bound(tables.begin(), tables.end(), recovery_mark) - 1;
  const auto unneeded = static_cast<std::size_t>(needed - tables.begin());
  if (unneeded <= tables_kept) return false;
  const auto end = journal.lower_bound(tables[1]);
  for (auto it = journal.begin(); it != end; ++it) {
    history[it->second.entity].push_back(std::move(it->second));
  }
  journal.erase(journal.begin(), end);
  tables.erase(tables.begin());
  return unneeded - 1 > tables_kept;
}

}  // namespace troupe::memory
