#pragma once

#include <map>
#include <unordered_map>
#include <utility>
#include <vector>

#include "adapters/memory/memory_documents.h"
#include "adapters/memory/memory_nodes.h"
#include "runtime/port/store.h"
#include "runtime/store/tally.h"

namespace troupe::memory {

/// Everything a store holds, as plain containers, so that a copy of it is a copy of the disk. Owned
/// by MemoryStore, which guards it; knows nothing of threads.
struct State {
  using PayloadKey = std::pair<std::pair<std::uint32_t, ProjectId>, Digest>;

  bool is_shared = false;  ///< by nodes that join; else one store writes as it likes
  bool is_fenced = true;   ///< see Options::fenced
  Nodes nodes;
  std::uint64_t epoch = 0;
  std::uint64_t journal_bytes = 0;

  std::map<store::Pos, store::Frame> journal;  ///< of all nodes
  std::map<std::uint64_t, store::NodeNumber> epoch_owners;
  std::unordered_map<RunId, std::map<store::Pos, store::Frame>> history;

  std::unordered_map<RunId, store::RunRow> runs;
  std::map<std::pair<WorkspaceId, ProjectId>, store::TallySums> tallies;
  bool has_expired = false;  ///< runs have been removed
  std::map<RunId, store::Snapshot> snapshots;
  std::map<PayloadKey, std::string> payloads;
  std::map<TaskId, store::TaskRow> tasks;
  std::map<std::pair<RunId, std::string>, store::WaiterRow> waiters;

  std::map<WorkspaceId, store::Workspace> workspaces;
  std::map<ProjectId, store::Project> projects;
  std::map<WorkflowId, store::Workflow> workflows;
  std::map<std::pair<WorkflowId, std::int32_t>, store::Version> versions;
  DocumentTables documents;

  /// kStaleEpoch for a node that is no member.
  Status fence(store::NodeNumber node) const;
  /// All of the batch or, if a frame's address cannot be written, nothing (kInternal).
  Status apply(store::NodeNumber node, const store::Batch& batch, std::size_t table_bytes_max);
  /// All of the change or, with kConflict, nothing.
  Status apply(const store::Change& change, TimePoint now);
  std::uint64_t begin_epoch(store::NodeNumber node);
  /// Moves the oldest table into history if recovery needs none of it, else the oldest of a gone
  /// node that no slot needs; true while there is more.
  bool retire(store::NodeNumber node, std::size_t tables_kept);
  /// Removes the first expired bucket from which no run is open; false if there is none.
  bool expire(TimePoint now);
  /// The node's journal; a store's own is there from the first use on.
  Journal& journal_of(store::NodeNumber node);
  /// Whether recovery of the node's slots has to read this frame.
  bool is_tail(store::NodeNumber node, const cluster::SlotSet& slots,
               const store::Frame& frame) const;

 private:
  Status check(const Journal& own, const store::Batch& batch) const;
  void retire_oldest(Journal& own);
  void apply_rows(const store::Batch& batch);
  void put_run(const store::RunRow& run);
  Status check(const store::Change& change) const;
};

}  // namespace troupe::memory
