// A run that took the process down three times in a row is set aside at the next start, tells why,
// holds nobody else up, and goes on when somebody resumes it. So is one that lies on a damaged
// page.

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <map>
#include <mutex>

#include "actors/node/node.h"
#include "actors/store/load_run.h"
#include "adapters/memory/memory_store.h"
#include "adapters/system/clock.h"
#include "adapters/system/hasher.h"
#include "tests/simulation/ports.h"

namespace troupe::actors {
namespace {

/// Answers {} at once, or keeps the jobs of a script named "poison" for ever.
class Executor final : public ScriptExecutor {
 public:
  void submit(ScriptJob job, Done done) override {
    if (holds_poison && job.script->source.find("poison") != std::string::npos) {
      const std::lock_guard lock(mutex_);
      ++poisons;
      held_[job.job] = std::move(done);
      return;
    }
    ScriptResult result;
    result.ok = true;
    result.value = json::Text::trusted(R"({"n":1})");
    result.started = result.finished = TimePoint{1'800'000'000'000'000};
    done(job.job, std::move(result));
  }
  void cancel(std::uint64_t job) override {
    Done done;
    {
      const std::lock_guard lock(mutex_);
      const auto held = held_.find(job);
      if (held == held_.end()) return;
      done = std::move(held->second);
      held_.erase(held);
    }
    ScriptResult result;
    result.error = {Code::kRunStopped, "cancelled", {}};
    done(job, std::move(result));
  }
  std::atomic<bool> holds_poison{true};
  std::atomic<int> poisons{0};

 private:
  std::mutex mutex_;
  std::map<std::uint64_t, Done> held_;
};

class Suspicion final : public BlackBox {
 public:
  void enter(const Uuid&) noexcept override {}
  void leave() noexcept override {}
  int crashes_of(const Uuid& entity) const override { return entity == suspect ? 3 : 0; }
  void note_fenced() noexcept override { ++fenced; }
  std::uint64_t times_fenced() const override { return fenced; }
  Uuid suspect;
  std::uint64_t fenced = 0;
};

class QuarantineTest : public ::testing::Test {
 protected:
  void begin() {
    auto node = Node::start({}, {store_, executor_, syntax_, patterns_, clock_, entropy_, hasher_,
                                 log_, metrics_, &box_});
    ASSERT_TRUE(node.ok());
    node_ = std::move(*node);
  }
  template <class T>
  static Result<T> await(const std::function<void(Callback<T>)>& call) {
    auto answer = std::make_shared<std::promise<Result<T>>>();
    call([answer](Result<T> result) { answer->set_value(std::move(result)); });
    return answer->get_future().get();
  }
  Engine& engine() { return node_->engine(); }

