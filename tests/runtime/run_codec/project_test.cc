#include <gtest/gtest.h>

#include "runtime/run/view.h"
#include "tests/runtime/run_codec/sample.h"

namespace troupe::run {
namespace {

const TaskId kTask{Uuid{4, 4}};

State waiting_state() {
  State state = state_of(graph_of({human("ok", "approval"), wait_event("pay", "paid")}));
  state.root.steps[0].input = value(R"({"n":1})");
  state.root.steps[0].started = at_ms(1);
  return state;
}

TEST(RunProject, AHumanTaskHasARowFromItsWaitToItsDecision) {
  State state = waiting_state();
  record::StepWaiting waiting{attempt(0, 0), WaitKind::kHuman, at_ms(9000), kTask, "", "", {}};
  waiting.attempt.input = state.root.steps[0].input;
  store::Batch batch;
  project(state, waiting, batch);
  ASSERT_EQ(batch.tasks.size(), 1u);
  const store::TaskRow created = batch.tasks[0];
  EXPECT_EQ(created.id, kTask);
  EXPECT_EQ(created.run, kRun);
  EXPECT_EQ(created.project, state.project);
  EXPECT_EQ(created.step_id, "ok");
  EXPECT_EQ(created.task_type, "approval");
  EXPECT_EQ(created.payload, R"({"n":1})");
  EXPECT_EQ(created.form, R"({"type":"object"})");
  EXPECT_EQ(created.created, at_ms(1));
  EXPECT_EQ(created.expires, at_ms(9000));
  EXPECT_TRUE(created.pending);

  record::StepFinished finished;
  finished.attempt = attempt(0, 0);
  finished.attempt.announced = true;
  finished.result = value(R"({"approved":true,"note":"x"})");
  finished.task = kTask;
  finished.task_decided = true;
  finished.approved = true;
  finished.by = "owner";
  finished.comment = "fine";
  project(state, finished, batch);
  ASSERT_EQ(batch.tasks.size(), 2u);
  const store::TaskRow& decided = batch.tasks[1];
  EXPECT_FALSE(decided.pending);
  EXPECT_EQ(decided.decision,
            R"({"approved":true,"by":"owner","result":{"approved":true,"note":"x"},)"
            R"("comment":"fine"})");
  EXPECT_EQ(decided.payload, created.payload);
  EXPECT_EQ(decided.created, created.created);
  EXPECT_TRUE(batch.waiters.empty());
}

TEST(RunProject, ACancelledWaitTakesItsTaskAlong) {
  State state = waiting_state();
  record::StepFinished cancelled;
  cancelled.attempt = attempt(0, 0);
  cancelled.attempt.announced = true;
  cancelled.status = StepStatus::kCancelled;
  cancelled.task = kTask;
  store::Batch batch;
  project(state, cancelled, batch);
  ASSERT_EQ(batch.tasks.size(), 1u);
  EXPECT_FALSE(batch.tasks[0].pending);
  EXPECT_EQ(batch.tasks[0].decision, R"({"cancelled":true})");
}

TEST(RunProject, ARetryEndsTheTaskOfTheAttemptBefore) {
  State state = waiting_state();
  record::AttemptFailed late{attempt(0, 0), {Code::kTimeout, "late"}, at_ms(99), {}, kTask};
  record::AttemptFailed denied{attempt(0, 0), {Code::kInDoubt, "no"}, at_ms(99), {}, kTask};
  store::Batch batch;
  project(state, late, batch);
  project(state, denied, batch);
  ASSERT_EQ(batch.tasks.size(), 2u);
  EXPECT_FALSE(batch.tasks[0].pending);
  EXPECT_EQ(batch.tasks[0].decision, R"({"cancelled":true})");
  EXPECT_EQ(batch.tasks[1].decision, R"({"approved":false})");
}

TEST(RunProject, AnEventWaiterComesAndGoes) {
  State state = waiting_state();
  const record::StepWaiting waiting{attempt(1, 0), WaitKind::kEvent, {}, {}, "paid", "k7", {}};
  record::StepFinished finished;
  finished.attempt = attempt(1, 0);
  store::Batch batch;
  project(state, finished, batch);
  EXPECT_TRUE(batch.waiters.empty()) << "it found its event stored, and never waited";
  project(state, waiting, batch);
  finished.attempt.announced = true;
  project(state, finished, batch);
  ASSERT_EQ(batch.waiters.size(), 2u);
  EXPECT_TRUE(batch.waiters[0].waiting);
  EXPECT_EQ(batch.waiters[0].event, "paid");
  EXPECT_EQ(batch.waiters[0].key, "k7");
  EXPECT_EQ(batch.waiters[1].step_id, "pay");
  EXPECT_FALSE(batch.waiters[1].waiting);
  EXPECT_TRUE(batch.tasks.empty());
}

TEST(RunProject, AnOrdinaryStepHasNoRows) {
  State state = state_of(graph_of({step("a")}));
  record::StepFinished finished;
  finished.attempt = attempt(0, 0);
  store::Batch batch;
  project(state, finished, batch);
  project(state, record::RunStarted{at_ms(0)}, batch);
  EXPECT_TRUE(batch.tasks.empty());
  EXPECT_TRUE(batch.waiters.empty());
}

}  // namespace
}  // namespace troupe::run
