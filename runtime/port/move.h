#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "runtime/port/store.h"

namespace troupe::store {

// Moving a whole store into another one, while nobody works on either.

/// Frames of one entity that have left the journal, oldest first.
struct HistoryChunk {
  std::uint32_t bucket = 0;
  RunId entity;
  std::vector<Frame> frames;
};

struct ScopedTally {
  WorkspaceId workspace;
  ProjectId project;
  Tally tally;
};

/// Some of what a store holds. Waiters are those that wait, tasks also the decided ones; frames are
/// the journal's, in order of pos.
struct Piece {
  std::vector<Workspace> workspaces;
  std::vector<Project> projects;
  std::vector<Workflow> workflows;
  std::vector<Version> versions;
  std::vector<Document> documents;
  std::vector<AuditRow> audit;  ///< each log in order, from its first entry on
  std::vector<HistoryChunk> history;
  std::vector<ScopedTally> tallies;  ///< an importer counts nothing itself
  Batch batch;
  std::size_t bytes = 0;
};

/// Where its journal stands.
struct JournalBounds {
  Pos start = 0;          ///< what lies before is in history
  Pos recovery_mark = 0;  ///< snapshots cover what lies before
  std::uint64_t epoch = 0;  ///< the last that was drawn
  Pos publish_mark = 0;     ///< what lies from here on is still to be published; 0: nothing is
};

/// Everything that a store holds, each thing once, checked on the way: kCorrupt ends it. The caller
/// sees to it that nobody writes meanwhile. One thread.
class Export {
 public:
  virtual ~Export() = default;
  virtual Result<JournalBounds> bounds() = 0;
  /// About `bytes_max` of it, at least one thing; nothing at the end.
  virtual Result<std::optional<Piece>> next(std::size_t bytes_max) = 0;
};

/// The store that takes it in: all or nothing. Until `finish` it is marked as incomplete, no node
/// can join it, and the next `begin` throws away what is there. One thread.
class Import {
 public:
  virtual ~Import() = default;
  /// Whether a move could begin, without changing anything. kConflict: the store holds something
  /// already, or another move into it is under way. kConfigInvalid, kUnavailable.
  virtual Status check() = 0;
  /// `move` is a number of this move alone, above 0.
  virtual Status begin(std::uint64_t move, const JournalBounds& bounds) = 0;
  virtual Status put(const Piece& piece) = 0;
  /// From here on it is a store like any other. kOutcomeUnknown: see `holds`.
  virtual Status finish() = 0;
  /// Whether that move has been finished here.
  virtual Result<bool> holds(std::uint64_t move) = 0;
};

}  // namespace troupe::store