  store::TenantScope scope() {
    const auto reader = store_.open_reader();
    const auto workspaces = reader->workspaces();
    const auto projects = reader->projects(workspaces->front().id);
    return {workspaces->front().id, projects->front().id};
  }
  store::TenantScope foreign() { return {scope().workspace, ProjectId{Uuid{9, 9}}}; }
  store::TenantScope whole() { return {scope().workspace, std::nullopt}; }
  RunId start(const std::string& script) {
    return start_step(R"("type":"lua_script","script":")" + script + '"');
  }
  RunId start_step(const std::string& step) {
    store::Workflow draft;
    draft.workspace = scope().workspace;
    draft.project = *scope().project;
    draft.name = "w";
    draft.graph = R"({"steps":[{"id":"a","name":"a",)" + step + "}]}";
    const auto workflow = await<store::Workflow>(
        [&](Callback<store::Workflow> done) { engine().create_workflow(draft, std::move(done)); });
    const auto version = await<store::Version>([&](Callback<store::Version> done) {
      engine().publish(scope(), workflow->id, "", std::move(done));
    });
    StartRequest request;
    request.workspace = scope().workspace;
    request.project = *scope().project;
    request.workflow = version->workflow;
    const auto started = await<Started>(
        [&](Callback<Started> done) { engine().start(request, std::move(done)); });
    return started.ok() ? started->run : RunId{};
  }
  store::RunRow row_of(RunId run) {
    return *await<store::RunRow>([&](Callback<store::RunRow> done) {
      engine().read([&, done](store::Reader& reader) { done(**reader.run_unscoped(run)); });
    });
  }
  /// A run that waits for the event "go" and is gone from memory.
  RunId start_waiting() {
    const RunId run = start_step(R"("type":"wait_event","event":"go")");
    EXPECT_TRUE(gets(run, store::PauseReason::kEvent));
    const TimePoint patience = clock_.now() + seconds(20);
    while (run_actors() > 0) {
      if (clock_.now() <= patience) continue;
      ADD_FAILURE() << "its actor stays";
      break;
    }
    return run;
  }
  std::int64_t run_actors() {
    for (const auto& [kind, count] : engine().actor_counts()) {
      if (kind == "run") return count;
    }
    return 0;
  }
  /// What the next life finds of a sleeping run is its snapshot alone, and damaged.
  void damage_asleep(RunId run, const std::function<void(store::Snapshot&)>& change) {
    node_.reset();
    const auto reader = store_.open_reader();
    store::Batch batch;
    batch.snapshots = {**reader->snapshot(run)};
    change(batch.snapshots.front());
    const store::Pos behind = (*reader->run_unscoped(run))->head + 1;
    ASSERT_TRUE(store_.writer().commit(batch).ok());
    ASSERT_TRUE(store_.writer().set_recovery_mark(behind).ok());
    store_.damage(run, {.snapshot = true});
  }
  /// Whether its row comes to say so.
  bool gets(RunId run, store::PauseReason reason) {
    const TimePoint patience = clock_.now() + seconds(20);
    while (row_of(run).pause_reason != reason) {
      if (clock_.now() > patience) return false;
    }
    return true;
  }
  /// What sending it that event comes to.
  std::string go(RunId run) { return go(run, scope()); }
  std::string go(RunId run, const store::TenantScope& as) {
    const auto sent = await<Unit>([&](Callback<Unit> done) {
      engine().send_event(as, run, "go", "", json::Text::trusted("1"), std::move(done));
    });
    return sent.ok() ? "ok" : std::string(info(sent.error().code).name);
  }
  Result<store::RunRow> resume(RunId run) {
    return await<store::RunRow>([&](Callback<store::RunRow> done) {
      engine().control(scope(), run, Control::kResume, std::move(done));
    });
  }
  /// The last event of the run's feed.
  std::string end_of(RunId run) {
    const auto feed = engine().open_feed({scope(), run, std::nullopt, 0});
    for (;;) {
      const auto page =
          await<FeedPage>([&](Callback<FeedPage> done) { feed->next(std::move(done)); });
      if (!page) return page.error().message;
      if (page->ended) return page->events.back().json;
    }
  }

