#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/port/store.h"

namespace troupe::bulk {

enum class Action : std::uint8_t { kStop, kStopGracefully, kRetry };
enum class JobStatus : std::uint8_t { kRunning, kCompleted, kCancelled };
std::string_view name(JobStatus status);

/// Something that is done to every run of a place that a filter selects and that was created
/// before the job. Kept as a document, so that it goes on wherever its node ends.
struct Job {
  Uuid id;
  WorkspaceId workspace;
  std::optional<ProjectId> project;  ///< nothing: the whole workspace
  Action action = Action::kStop;
  store::RunFilter filter;  ///< as it was asked for
  JobStatus status = JobStatus::kRunning;
  std::uint64_t matched = 0;  ///< runs that it was about when it was made
  std::uint64_t done = 0;     ///< runs to which it has been done
  std::uint64_t skipped = 0;  ///< those that it was too late for, or that it is not for
  std::uint64_t failed = 0;   ///< those that refused it
  std::string error;          ///< why the last one did
  TimePoint created, finished;
  std::size_t stage = 0;  ///< which of the statuses that it is about is being walked
  std::string cursor;     ///< behind which it goes on there

  store::TenantScope scope() const { return {workspace, project}; }
};

/// Whoever looks for jobs that have not ended finds them as this one's.
Uuid owner_of_unfinished();

store::Document encode(const Job& job, TimePoint now);
/// kCorrupt.
Result<Job> decode(const store::Document& document);

/// The statuses whose runs a job is about, in the order in which it walks them.
std::vector<store::RunStatus> statuses_of(const Job& job);
/// The runs of one of them: those that the filter selects, created before the job.
store::RunFilter filter_of(const Job& job, store::RunStatus status);
/// Whether a run that has been seen to once is seen again when the walk begins anew: then one walk
/// is all. Else walks go on until one has found nothing to do, as runs change while it goes.
bool walks_once(Action action);
/// The key of a retry by a job.
std::string retry_key(const Job& job);

/// What came of one run.
void count(Job& job, const Status& outcome);

}  // namespace troupe::bulk
