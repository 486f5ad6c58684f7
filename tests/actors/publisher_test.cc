// What is committed leaves the node: every event, in order, also where nobody could be told at
// first.

#include <gtest/gtest.h>

#include <condition_variable>
#include <future>
#include <mutex>

#include "actors/node/node.h"
#include "adapters/memory/memory_store.h"
#include "adapters/system/clock.h"
#include "adapters/system/hasher.h"
#include "runtime/json/read.h"
#include "tests/simulation/ports.h"

namespace troupe::actors {
namespace {

class Returning final : public ScriptExecutor {
 public:
  void submit(ScriptJob job, Done done) override {
    ScriptResult result;
    result.ok = true;
    result.value = json::Text::trusted("{\"text\":\"" + std::string(2000, 'x') + "\"}");
    result.started = result.finished = TimePoint{1'800'000'000'000'000};
    done(job.job, std::move(result));
  }
  void cancel(std::uint64_t) override {}
};

/// Refuses what comes first, so many times each, then keeps everything.
class Sink final : public EventSink {
 public:
  Status publish(const RunEvent& event) override {
    const std::lock_guard lock(mutex_);
    if (refusals > 0) {
      --refusals;
      return {Code::kUnavailable, "no link"};
    }
    heard_.push_back(event);
    return ok();
  }
  Status flush(Duration) override {
    const std::lock_guard lock(mutex_);
    if (lost_flushes > 0) {
      --lost_flushes;
      return {Code::kTimeout, "no answer"};
    }
    flushed_ = heard_.size();
    changed_.notify_all();
    return ok();
  }
  /// What is outside once an event of this type is.
  std::vector<RunEvent> heard_until(const std::string& type) {
    std::unique_lock lock(mutex_);
    const auto is_there = [&] {
      for (std::size_t i = 0; i < flushed_; ++i) {
        if (heard_[i].type == type) return true;
      }
      return false;
    };
    EXPECT_TRUE(changed_.wait_for(lock, std::chrono::seconds(30), is_there));
    return heard_;
  }
  int refusals = 0, lost_flushes = 0;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<RunEvent> heard_;
  std::size_t flushed_ = 0;
};

class PublisherTest : public ::testing::Test {
 protected:
  template <class T>
  static Result<T> await(const std::function<void(Callback<T>)>& call) {
    auto answer = std::make_shared<std::promise<Result<T>>>();
    call([answer](Result<T> result) { answer->set_value(std::move(result)); });
    return answer->get_future().get();
  }
  /// Runs one script on a node that publishes; what was heard of it.
  std::vector<RunEvent> run_one() {
    Ports ports{store_,   executor_, syntax_, patterns_, clock_,
                entropy_, hasher_,   log_,    metrics_};
    ports.events = &sink;
    auto node = Node::start({}, ports);
    EXPECT_TRUE(node.ok());
    Engine& engine = (*node)->engine();
    const auto reader = store_.open_reader();
    store::Workflow draft;
    draft.workspace = reader->workspaces()->front().id;
    draft.project = reader->projects(draft.workspace)->front().id;
    draft.name = "w";
    draft.graph = R"({"steps":[{"id":"a","name":"a","type":"lua_script","script":"x"}]})";
    const auto workflow = await<store::Workflow>(
        [&](Callback<store::Workflow> done) { engine.create_workflow(draft, std::move(done)); });
    const auto version = await<store::Version>([&](Callback<store::Version> done) {
      engine.publish({draft.workspace, draft.project}, workflow->id, "", std::move(done));
    });
    StartRequest request;
    request.workspace = draft.workspace;
    request.project = draft.project;
    request.workflow = version->workflow;
    const auto started = await<Started>(
        [&](Callback<Started> done) { engine.start(request, std::move(done)); });
    EXPECT_TRUE(started.ok());
    run = started->run;
    auto heard = sink.heard_until("run_completed");
    (*node)->shutdown();
    return heard;
  }

  memory::MemoryStore store_{{}};
  Returning executor_;
  simulation::AnySyntax syntax_;
  simulation::NoPatterns patterns_;
  system::SystemClock clock_;
  simulation::SimEntropy entropy_{7};
  system::Blake2bHasher hasher_;
  simulation::SimLog log_;
  simulation::NoMetrics metrics_;
  Sink sink;
  RunId run;
};

constexpr const char* kTypes[] = {"run_created",  "run_started",    "step_scheduled",
                                  "step_started", "step_completed", "run_completed"};

TEST_F(PublisherTest, EveryEventLeavesOnceAndInOrderAsACloudEvent) {
  const auto heard = run_one();
  ASSERT_EQ(heard.size(), std::size(kTypes));
  for (std::size_t i = 0; i < heard.size(); ++i) {
    EXPECT_EQ(heard[i].workspace, "default");
    EXPECT_EQ(heard[i].project, "default");
    EXPECT_EQ(heard[i].seq, i + 1);
    EXPECT_EQ(heard[i].type, kTypes[i]);
    const std::string id = "\"" + run.to_string() + "/" + std::to_string(i + 1) + "\"";
    EXPECT_EQ(json::at_pointer(heard[i].cloud_event, "/id"), id);
    EXPECT_EQ(json::at_pointer(heard[i].cloud_event, "/data/seq"), std::to_string(i + 1));
  }
  // Of a size that is stored beside the journal, and small enough to be told.
  const auto text = json::at_pointer(heard[4].cloud_event, "/data/data/result/text");
  EXPECT_EQ(text.value_or("").size(), 2002u);
}

TEST_F(PublisherTest, WhatCouldNotBeToldIsToldAgainWithTheSameNumbers) {
  sink.refusals = 2;
  sink.lost_flushes = 1;
  std::uint64_t next = 1;
  for (const RunEvent& event : run_one()) {
    EXPECT_LE(event.seq, next);  // again, never ahead
    if (event.seq == next) ++next;
  }
  EXPECT_EQ(next, std::size(kTypes) + 1);
}

}  // namespace
}  // namespace troupe::actors