  memory::MemoryStore store_;
  Executor executor_;
  simulation::AnySyntax syntax_;
  simulation::NoPatterns patterns_;
  system::SystemClock clock_;
  simulation::SimEntropy entropy_{7};
  system::Blake2bHasher hasher_;
  simulation::SimLog log_;
  simulation::NoMetrics metrics_;
  Suspicion box_;
  std::unique_ptr<Node> node_;
};

TEST_F(QuarantineTest, ARunThatKillsTheProcessIsSetAsideAndItsNeighboursGoOn) {
  begin();
  const RunId poison = start("return {poison=1}");
  ASSERT_TRUE(poison.set());
  node_.reset();

  box_.suspect = poison;
  begin();
  const RunId neighbour = start("return {n=1}");
  EXPECT_NE(end_of(neighbour).find("run_completed"), std::string::npos);
  const auto asked = await<Unit>([&](Callback<Unit> done) {
    engine().send_event(scope(), poison, "e", "", json::Text::trusted("1"), std::move(done));
  });
  ASSERT_FALSE(asked.ok());
  EXPECT_EQ(asked.error().code, Code::kQuarantined);
  EXPECT_NE(asked.error().message.find("3 times"), std::string::npos);
}

TEST_F(QuarantineTest, ItCanBeLookedAtAndStoppedWithoutWorkingAgain) {
  begin();
  const RunId poison = start("return {poison=1}");
  node_.reset();
  box_.suspect = poison;
  begin();
  const auto seen = await<json::Text>([&](Callback<json::Text> done) {
    engine().events(scope(), poison, 0, 100, std::move(done));
  });
  ASSERT_TRUE(seen.ok()) << seen.error().message;
  EXPECT_NE(seen->view().find("run_created"), std::string_view::npos);
  // It holds its job for ever: if the stop woke it to work, the stop would still come through, but
  // the executor would have been given the job again.
  const int given = executor_.poisons;
  const auto stopped = await<store::RunRow>([&](Callback<store::RunRow> done) {
    engine().control(scope(), poison, Control::kStopImmediate, std::move(done));
  });
  ASSERT_TRUE(stopped.ok()) << stopped.error().message;
  EXPECT_EQ(stopped->status, store::RunStatus::kStopped);
  EXPECT_EQ(executor_.poisons, given);
}

TEST_F(QuarantineTest, ItIsStillSetAsideAfterAnotherStartAndGoesOnWhenResumed) {
  begin();
  const RunId poison = start("return {poison=1}");
  node_.reset();
  box_.suspect = poison;
  begin();
  ASSERT_TRUE(gets(poison, store::PauseReason::kQuarantine)) << "it was never written";
  node_->shutdown();
  node_.reset();

  box_.suspect = {};
  executor_.holds_poison = false;
  begin();
  EXPECT_EQ(row_of(poison).status, store::RunStatus::kPaused);
  EXPECT_EQ(row_of(poison).pause_reason, store::PauseReason::kQuarantine);
  const auto resumed = await<store::RunRow>([&](Callback<store::RunRow> done) {
    engine().control(scope(), poison, Control::kResume, std::move(done));
  });
  ASSERT_TRUE(resumed.ok()) << resumed.error().message;
  EXPECT_NE(end_of(poison).find("run_completed"), std::string::npos);
}

TEST_F(QuarantineTest, ARunWhoseCommitMetADamagedPageIsMarkedAndGoesOnAtOnceWhenResumed) {
  begin();
  const RunId hit = start_waiting();
  store_.fail_commits(Code::kCorrupt, false, 2);  // the batch, and what it consists of
  EXPECT_EQ(go(hit), "corrupt");
  EXPECT_EQ(go(hit), "quarantined");
  ASSERT_TRUE(gets(hit, store::PauseReason::kQuarantine)) << "it was never written";
  const auto resumed = resume(hit);
  ASSERT_TRUE(resumed.ok()) << resumed.error().message;
  EXPECT_EQ(go(hit), "ok");
  EXPECT_NE(end_of(hit).find("run_completed"), std::string::npos);
}

TEST_F(QuarantineTest, WhileThePageIsDamagedItStaysAsideInMemoryAndEachResumeTriesAgain) {
  begin();
  const RunId hit = start_waiting();
  store_.damage(hit, {.commits = true});
  EXPECT_EQ(go(hit), "corrupt");
  for (int tries = 0; tries < 2; ++tries) {
    EXPECT_EQ(go(hit), "quarantined");
    EXPECT_NE(row_of(hit).pause_reason, store::PauseReason::kQuarantine);
    EXPECT_FALSE(resume(hit).ok());
  }
  store_.damage(hit, {});
  const auto resumed = resume(hit);
  ASSERT_TRUE(resumed.ok()) << resumed.error().message;
  EXPECT_EQ(go(hit), "ok");
  EXPECT_NE(end_of(hit).find("run_completed"), std::string::npos);
}

TEST_F(QuarantineTest, ARunWhoseSnapshotIsDamagedIsSetAsideAtTheStart) {
  begin();
  const RunId hit = start_waiting();
  damage_asleep(hit, [](store::Snapshot& snapshot) { snapshot.runnable = true; });
  begin();
  ASSERT_NE(node_, nullptr);
  EXPECT_TRUE(gets(hit, store::PauseReason::kQuarantine));
}

TEST_F(QuarantineTest, ARunWhoseSnapshotIsDamagedIsSetAsideWhenItsTimerIsDue) {
  begin();
  const RunId hit = start_waiting();
  damage_asleep(hit, [](store::Snapshot& snapshot) { snapshot.wake_at = {1}; });
  begin();
  ASSERT_NE(node_, nullptr);
  EXPECT_TRUE(gets(hit, store::PauseReason::kQuarantine));
}

TEST_F(QuarantineTest, AForeignProjectHearsNothingOfARunThatCannotBeFolded) {
  begin();
  const RunId hit = start_waiting();
  store_.damage(hit, {.snapshot = true});
  EXPECT_EQ(go(hit, foreign()), "not_found");
  EXPECT_EQ(go(hit), "quarantined");
  EXPECT_EQ(go(hit, whole()), "quarantined");
  EXPECT_EQ(go(hit, foreign()), "not_found");
}

TEST_F(QuarantineTest, OnlyTheWholeWorkspaceHearsOfARunWhoseRowCannotBeRead) {
  begin();
  const RunId hit = start_waiting();
  store_.damage(hit, {.row = true});
  EXPECT_EQ(go(hit, whole()), "corrupt");
  EXPECT_EQ(go(hit, whole()), "quarantined");
  EXPECT_EQ(go(hit, foreign()), "not_found");
  EXPECT_EQ(go(hit), "not_found");
  const auto seen = await<store::RunRow>(
      [&](Callback<store::RunRow> done) { engine().summary(scope(), hit, std::move(done)); });
  ASSERT_FALSE(seen.ok());
  EXPECT_EQ(seen.error().code, Code::kCorrupt) << "a look reads the row anew";
}

TEST_F(QuarantineTest, RecoveryKnowsTheProjectOfARunWhoseRowCannotBeRead) {
  begin();
  const RunId poison = start("return {poison=1}");
  node_.reset();
  box_.suspect = poison;
  store_.damage(poison, {.row = true});
  begin();
  EXPECT_EQ(go(poison, foreign()), "not_found");
  EXPECT_EQ(go(poison), "quarantined");
}

TEST_F(QuarantineTest, TheChildrenInALoopOfAStoppedRunWhoseActorCrashedAreToldToStop) {
  begin();
  const std::string workflow = row_of(start_waiting()).workflow.to_string();
  const RunId parent = start_step(
      R"("type":"for_each","for_each_items":{"count":3},"for_each_max_parallel":3,)"
      R"("for_each_body_steps":[{"id":"c","name":"c","type":"run_workflow","workflow_id":")" +
      workflow + "\"}]");
  const auto stopped = await<store::RunRow>([&](Callback<store::RunRow> done) {
    engine().control(scope(), parent, Control::kStopImmediate, std::move(done));
  });
  ASSERT_TRUE(stopped.ok()) << stopped.error().message;
  node_.reset();

  Services services{{}, {store_, executor_, syntax_, patterns_, clock_, entropy_, hasher_, log_,
                         metrics_, &box_}};
  int told = 0;
  services.tenant = [&told](WorkspaceId) {
    ++told;
    return TenantActor{};  // which nobody hears
  };
  const auto reader = store_.open_reader();
  const Loaded loaded =
      load_run(services, *reader, stopped->workspace, parent, Origin::kRecovered);
  ASSERT_NE(loaded.row, nullptr);
  EXPECT_EQ(told, 3);
}

}  // namespace
}  // namespace troupe::actors
