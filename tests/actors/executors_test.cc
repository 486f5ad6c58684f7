// What a task's delivery says, what becomes of a worker's words, and that each task ends once.

#include "actors/step/executors.h"

#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "adapters/memory/memory_store.h"
#include "runtime/json/read.h"
#include "tests/simulation/ports.h"

namespace troupe::actors {
namespace {

class NoScripts final : public ScriptExecutor {
 public:
  void submit(ScriptJob, Done) override {}
  void cancel(std::uint64_t) override {}
};

/// Keeps what it is asked, for the test to answer.
class Queue final : public WorkQueue {
 public:
  Ticket request_work(WorkRequest request, std::function<void()>, Done done) override {
    requests.push_back(std::move(request));
    answers.push_back(std::move(done));
    return requests.size();
  }
  bool cancel(Ticket ticket) override {
    cancelled.push_back(ticket);
    return true;
  }
  std::vector<WorkRequest> requests;
  std::vector<Done> answers;
  std::vector<Ticket> cancelled;
};

/// The same of services; `at_once` is said inside the call.
class Outside final : public StepService {
 public:
  Ticket call(ServiceRequest request, Done done) override {
    requests.push_back(std::move(request));
    if (at_once) done(*at_once);
    else answers.push_back(std::move(done));
    return requests.size();
  }
  void cancel(Ticket ticket) override { cancelled.push_back(ticket); }
  std::optional<AttemptResult> at_once;
  std::vector<ServiceRequest> requests;
  std::vector<Done> answers;
  std::vector<Ticket> cancelled;
};

class CountingLate final : public Counter {
 public:
  void add(double amount) override { count += amount; }
  double count = 0;
};

class ExecutorsTest : public ::testing::Test {
 protected:
  ExecutorsTest() {
    const TimePoint now = clock_.now();
    EXPECT_TRUE(store_.writer().create_workspace({kWorkspace, "acme", "A", "troupe", now}).ok());
    EXPECT_TRUE(
        store_.writer().create_project({kProject, kWorkspace, "web", "W", false, now}).ok());
  }
  TaskJob task() const {
    TaskJob job;
    job.workspace = kWorkspace;
    job.project = kProject;
    job.run = RunId{Uuid{1, 2}};
    job.step_id = "loop#3#send";
    job.attempt = 2;
    job.idempotency_key = "key";
    job.queue = "mail";
    job.task = "send";
    job.args = R"({"to":["ann"]})";
    job.timeout = seconds(60);
    job.heartbeat = seconds(5);
    return job;
  }
  void submit(std::uint64_t token, TaskJob job) {
    executors_.submit(token, std::move(job), [this](std::uint64_t, AttemptResult result) {
      results.push_back(std::move(result));
    });
  }
  /// The end of a task that the queue answers so.
  AttemptResult answered(Result<WorkResult> said) {
    submit(7, task());
    queue.answers.back()(std::move(said));
    EXPECT_FALSE(results.empty());
    return results.back();
  }

  static inline const WorkspaceId kWorkspace{Uuid{3, 4}};
  static inline const ProjectId kProject{Uuid{5, 6}};
  simulation::SimClock clock_;
  memory::MemoryStore store_{{}};
  NoScripts scripts_;
  ScopeNames names_;
  int reads = 0;
  Executors::Read read_ = [this](const std::function<void(store::Reader&)>& work) {
    ++reads;
    work(*store_.open_reader());
  };
  CountingLate late;
  Queue queue;
  Outside outside;
  Executors executors_{scripts_, &queue, &outside, clock_, names_, read_, late};
  std::vector<AttemptResult> results;
};

TEST_F(ExecutorsTest, ADeliverySaysWhoseItIsWhatToDoAndUntilWhen) {
  submit(1, task());
  ASSERT_EQ(queue.requests.size(), 1u);
  const WorkRequest& request = queue.requests.front();
  EXPECT_EQ(request.workspace, "acme");
  EXPECT_EQ(request.queue, "mail");
  EXPECT_EQ(request.timeout, seconds(60));
  EXPECT_EQ(request.heartbeat, seconds(5));
  EXPECT_EQ(request.body,
            R"({"workspace":"acme","project":"web","run_id":")" + task().run.to_string() +
                R"(","step_id":"loop#3#send","attempt":2,"idempotency_key":"key","task":"send",)"
                R"("args":{"to":["ann"]},"deadline":")" +
                to_rfc3339(clock_.now() + seconds(60)) + "\"}");
  submit(2, task());
  EXPECT_EQ(reads, 1);  // names are read once
}

