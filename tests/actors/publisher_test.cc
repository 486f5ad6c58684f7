// What is committed leaves the node: every event, in order, also where nobody could be told at
// first.

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <future>
#include <mutex>
#include <set>

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

constexpr int kForEver = 1'000'000'000;

/// The lines that were logged, from any thread.
class Lines final : public Logger {
 public:
  bool enabled(LogLevel) const override { return true; }
  void log(LogLevel, std::string_view message, std::initializer_list<LogField>) override {
    const std::lock_guard lock(mutex_);
    text_ += std::string(message) + "\n";
    changed_.notify_all();
  }
  bool holds(std::string_view part) {
    const std::lock_guard lock(mutex_);
    return text_.find(part) != std::string::npos;
  }
  void wait_for(std::string_view part) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, std::chrono::seconds(30), [&] {
      return text_.find(part) != std::string::npos;
    })) << text_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string text_;
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
  std::vector<RunEvent> heard() {
    const std::lock_guard lock(mutex_);
    return heard_;
  }
  std::atomic<int> refusals = 0, lost_flushes = 0;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<RunEvent> heard_;
  std::size_t flushed_ = 0;
};

constexpr const char* kTypes[] = {"run_created",  "run_started",    "step_scheduled",
                                  "step_started", "step_completed", "run_completed"};

class PublisherTest : public ::testing::Test {
 protected:
  template <class T>
  static Result<T> await(const std::function<void(Callback<T>)>& call) {
    auto answer = std::make_shared<std::promise<Result<T>>>();
    call([answer](Result<T> result) { answer->set_value(std::move(result)); });
    return answer->get_future().get();
  }
  std::unique_ptr<Node> start(store::Store& store, const Options& options = {}) {
    Ports ports{store,    executor_, syntax_, patterns_, clock_,
                entropy_, hasher_,   log_,    metrics_};
    ports.events = publishes ? &sink : nullptr;
    auto node = Node::start(options, ports);
    EXPECT_TRUE(node.ok());
    return *std::move(node);
  }
  /// Runs one script on a node that publishes; what was heard of it.
  std::vector<RunEvent> run_one() {
    const auto node = start(store_);
    run_on(*node);
    auto heard = sink.heard_until("run_completed");
    node->shutdown();
    return heard;
  }
  void run_on(Node& node) { run_on(node, store_); }
  void run_on(Node& node, store::Store& store) {
    Engine& engine = node.engine();
    const auto reader = store.open_reader();
    store::Workflow draft;
    draft.workspace = reader->workspaces()->front().id;
    if (has_project) draft.project = reader->projects(draft.workspace)->front().id;
    draft.name = "w";
    draft.graph = R"({"steps":[{"id":"a","name":"a","type":"lua_script","script":"x"}]})";
    const auto workflow = await<store::Workflow>(
        [&](Callback<store::Workflow> done) { engine.create_workflow(draft, std::move(done)); });
    const auto version = await<store::Version>([&](Callback<store::Version> done) {
      engine.publish({draft.workspace, std::nullopt}, workflow->id, "", std::move(done));
    });
    StartRequest request;
    request.workspace = draft.workspace;
    request.project = draft.project;
    request.workflow = version->workflow;
    const auto started = await<Started>(
        [&](Callback<Started> done) { engine.start(request, std::move(done)); });
    EXPECT_TRUE(started.ok());
    run = started->run;
  }
  /// Until the run's row says that it has ended.
  void wait_end(Node& node) {
    bool ended = false;
    while (!ended) {
      const auto row = await<std::optional<store::RunRow>>(
          [&](Callback<std::optional<store::RunRow>> done) {
            node.engine().read([done, id = run](store::Reader& reader) {
              done(reader.run_unscoped(id));
            });
          });
      ended = row.ok() && *row && store::ended((*row)->status);
    }
  }
  /// Every number of the run, in whatever order.
  void expect_all(const std::vector<RunEvent>& heard) {
    std::set<std::uint64_t> numbers;
    for (const RunEvent& event : heard) {
      if (event.run == run) numbers.insert(event.seq);
    }
    EXPECT_EQ(numbers.size(), std::size(kTypes));
    EXPECT_EQ(*numbers.rbegin(), std::size(kTypes));
  }

  memory::MemoryStore store_{{}};
  Returning executor_;
  simulation::AnySyntax syntax_;
  simulation::NoPatterns patterns_;
  system::SystemClock clock_;
  simulation::SimEntropy entropy_{7};
  system::Blake2bHasher hasher_;
  Lines log_;
  simulation::NoMetrics metrics_;
  Sink sink;
  RunId run;
  bool publishes = true;
  bool has_project = true;
};

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

TEST_F(PublisherTest, ARunOfTheWorkspaceAsAWholeIsToldWithoutAProject) {
  has_project = false;
  const auto heard = run_one();
  ASSERT_EQ(heard.size(), std::size(kTypes));
  EXPECT_EQ(heard[0].workspace, "default");
  EXPECT_EQ(heard[0].project, "");
  EXPECT_EQ(json::at_pointer(heard[0].cloud_event, "/source"), R"("/troupe/default")");
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

TEST_F(PublisherTest, WhatANodeHadNotPublishedWhenItDiedItsNextLifePublishes) {
  sink.refusals = kForEver;
  auto node = start(store_);
  run_on(*node);
  wait_end(*node);
  const auto disk = store_.clone();
  node.reset();
  EXPECT_TRUE(sink.heard().empty());
  sink.refusals = 0;
  const auto next = start(*disk);
  expect_all(sink.heard_until("run_completed"));
  next->shutdown();
  // It has been noted by then: nothing comes a third time.
  const std::size_t told = sink.heard().size();
  start(*disk)->shutdown();
  EXPECT_EQ(sink.heard().size(), told);
}

TEST_F(PublisherTest, WhatIsTooMuchToKeepInMemoryIsReadFromTheJournal) {
  sink.refusals = kForEver;
  Options options;
  options.publish_waiting_max = 2;
  const auto node = start(store_, options);
  run_on(*node);
  wait_end(*node);
  sink.refusals = 0;
  expect_all(sink.heard_until("run_completed"));
  node->shutdown();
}

TEST_F(PublisherTest, AJournalThatHasGrownTooLongIsLetGoAndToldToBeAGap) {
  memory::MemoryStore store({.journal_table_bytes = 1 << 10, .journal_tables_kept = 0});
  sink.refusals = kForEver;
  Options options;
  options.publish_tables_max = 4;
  const auto node = start(store, options);
  // Tables are looked at now and then, behind a commit.
  for (int i = 0; i < 5000 && !log_.holds("too much of the journal waits"); ++i) {
    run_on(*node, store);
    wait_end(*node);
  }
  EXPECT_TRUE(log_.holds("too much of the journal waits"));
  sink.refusals = 0;
  sink.heard_until("run_completed");
  node->shutdown();
  EXPECT_LE(store.writer().journal_tables().size(), 8u);
}

TEST_F(PublisherTest, ANodeThatPublishesNoLongerTellsOfTheGap) {
  sink.refusals = kForEver;
  auto node = start(store_);
  run_on(*node);
  wait_end(*node);
  const auto disk = store_.clone();
  node.reset();
  publishes = false;
  start(*disk)->shutdown();
  log_.wait_for("configured to publish none");
  EXPECT_EQ(disk->writer().publish_mark(), 0u);
}

}  // namespace
}  // namespace troupe::actors
