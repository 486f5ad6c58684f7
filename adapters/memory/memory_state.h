#pragma once

#include <map>
#include <unordered_map>
#include <utility>
#include <vector>

#include "runtime/port/store.h"

namespace troupe::memory {

/// Everything a store holds, as plain containers, so that a copy of it is a copy of the disk. Owned
/// by MemoryStore, which guards it; knows nothing of threads.
struct State {
  using PayloadKey = std::pair<std::pair<std::uint32_t, ProjectId>, Digest>;

  std::uint64_t epoch = 0;
  store::Pos recovery_mark = 0;
  std::uint64_t journal_bytes = 0;

  std::map<store::Pos, store::Frame> journal;
  std::vector<store::Pos> tables{0};  ///< starts; the last one is being written
  std::size_t table_bytes = 0;        ///< of the last one
  std::unordered_map<RunId, std::vector<store::Frame>> history;

  std::unordered_map<RunId, store::RunRow> runs;
  std::map<RunId, store::Snapshot> snapshots;
  std::map<PayloadKey, std::string> payloads;
  std::map<TaskId, store::TaskRow> tasks;
  std::map<std::pair<RunId, std::string>, store::WaiterRow> waiters;

  std::map<WorkspaceId, store::Workspace> workspaces;
  std::map<ProjectId, store::Project> projects;
  std::map<WorkflowId, store::Workflow> workflows;
  std::map<std::pair<WorkflowId, std::int32_t>, store::Version> versions;

  /// All of the batch or, if a frame's address cannot be written, nothing (kInternal).
  Status apply(const store::Batch& batch, std::size_t table_bytes_max);
  /// Moves the oldest table into history if recovery needs none of it; true while there is more.
  bool retire(std::size_t tables_kept);
  store::Pos journal_start() const { return tables.front(); }

 private:
  Status check(const store::Batch& batch) const;
  void apply_rows(const store::Batch& batch);
};

}  // namespace troupe::memory
