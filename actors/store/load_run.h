#pragma once

#include "actors/messages.h"
#include "actors/node/services.h"

namespace troupe::actors {

/// Reads an open run back: snapshot, then the frames behind it. An ended run's row, or an error,
/// otherwise. On a reader's thread. A sleeping run has nothing behind its snapshot; after a crash
/// of its actor it may have, and only then (kRecovered) the journal is searched for it.
Loaded load_run(Services& services, store::Reader& reader, WorkspaceId workspace, RunId run,
                Origin origin);

/// The child runs that a run has told to stop, from its whole history.
Result<std::vector<RunId>> children_let_go(store::Reader& reader, const store::RunRow& row);

/// A decoded snapshot, or a state that only has its id, with the frames folded in.
class Fold {
 public:
  Fold(Services& services, store::Reader& reader) : services_(services), reader_(reader) {}
  Status begin(const store::Snapshot& snapshot);
  /// Frames in order; those that the snapshot holds already are passed over.
  Status add(const store::Frame& frame);
  /// For PlantedBugs: the same frame once more.
  Status repeat(const store::Frame& frame);
  /// Whether it has ended and its time is over.
  bool is_removed() const;
  /// Brings absent values and gives the state away; kCorrupt if there was none.
  Result<run::State> finish();

 private:
  Status create(RunId run, std::string_view records);

  Services& services_;
  store::Reader& reader_;
  std::optional<run::State> state_;
  store::Pos seen_ = 0;
};

/// A version of a workflow, from memory or the store.
Result<std::shared_ptr<const Published>> published_version(Services& services,
                                                           store::Reader& reader,
                                                           const store::TenantScope& scope,
                                                           WorkflowId workflow,
                                                           std::int32_t version);

/// The graph that a run follows, from memory or the store.
Result<std::shared_ptr<const graph::Graph>> graph_of_row(Services& services, store::Reader& reader,
                                                         const store::RunRow& row);

/// What a look at an ended run shows; with its state, its whole history is folded.
Result<RunLook> look_at_ended(Services& services, store::Reader& reader, const store::RunRow& row,
                              bool with_state);

/// The state that a look carries, with its graph, values absent.
Result<run::State> state_of(const RunLook& look);

/// Reads payloads of a run's bucket.
run::PayloadSource payload_source(store::Reader& reader, std::uint32_t bucket, ProjectId project);

/// Starts a child run unless it exists; if it has ended, its parent is told how.
void start_child_run(Services& services, store::Reader& reader, const TenantActor& tenant,
                     const ChildWanted& wanted);

/// Records that a run is set aside, in its row and (if it can be folded) its journal. `done` hears
/// once that is durable, or at once why there is nothing to write; and the project, if the row can
/// be read.
void write_quarantine(Services& services, store::Reader& reader, RunId run,
                      const std::string& why, const std::function<void(Aside, ProjectId)>& done);

}  // namespace troupe::actors