TEST_F(ExecutorsTest, ATaskOfTheWorkspaceAsAWholeNamesNoProject) {
  TaskJob whole = task();
  whole.project = ProjectId{};
  submit(1, whole);
  ASSERT_EQ(queue.requests.size(), 1u);
  EXPECT_EQ(queue.requests.front().workspace, "acme");
  EXPECT_EQ(queue.requests.front().body.substr(0, 37), R"({"workspace":"acme","project":null,"r)");
  whole.workspace = WorkspaceId{Uuid{9, 9}};
  submit(2, whole);
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(results[0].error.code, Code::kNotFound);
}

TEST_F(ExecutorsTest, WhatAWorkerSaysBecomesAResultOrAFailure) {
  for (const char* body : {R"({"id":1})", "[1]", "\"x\"", "7"}) {
    const AttemptResult result = answered(WorkResult{body, ""});
    EXPECT_TRUE(result.ok);
    EXPECT_EQ(result.value.view(), body);
  }
  EXPECT_EQ(answered(WorkResult{"", ""}).value.view(), "null");
  EXPECT_EQ(answered(WorkResult{"{not json", ""}).error.code, Code::kResultNotJson);
  const AttemptResult failed = answered(WorkResult{"The card was declined.", "card_declined"});
  EXPECT_FALSE(failed.ok);
  EXPECT_EQ(failed.error.code, Code::kWorkerFailed);
  EXPECT_EQ(failed.error.message, "card_declined: The card was declined.");
  EXPECT_EQ(answered(WorkResult{"Slow down.", "rate_limited"}).error.code, Code::kRateLimited);
  EXPECT_EQ(answered(Error{Code::kUnavailable, "nobody", {}}).error.code, Code::kUnavailable);
}

TEST_F(ExecutorsTest, ACancelledTaskIsTakenBackAndItsAnswerIsDroppedAndCounted) {
  submit(1, task());
  executors_.cancel(1);
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(results[0].error.code, Code::kRunStopped);
  EXPECT_EQ(queue.cancelled, std::vector<WorkQueue::Ticket>{1});
  queue.answers[0](WorkResult{"1", ""});
  executors_.cancel(1);
  EXPECT_EQ(results.size(), 1u);
  EXPECT_EQ(late.count, 1);
}

TEST_F(ExecutorsTest, ATaskCancelledBeforeItWasSentIsNeverSent) {
  std::function<void(store::Reader&)> held;
  Executors slow(scripts_, &queue, &outside, clock_, names_,
                 [&held](std::function<void(store::Reader&)> work) { held = std::move(work); },
                 late);
  slow.submit(1, task(), [this](std::uint64_t, AttemptResult result) {
    results.push_back(std::move(result));
  });
  slow.cancel_all();
  ASSERT_EQ(results.size(), 1u);
  slow.wait_empty(Duration{});
  held(*store_.open_reader());
  EXPECT_TRUE(queue.requests.empty());
}

TEST_F(ExecutorsTest, AServicesAnswerComesThroughOnceAndWhatIsCancelledIsTakenBack) {
  const auto submit = [this](Executors& to, std::uint64_t token) {
    to.submit(token, ServiceRequest{.step_id = "h"}, [this](std::uint64_t, AttemptResult result) {
      results.push_back(std::move(result));
    });
  };
  AttemptResult said;
  said.error = {Code::kRateLimited, "slow down", {}};
  said.wait_min = seconds(3);
  submit(executors_, 1);
  outside.answers[0](said);
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(results[0].error.code, Code::kRateLimited);
  EXPECT_EQ(results[0].wait_min, seconds(3));
  executors_.cancel(1);
  EXPECT_TRUE(outside.cancelled.empty());

  submit(executors_, 2);
  executors_.cancel(2);
  ASSERT_EQ(results.size(), 2u);
  EXPECT_EQ(results[1].error.code, Code::kRunStopped);
  EXPECT_EQ(outside.cancelled, std::vector<StepService::Ticket>{2});
  outside.answers[1](said);
  EXPECT_EQ(results.size(), 2u);
  EXPECT_EQ(late.count, 1);

  outside.at_once = said;
  submit(executors_, 3);
  EXPECT_EQ(results.size(), 3u);
  executors_.wait_empty(Duration{});
  Executors without(scripts_, nullptr, nullptr, clock_, names_, read_, late);
  submit(without, 4);
  EXPECT_EQ(results.back().error.code, Code::kUnavailable);
}

TEST_F(ExecutorsTest, WithoutAQueueATaskIsUnavailable) {
  Executors without(scripts_, nullptr, nullptr, clock_, names_, read_, late);
  without.submit(1, task(), [this](std::uint64_t, AttemptResult result) {
    results.push_back(std::move(result));
  });
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(results[0].error.code, Code::kUnavailable);
}

}  // namespace
}  // namespace troupe::actors
