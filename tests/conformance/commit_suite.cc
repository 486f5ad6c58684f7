// What a commit leaves behind: every field, nothing by halves, and for whoever reads next.
#include "tests/conformance/store_suite.h"

#include <string>

namespace troupe::testing {
namespace {

TEST_F(StoreConformance, EveryFieldComesBackAlsoAfterReopening) {
  const TenantScope scope = make.scope();
  Batch batch;
  batch.runs = {make.run(scope), make.run(scope)};
  batch.runs[1].workflow = WorkflowId();
  const RunId run = batch.runs[0].id;
  batch.frames = {make.frame(run), make.frame(run, 0)};
  batch.snapshots = {make.snapshot(scope.workspace)};
  batch.snapshots[0].wake_at = make.time();
  batch.snapshots[0].runnable = true;
  const std::string body = make.bytes(5000);
  batch.payloads = {{9, *scope.project, harness->hasher().hash(body), body}};
  batch.tasks = {make.task(scope, run)};
  batch.waiters = {make.waiter(scope, "paid", "order-1")};
  commit(batch);
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(**reader->run(scope, run), batch.runs[0]);
    EXPECT_EQ(**reader->run_unscoped(batch.runs[1].id), batch.runs[1]);
    EXPECT_EQ(**reader->frame(batch.frames[0].pos), batch.frames[0]);
    EXPECT_EQ(**reader->frame(batch.frames[1].pos), batch.frames[1]);
    EXPECT_EQ(**reader->snapshot(batch.snapshots[0].entity), batch.snapshots[0]);
    EXPECT_EQ(**reader->payload(9, *scope.project, batch.payloads[0].hash), body);
    EXPECT_EQ(**reader->task(scope, batch.tasks[0].id), batch.tasks[0]);
    EXPECT_EQ(*reader->waiters(scope, "paid", "order-1"), batch.waiters);
    EXPECT_TRUE(*writer().landed(batch.frames[1].pos));
    EXPECT_FALSE(*writer().landed(batch.frames[1].pos + 1));
    reopen();
  }
}

TEST_F(StoreConformance, ABatchThatCannotBeWrittenLeavesNothing) {
  const TenantScope scope = make.scope();
  Batch first;
  first.frames = {make.frame(make.id<RunId>())};
  commit(first);
  Batch second;
  second.runs = {make.run(scope)};
  second.frames = {make.frame(second.runs[0].id), first.frames[0]};  // its address is taken
  second.payloads = {{77, *scope.project, harness->hasher().hash("x"), "x"}};
  EXPECT_EQ(writer().commit(second).error().code, Code::kInternal);
  EXPECT_FALSE(*reader->run_unscoped(second.runs[0].id));
  EXPECT_FALSE(*reader->frame(second.frames[0].pos));
  EXPECT_FALSE(*reader->payload(77, *scope.project, second.payloads[0].hash));
  second.frames.pop_back();
  commit(second);
  EXPECT_TRUE(*reader->run(scope, second.runs[0].id));
  EXPECT_TRUE(*reader->payload(77, *scope.project, second.payloads[0].hash));
}

TEST_F(StoreConformance, UpsertsReplaceAndDropsRemove) {
  const TenantScope scope = make.scope();
  Batch batch;
  batch.runs = {make.run(scope)};
  batch.snapshots = {make.snapshot(scope.workspace), make.snapshot(scope.workspace)};
  batch.tasks = {make.task(scope, batch.runs[0].id)};
  batch.waiters = {make.waiter(scope, "paid", "a")};
  const Digest hash = harness->hasher().hash("body");
  batch.payloads = {{1, *scope.project, hash, "body"}};
  commit(batch);

  Batch change;
  change.runs = batch.runs;
  change.runs[0].status = RunStatus::kCompleted;
  change.runs[0].output = std::string(70'000, 'x');
  change.snapshots = {batch.snapshots[0]};
  change.snapshots[0].bytes = make.bytes(20'000);
  change.snapshots_dropped = {batch.snapshots[1].entity};
  change.tasks = batch.tasks;
  change.tasks[0].pending = false;
  change.tasks[0].decision = R"({"approved":true})";
  change.waiters = batch.waiters;
  change.waiters[0].waiting = false;
  change.payloads = batch.payloads;
  commit(change);
  EXPECT_EQ(**reader->run(scope, change.runs[0].id), change.runs[0]);
  EXPECT_EQ(**reader->snapshot(change.snapshots[0].entity), change.snapshots[0]);
  EXPECT_FALSE(*reader->snapshot(batch.snapshots[1].entity));
  EXPECT_EQ(**reader->task(scope, change.tasks[0].id), change.tasks[0]);
  EXPECT_TRUE(reader->tasks_pending(scope, {}, {})->items.empty());
  EXPECT_TRUE(reader->waiters(scope, "paid", "a")->empty());
  EXPECT_EQ(**reader->payload(1, *scope.project, hash), "body");
}

TEST_F(StoreConformance, AReaderSeesACommitThatReturnedBeforeItsRead) {
  const auto other = harness->store().open_reader();
  const TenantScope scope = make.scope();
  for (int i = 0; i < 20; ++i) {
    const RunRow row = make.run(scope);
    commit(of_runs({row}));
    ASSERT_TRUE(*reader->run(scope, row.id));
    ASSERT_TRUE(*other->run(scope, row.id));
  }
  Batch frames;
  frames.frames = {make.frame(make.id<RunId>(), 123)};
  const auto before = harness->store().journal_bytes();
  commit(frames);
  EXPECT_EQ(harness->store().journal_bytes() - before, 123u);
}

TEST_F(StoreConformance, EpochsOnlyGrowAlsoOverReopening) {
  const auto first = *writer().next_epoch();
  EXPECT_GE(first, 1u);
  EXPECT_GT(*writer().next_epoch(), first);
  reopen();
  EXPECT_GT(*writer().next_epoch(), first + 1);
}

}  // namespace
}  // namespace troupe::testing
