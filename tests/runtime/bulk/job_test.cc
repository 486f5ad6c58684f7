#include "runtime/bulk/job.h"

#include <gtest/gtest.h>

namespace troupe::testing {
namespace {

using bulk::Action;
using bulk::Job;
using bulk::JobStatus;
using store::RunStatus;
using Statuses = std::vector<RunStatus>;

Job job_of(Action action, std::optional<RunStatus> status = {}) {
  Job job;
  job.id = {1, 2};
  job.workspace = WorkspaceId(Uuid{3, 4});
  job.project = ProjectId(Uuid{5, 6});
  job.action = action;
  job.filter.status = status;
  job.created = {1000};
  return job;
}

TEST(BulkJob, SurvivesBeingWritten) {
  Job job = job_of(Action::kStopGracefully, RunStatus::kPaused);
  job.filter.workflow = WorkflowId(Uuid{7, 8});
  job.filter.external_id = "";
  job.filter.from = {5};
  job.filter.to = {900};
  job.filter.q = "or\"der";
  job.matched = 10;
  job.done = 4;
  job.skipped = 3;
  job.failed = 2;
  job.error = "no";
  job.stage = 1;
  job.cursor = "abc";
  const store::Document row = bulk::encode(job, {2000});
  EXPECT_EQ(row.owner, bulk::owner_of_unfinished());
  EXPECT_FALSE(row.expires.set());
  const auto read = bulk::decode(row);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(bulk::encode(*read, {2000}), row);
  EXPECT_EQ(read->filter.external_id, "");
  EXPECT_EQ(read->project, job.project);

  job.status = JobStatus::kCompleted;
  job.finished = {3000};
  job.project.reset();
  job.filter = {};
  const store::Document ended = bulk::encode(job, {3000});
  EXPECT_FALSE(ended.owner.set());
  EXPECT_TRUE(ended.expires.set());
  const auto again = bulk::decode(ended);
  ASSERT_TRUE(again.ok());
  EXPECT_FALSE(again->project);
  EXPECT_FALSE(again->filter.external_id);
  EXPECT_EQ(bulk::encode(*again, {3000}), ended);
}

TEST(BulkJob, DamagedOnesAreNone) {
  store::Document row = bulk::encode(job_of(Action::kRetry), {1});
  for (const char* body : {"", "{}", "[]", R"({"action":"burn"})"}) {
    row.body = body;
    EXPECT_EQ(bulk::decode(row).error().code, Code::kCorrupt) << body;
  }
}

TEST(BulkJob, IsAboutTheRunsThatItsActionFits) {
  struct Case {
    Action action;
    std::optional<RunStatus> status;
    Statuses about;
  };
  const Case cases[] = {
      {Action::kStop, {}, {RunStatus::kQueued, RunStatus::kRunning, RunStatus::kPaused,
                           RunStatus::kDraining}},
      {Action::kStop, RunStatus::kPaused, {RunStatus::kPaused}},
      {Action::kStop, RunStatus::kFailed, {}},
      {Action::kStopGracefully, {}, {RunStatus::kQueued, RunStatus::kRunning, RunStatus::kPaused}},
      {Action::kStopGracefully, RunStatus::kDraining, {}},
      {Action::kRetry, {}, {RunStatus::kFailed, RunStatus::kStopped}},
      {Action::kRetry, RunStatus::kStopped, {RunStatus::kStopped}},
      {Action::kRetry, RunStatus::kCompleted, {RunStatus::kCompleted}},
      {Action::kRetry, RunStatus::kRunning, {}},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(bulk::statuses_of(job_of(one.action, one.status)), one.about)
        << &one - cases;
  }
}

TEST(BulkJob, LeavesRunsAloneThatCameAfterIt) {
  Job job = job_of(Action::kStop);
  EXPECT_EQ(bulk::filter_of(job, RunStatus::kPaused).to, job.created);
  EXPECT_EQ(bulk::filter_of(job, RunStatus::kPaused).status, RunStatus::kPaused);
  job.filter.to = {999};
  EXPECT_EQ(bulk::filter_of(job, RunStatus::kPaused).to, TimePoint{999});
  job.filter.to = {1001};
  EXPECT_EQ(bulk::filter_of(job, RunStatus::kPaused).to, job.created);
}

TEST(BulkJob, CountsWhatCameOfEachRun) {
  Job job = job_of(Action::kStop);
  bulk::count(job, ok());
  bulk::count(job, Error{Code::kRunEnded, "e", {}});
  bulk::count(job, Error{Code::kConflict, "c", {}});
  bulk::count(job, Error{Code::kNotFound, "n", {}});
  bulk::count(job, Error{Code::kUnavailable, "u", {}});
  EXPECT_EQ(job.done, 1u);
  EXPECT_EQ(job.skipped, 3u);
  EXPECT_EQ(job.failed, 1u);
  EXPECT_EQ(job.error, "u");
}

}  // namespace
}  // namespace troupe::testing
