#include "adapters/memory/memory_state.h"

#include <algorithm>
#include <set>

#include "runtime/port/catalog.h"
#include "runtime/store/expiry.h"

namespace troupe::memory {

using namespace store;

Status State::fence(NodeNumber node) const {
  if (!is_shared || !is_fenced || nodes.is_member(node)) return ok();
  return Error{Code::kStaleEpoch, "This node has not joined, or has been declared gone.", {}};
}

Journal& State::journal_of(NodeNumber node) {
  const auto [at, is_new] = nodes.journals.try_emplace(node);
  if (is_new && !is_shared) {
    at->second.tables = {0};
    at->second.by_epoch = false;
  }
  return at->second;
}

std::uint64_t State::begin_epoch(NodeNumber node) {
  ++epoch;
  epoch_owners[epoch] = node;
  if (!is_shared) return epoch;
  Journal& own = journal_of(node);
  own.tables.push_back(epoch << kEpochShift);
  own.pos_max = own.tables.back();
  own.table_bytes = 0;
  return epoch;
}

Status State::check(const Journal& own, const Batch& batch) const {
  std::set<Pos> seen;
  for (const Frame& frame : batch.frames) {
    if (!own.holds(frame.pos) || journal.contains(frame.pos) || !seen.insert(frame.pos).second) {
      return Error{Code::kInternal, "A frame's address is taken, or lies in history or no epoch.",
                   {}};
    }
  }
  return ok();
}

Status State::apply(NodeNumber node, const Batch& batch, std::size_t table_bytes_max) {
  if (Status live = fence(node); !live) return live;
  if (!batch.frames.empty()) {
    Journal& own = journal_of(node);
    if (Status checked = check(own, batch); !checked) return checked;
    if (own.table_bytes >= table_bytes_max && !own.tables.empty()) {
      own.tables.push_back(own.pos_max + 1);
      own.table_bytes = 0;
    }
    for (const Frame& frame : batch.frames) {
      journal.emplace(frame.pos, frame);
      own.pos_max = std::max(own.pos_max, frame.pos);
      own.publish_mark = std::min(own.publish_mark, frame.pos);
      own.table_bytes += frame.bytes.size();
      journal_bytes += frame.bytes.size();
    }
  }
  apply_rows(batch);
  return ok();
}

Status State::check(const Change& change) const {
  for (const Workspace& row : change.workspaces) {
    for (const auto& [id, other] : workspaces) {
      if (id == row.id || other.slug != row.slug) continue;
      return Error{Code::kConflict, kWorkspaceTaken, {}};
    }
  }
  for (const Project& row : change.projects) {
    for (const auto& [id, other] : projects) {
      const bool is_same_place = other.workspace == row.workspace && other.slug == row.slug;
      if (id != row.id && is_same_place) return Error{Code::kConflict, kProjectTaken, {}};
    }
  }
  return documents.check(change);
}

Status State::apply(const Change& change, TimePoint now) {
  if (Status checked = check(change); !checked) return checked;
  for (const Workspace& row : change.workspaces) workspaces[row.id] = row;
  for (const Project& row : change.projects) projects[row.id] = row;
  documents.apply(change, now);
  documents.append(change.audit);
  return ok();
}

void State::put_run(const RunRow& run) {
  const auto [at, is_new] = runs.try_emplace(run.id, run);
  RunRow& row = at->second;
  // What a run is found by never changes; durable stores index it once and rely on that. No more
  // does one that has ended.
  TROUPE_ENSURE(row.workspace == run.workspace && row.project == run.project &&
                row.workflow == run.workflow && row.created == run.created &&
                row.external_id == run.external_id);
  if (!is_new && ended(row.status)) return;
  row = run;
  if (run.part) return;
  TallySums& sums = tallies[{run.workspace, run.project}];
  if (is_new) sums.add(tally_of_start(run));
  if (ended(run.status)) sums.add(tally_of_end(run));
}

void State::apply_rows(const Batch& batch) {
  for (const RunRow& run : batch.runs) put_run(run);
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

bool State::expire(TimePoint now) {
  std::map<std::uint32_t, bool> held;
  for (const auto& [id, run] : runs) {
    if (expires(run.bucket) && run.bucket <= last_expired(now)) {
      held[run.bucket] = held[run.bucket] || !ended(run.status);
    }
  }
  const auto over = std::find_if(held.begin(), held.end(), [](const auto& b) { return !b.second; });
  if (over == held.end()) return false;
  const std::uint32_t bucket = over->first;
  std::erase_if(payloads, [&](const auto& entry) { return entry.first.first.first == bucket; });
  std::erase_if(tasks, [&](const auto& entry) {
    const auto run = runs.find(entry.second.run);
    return run != runs.end() && run->second.bucket == bucket;
  });
  std::erase_if(runs, [&](const auto& entry) {
    if (entry.second.bucket != bucket) return false;
    history.erase(entry.first);
    return true;
  });
  has_expired = true;
  return true;
}

bool State::retire(NodeNumber node, std::size_t tables_kept) {
  Journal& own = journal_of(node);
  if (own.unneeded() > tables_kept) {
    retire_oldest(own);
    return own.unneeded() > tables_kept || nodes.unneeded() != 0;
  }
  const NodeNumber gone = nodes.unneeded();
  if (gone == 0) return false;
  retire_oldest(nodes.journals.at(gone));
  nodes.forget_if_empty(gone);
  return nodes.unneeded() != 0;
}

void State::retire_oldest(Journal& own) {
  const auto begin = journal.lower_bound(own.tables.front());
  const auto end = journal.lower_bound(own.end_of_oldest());
  for (auto it = begin; it != end; ++it) {
    // What belongs to a run that has been removed goes nowhere.
    if (has_expired && !runs.contains(it->second.entity)) continue;
    history[it->second.entity].emplace(it->first, std::move(it->second));
  }
  journal.erase(begin, end);
  own.tables.erase(own.tables.begin());
}

bool State::is_tail(NodeNumber node, const cluster::SlotSet& slots, const Frame& frame) const {
  const cluster::Slot slot = cluster::slot_of(frame.entity);
  if (!slots.test(slot)) return false;
  const auto owner = epoch_owners.find(frame.pos >> kEpochShift);
  const NodeNumber writer = is_shared && owner != epoch_owners.end() ? owner->second : node;
  const auto own = nodes.journals.find(writer);
  if (own == nodes.journals.end() || frame.pos < own->second.mark) return false;
  return writer == node || nodes.has_tail(slot, writer);
}

}  // namespace troupe::memory
