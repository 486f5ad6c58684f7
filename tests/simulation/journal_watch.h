#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "runtime/port/store.h"
#include "runtime/run/record.h"

namespace troupe::simulation {

/// Reads every batch that lands, and complains the moment a run's journal breaks a rule: I4 (one
/// result per step and iteration), I7 (nothing after the end), I9 (timers not early), I10 (no gap
/// in frames, records and events). Knows therefore at any time what is durable.
class JournalWatch {
 public:
  struct Run {
    std::uint64_t frames = 0, records = 0, seq = 0;
    store::Pos head = 0;
    WorkflowId workflow;
    std::int32_t version = 0;
    std::int64_t n = -1;  ///< the number in its input, by which its start is known
    run::Parent parent;
    bool group = false;  ///< a part of its parent's loop
    RunId retried_from;
    bool ended = false, acknowledged = false;
    store::RunStatus status = store::RunStatus::kQueued;
    std::string failed_step;
    std::set<run::StepPath> started, finished, completed;
    std::set<std::pair<run::StepPath, std::uint32_t>> items;
    std::set<RunId> groups;  ///< that have ended
    std::map<run::StepPath, TimePoint> waits, retries;
    std::set<TaskId> decided;
    std::map<run::StepPath, TimePoint> deadlines;   ///< of events and tasks
    std::set<int> doubted;                          ///< steps that failed in doubt
    std::set<int> carried;                          ///< steps taken over from `retried_from`
  };

  void landed(const store::Batch& batch);
  const Run* find(RunId run) const;
  const std::map<RunId, Run>& runs() const { return runs_; }
  /// Of a group whose frames have landed and whose rows are still to come.
  const std::set<RunId>& rowless() const { return rowless_; }

  std::function<void(std::string)> complain;
  /// When a node or an actor crashed or a job was lost the last time: what was scheduled after that
  /// is not in doubt.
  std::function<TimePoint()> disturbed;
  /// Text of a stored body, for inputs that are not inline.
  std::function<std::string(std::uint32_t bucket, ProjectId, const Digest&)> body;

 private:
  void frame(const store::Frame& frame);
  void record(RunId id, Run& run, const run::Record& record);
  void created(Run& run, const run::record::RunCreated& record);
  void finished(RunId id, Run& run, const run::record::StepFinished& record);
  void doubts(RunId id, Run& run, const run::record::StepFinished& record);
  void begun(RunId id, Run& run, const run::Attempt& attempt);

  std::map<RunId, Run> runs_;
  std::set<RunId> rowless_;
};

}  // namespace troupe::simulation
