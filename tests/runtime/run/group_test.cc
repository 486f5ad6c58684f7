#include <optional>
#include <set>

#include "runtime/cluster/slots.h"
#include "runtime/run/view.h"
#include "tests/runtime/run/run_test.h"

namespace troupe::run {
namespace {

/// A run and its groups, each driven by itself, and what they tell each other.
class Family {
 public:
  Family(const std::string& steps, testing::Work work)
      : graph(compile("{\"steps\":[" + steps + "],\"output\":\"{{steps.loop.result}}\"}")),
        parent(graph, work),
        work_(std::move(work)) {
    parent.nodes = 3;
    parent.limits.loop_spread_items = 10;
    parent.limits.group_items_min = 4;
  }

  /// Performs what the parent wants of its groups. A group that begins asks its parent first.
  void hear() {
    while (!parent.told_groups.empty()) {
      const command::TellGroup tell = std::move(parent.told_groups.front());
      parent.told_groups.pop_front();
      heard.push_back(tell);
      if (tell.spec != nullptr && groups.count(tell.number) == 0) begin(tell);
      const auto group = groups.find(tell.number);
      if (group == groups.end()) {
        const event::GroupGone gone{tell.path, tell.number, tell.group};
        if (tell.wish == Wish::kStop) continue;
        ASSERT_TRUE(parent.send(gone).ok());
        continue;
      }
      (void)group->second.send(event::ParentWishes{tell.wish, tell.version});
    }
  }
  void begin(const command::TellGroup& tell) {
    RunDriver& group = groups.try_emplace(tell.number, graph, work_).first->second;
    group.state = new_state(tell.group, graph);
    event::Created created;
    created.spec = *tell.spec;
    created.start = false;
    ASSERT_TRUE(group.send(created).ok());
    if (parent.send(event::ChildAsks{tell.path, tell.group}).ok()) {
      ASSERT_TRUE(group.send(event::ParentWaits{}).ok());
    }
  }
  /// Lets a group work to its end and tells the parent.
  void finish(std::uint32_t number) {
    RunDriver& group = groups.at(number);
    group.drive_through_time();
    report(number);
  }
  void report(std::uint32_t number) {
    RunDriver& group = groups.at(number);
    ASSERT_TRUE(group.ended());
    const auto news = std::get<event::GroupEnded>(group.told_parent.back().news);
    parent.payloads.insert(group.payloads.begin(), group.payloads.end());
    const bool open = !parent.ended();
    if (open) {
      ASSERT_TRUE(parent.send(news).ok());
    }
    ASSERT_TRUE(group.send(event::ParentAcknowledged{}).ok());
    hear();
    parent.drive();
  }
  void work_off() {
    hear();
    for (std::uint32_t number = 0; groups.count(number) > 0; ++number) finish(number);
  }

  std::shared_ptr<const graph::Graph> graph;
  RunDriver parent;
  std::map<std::uint32_t, RunDriver> groups;
  std::vector<command::TellGroup> heard;

 private:
  testing::Work work_;
};

std::string loop(const std::string& items, const std::string& more = "") {
  return R"({"id":"loop","name":"n","type":"for_each","for_each_items":)" + items +
         R"(,"for_each_body_steps":[{"id":"a","type":"lua_script","script":"return item"}])" +
         (more.empty() ? "" : "," + more) + "}";
}

/// Returns its item; the item `bad` fails.
testing::Work echo(std::optional<std::string> bad = {}) {
  return by_id({{"a", [bad](const command::StartAttempt& attempt) {
                   Outcome outcome{global(attempt, "/item"), {}, {"did it"}, false};
                   const bool fails = bad && outcome.result == *bad;
                   if (fails) outcome.failure = Failure{Code::kLuaError, "bad"};
                   return outcome;
                 }}});
}

std::string letters(int count) {
  std::string list = "[";
  for (int i = 0; i < count; ++i) {
    list += (i > 0 ? ",\"x" : "\"x") + std::to_string(i) + "\"";
  }
  return list + "]";
}

std::string results_of(int count) {
  std::string list;
  for (int i = 0; i < count; ++i) {
    list += (i > 0 ? "," : "") + std::string("{\"index\":") + std::to_string(i) +
            ",\"result\":\"x" + std::to_string(i) + "\"}";
  }
  return "{\"count\":" + std::to_string(count) + ",\"max_parallel\":10,\"results\":[" + list + "]}";
}

TEST(RunGroups, DoTheItemsOfALongLoopAndItsResultsAreAsEver) {
  Family family(loop("\"{{input.xs}}\""), echo());
  ASSERT_TRUE(family.parent.start("{\"xs\":" + letters(30) + "}").ok());
  EXPECT_TRUE(family.parent.in_flight.empty());
  family.work_off();
  EXPECT_EQ(family.groups.size(), 8u);  // 30 items in groups of 4, as many groups as 12 allow
  EXPECT_EQ(family.parent.state.status, store::RunStatus::kCompleted);
  EXPECT_EQ(family.parent.output(), results_of(30));
  EXPECT_EQ(family.parent.events(),
            "run_created run_started step_scheduled:loop step_started:loop "
            "step_completed:loop run_completed");
  EXPECT_EQ(family.parent.progress.back().done, 30u);
  EXPECT_EQ(family.parent.state.log_lines, 30u);
}

TEST(RunGroups, LieInSlotsFarApart) {
  Family family(loop("{\"count\":64}"), echo());
  ASSERT_TRUE(family.parent.start().ok());
  std::set<int> thirds;
  int told = 0;
  for (const command::TellGroup& tell : family.parent.told_groups) {
    if (++told > 4) break;
    thirds.insert(cluster::slot_of(tell.group) * 3 / static_cast<int>(cluster::kSlotCount));
  }
  EXPECT_EQ(thirds.size(), 3u);
}

TEST(RunGroups, NoMoreBranchesRunThanMayBeParallel) {
  for (const int parallel : {2, 5, 16, 17, 50}) {
    Family family(loop("{\"count\":1000}", "\"for_each_max_parallel\":" + std::to_string(parallel)),
                  hangs());
    family.parent.nodes = 16;
    ASSERT_TRUE(family.parent.start().ok());
    family.hear();
    std::size_t in_flight = 0;
    for (const auto& [number, group] : family.groups) in_flight += group.in_flight.size();
    EXPECT_LE(in_flight, static_cast<std::size_t>(parallel));
    EXPECT_GT(in_flight * 2, static_cast<std::size_t>(parallel)) << parallel;
  }
}

TEST(RunGroups, AreNotMadeWhereOneNodeDoesAll) {
  const auto spreads = [](Family&& family, int nodes) {
    family.parent.nodes = nodes;
    EXPECT_TRUE(family.parent.start().ok());
    return family.parent.told_groups.size() > 0;
  };
  EXPECT_TRUE(spreads(Family(loop("{\"count\":10}"), hangs()), 2));
  EXPECT_FALSE(spreads(Family(loop("{\"count\":10}"), hangs()), 1));
  EXPECT_FALSE(spreads(Family(loop("{\"count\":9}"), hangs()), 2));
  const std::string one = "\"for_each_max_parallel\":1";
  EXPECT_FALSE(spreads(Family(loop("{\"count\":10}", one), hangs()), 2));
  const std::string human =
      R"({"id":"loop","name":"n","type":"for_each","for_each_items":{"count":10},)"
      R"("for_each_body_steps":[{"id":"a","type":"wait_event","event":"e"}]})";
  EXPECT_FALSE(spreads(Family(human, hangs()), 2));
}

TEST(RunGroups, SeeTheRunsInputAndTheStepsBeforeTheLoop) {
  const testing::Work work = by_id(
      {{"before", returns("{\"v\":7}")},
       {"a", [](const command::StartAttempt& attempt) {
          return Outcome{"[" + global(attempt, "/input/n") + "," +
                             global(attempt, "/steps/before/result/v") + "," +
                             global(attempt, "/run/id") + "]",
                         {}, {}, false};
        }}});
  Family family(
      lua("before") + "," + lua("beside") +
          R"(,{"id":"loop","name":"n","type":"for_each","depends_on":["before"],)"
          R"("for_each_items":{"count":12},"for_each_body_steps":[{"id":"a","type":"lua_script",)"
          R"("script":"return {input.n, steps.before.result.v, run.id}"}]})",
      work);
  ASSERT_TRUE(family.parent.start("{\"n\":3}").ok());
  family.parent.drive();
  family.work_off();
  const std::string expected = "[3,7,\"" + RunDriver::kRun.to_string() + "\"]";
  EXPECT_EQ(json::at_pointer(family.parent.output(), "/results/11/result"), expected);
}

TEST(RunGroups, AnItemThatFailsEndsTheLoopAndStopsTheOthers) {
  Family family(loop("{\"count\":30}"), echo("9"));
  ASSERT_TRUE(family.parent.start().ok());
  family.hear();
  family.finish(2);
  EXPECT_EQ(family.parent.state.status, store::RunStatus::kFailed);
  EXPECT_EQ(family.parent.state.failure->code, Code::kItemFailed);
  EXPECT_NE(family.parent.state.failure->message.find("Item 9 failed"), std::string::npos);
  for (const auto& [number, group] : family.groups) {
    const auto status = number == 2 ? store::RunStatus::kFailed : store::RunStatus::kStopped;
    EXPECT_EQ(group.state.status, status) << number;
  }
}

TEST(RunGroups, ItemsThatFailAreCountedWhereTheLoopGoesOn) {
  Family family(loop("{\"count\":30}", "\"on_item_error\":\"continue\""), echo("9"));
  ASSERT_TRUE(family.parent.start().ok());
  family.work_off();
  EXPECT_EQ(family.parent.state.status, store::RunStatus::kCompleted);
  EXPECT_EQ(family.parent.progress.back().failed, 1u);
  EXPECT_NE(family.parent.output().find("{\"index\":9,\"error\":"), std::string::npos);
}

TEST(RunGroups, ALoopThatIsTriedAgainHasGroupsOfItsOwn) {
  Family family(loop("{\"count\":12}",
                     R"("retry":{"max_attempts":2,"initial_ms":10,"on":["item_failed"]})"),
                echo("5"));
  ASSERT_TRUE(family.parent.start().ok());
  family.hear();
  const RunId first = family.groups.at(1).state.id;
  family.finish(1);
  ASSERT_EQ(family.parent.step("loop").status, StepStatus::kRetrying);
  EXPECT_EQ(family.groups.at(0).state.status, store::RunStatus::kStopped);
  family.groups.clear();
  family.parent.now = next_wake(family.parent.state);
  ASSERT_TRUE(family.parent.send(event::TimerDue{}).ok());
  family.hear();
  EXPECT_NE(family.groups.at(1).state.id, first);
  // What a group of the first attempt still says is nobody's business.
  event::GroupEnded late{StepPath(0), 0, first, store::RunStatus::kCompleted, {}, 4, 0, {}, 0};
  ASSERT_TRUE(family.parent.send(late).ok());
  EXPECT_TRUE(family.parent.last.records.empty());
  EXPECT_EQ(family.parent.send(event::ChildAsks{StepPath(0), first}).error().code,
            Code::kConflict);
}

TEST(RunGroups, RestWhileTheirParentIsPaused) {
  Family family(loop("{\"count\":30}"), echo());
  ASSERT_TRUE(family.parent.start().ok());
  family.hear();
  ASSERT_TRUE(family.parent.send(event::PauseAsked{}).ok());
  family.hear();
  for (auto& [number, group] : family.groups) {
    group.drive();
    EXPECT_EQ(group.state.status, store::RunStatus::kPaused) << number;
    EXPECT_TRUE(group.in_flight.empty());
  }
  ASSERT_TRUE(family.parent.send(event::ResumeAsked{}).ok());
  family.work_off();
  EXPECT_EQ(family.parent.state.status, store::RunStatus::kCompleted);
}

TEST(RunGroups, AWishThatComesLateIsVoid) {
  Family family(loop("{\"count\":30}"), echo());
  ASSERT_TRUE(family.parent.start().ok());
  family.hear();
  RunDriver& group = family.groups.at(0);
  ASSERT_TRUE(family.parent.send(event::PauseAsked{}).ok());
  const auto pause = family.parent.told_groups.front();
  family.parent.told_groups.clear();
  ASSERT_TRUE(family.parent.send(event::ResumeAsked{}).ok());
  family.hear();
  ASSERT_TRUE(group.send(event::ParentWishes{pause.wish, pause.version}).ok());
  EXPECT_FALSE(group.state.user_paused);
}

TEST(RunGroups, ADrainedLoopKeepsWhatItsGroupsHaveDone) {
  Family family(loop("{\"count\":12}", "\"for_each_max_parallel\":3"), echo());
  ASSERT_TRUE(family.parent.start().ok());
  family.hear();
  ASSERT_EQ(family.groups.size(), 3u);
  RunDriver& first = family.groups.at(0);
  ASSERT_TRUE(first.step());  // one item done, the next in flight
  ASSERT_TRUE(family.parent.send(event::StopAsked{true}).ok());
  EXPECT_EQ(family.parent.state.status, store::RunStatus::kDraining);
  family.hear();
  for (std::uint32_t number = 0; number < 3; ++number) family.finish(number);
  EXPECT_EQ(family.parent.state.status, store::RunStatus::kStopped);
  EXPECT_EQ(family.parent.state.root.steps[0].loop->done, 4u);
  EXPECT_EQ(first.state.status, store::RunStatus::kStopped);
}

TEST(RunGroups, AStopReachesEveryGroupThatMayHaveBegun) {
  Family family(loop("{\"count\":30}"), hangs());
  ASSERT_TRUE(family.parent.start().ok());
  family.hear();
  family.parent.reload();  // which of them were in flight is in no record
  ASSERT_TRUE(family.parent.send(event::StopAsked{false}).ok());
  family.hear();
  for (const auto& [number, group] : family.groups) {
    EXPECT_EQ(group.state.status, store::RunStatus::kStopped) << number;
  }
}

TEST(RunGroups, ItemsOfGroupsThatWereStoppedAtOnceAreShownAsTheirRunsOwn) {
  Family family(loop("\"{{input.xs}}\"", "\"for_each_max_parallel\":3"), echo());
  ASSERT_TRUE(family.parent.start("{\"xs\":" + letters(20) + "}").ok());
  family.hear();
  ASSERT_EQ(family.groups.size(), 3u);
  family.finish(1);
  ASSERT_TRUE(family.groups.at(2).step());
  const testing::SmallHasher hasher;
  EXPECT_TRUE(groups_cut_short(hasher, family.parent.state, "loop").empty()) << "it goes on";
  ASSERT_TRUE(family.parent.send(event::StopAsked{false}).ok());
  family.hear();
  family.parent.reload();  // as who looks at it from elsewhere
  const auto left = groups_cut_short(hasher, family.parent.state, "loop");
  std::map<std::uint32_t, State> groups;
  for (const auto& [number, id] : left) {
    ASSERT_EQ(family.groups.at(number).state.id, id);
    ASSERT_EQ(family.groups.at(number).state.status, store::RunStatus::kStopped);
    groups.emplace(number, std::move(family.groups.at(number).state));
  }
  EXPECT_EQ(groups.size(), 3u);
  const auto payloads = [&](const PayloadRef& ref) -> Result<json::Text> {
    return family.parent.payloads.at(ref.hash);
  };
  const auto page = [&](std::int64_t after, std::size_t limit) {
    return std::string(
        items_json(family.parent.state, "loop", after, limit, payloads, groups)->view());
  };
  const std::string all = R"({"index":4,"result":"x4"},{"index":5,"result":"x5"},)"
                          R"({"index":6,"result":"x6"},{"index":7,"result":"x7"},)"
                          R"({"index":8,"result":"x8"})";
  EXPECT_EQ(page(-1, 100), "{\"items\":[" + all + "],\"next\":null}");
  EXPECT_EQ(page(6, 1), R"({"items":[{"index":7,"result":"x7"}],"next":7})");
}

TEST(RunGroups, AfterACrashTheSameGroupsAreMetAgain) {
  Family family(loop("\"{{input.xs}}\""), echo());
  ASSERT_TRUE(family.parent.start("{\"xs\":" + letters(30) + "}").ok());
  family.hear();
  const std::size_t begun = family.groups.size();
  family.finish(1);
  for (const bool snapshot : {true, false}) {
    if (snapshot) {
      family.parent.reload();
    } else {
      auto again = RunDriver::recovered(family.graph, echo(), family.parent.frames,
                                        family.parent.payloads);
      again.nodes = family.parent.nodes;
      again.limits = family.parent.limits;
      family.parent = std::move(again);
    }
    ASSERT_TRUE(runnable(family.parent.state));
    ASSERT_TRUE(family.parent.send(event::Recovered{}).ok());
    for (const command::TellGroup& tell : family.parent.told_groups) {
      EXPECT_NE(tell.number, 1u);
      const auto group = family.groups.find(tell.number);
      if (group == family.groups.end()) continue;
      EXPECT_EQ(group->second.state.id, tell.group);
    }
    family.hear();
    EXPECT_LE(family.groups.size(), begun + 1);
  }
  family.groups.at(0).reload();
  ASSERT_TRUE(family.groups.at(0).send(event::Recovered{}).ok());
  for (std::uint32_t number = 0; family.groups.count(number) > 0; ++number) {
    if (number != 1) family.finish(number);
  }
  EXPECT_EQ(family.parent.output(), results_of(30));
}

TEST(RunGroups, WhatTheySayOfTheirProgressIsSeenOfTheRun) {
  Family family(loop("{\"count\":30}"), echo());
  ASSERT_TRUE(family.parent.start().ok());
  family.hear();
  const event::GroupProgress said{StepPath(0), 1, family.groups.at(1).state.id, 3, 1};
  ASSERT_TRUE(family.parent.send(said).ok());
  EXPECT_TRUE(family.parent.last.records.empty());
  EXPECT_EQ(family.parent.progress.back().done, 3u);
  family.parent.reload();  // as one who looks from another node has it
  const auto none = [](const PayloadRef&) -> Result<json::Text> {
    return Error{Code::kNotFound, "none", {}};
  };
  const auto context = context_json(family.parent.state, none);
  ASSERT_TRUE(context.ok());
  EXPECT_EQ(json::at_pointer(context->view(), "/steps/loop/result"),
            R"({"done":3,"failed":1,"count":30})");
  ASSERT_TRUE(family.parent.send(event::Recovered{}).ok());
  family.finish(1);
  EXPECT_EQ(family.parent.progress.back().done, 4u);
}

TEST(RunGroups, OneThatIsUnknownIsStartedAgainUnlessTheLoopRests) {
  Family family(loop("{\"count\":30}"), hangs());
  ASSERT_TRUE(family.parent.start().ok());
  const auto tell = family.parent.told_groups.front();
  family.parent.told_groups.clear();
  ASSERT_TRUE(family.parent.send(event::GroupGone{tell.path, tell.number, tell.group}).ok());
  ASSERT_EQ(family.parent.told_groups.size(), 1u);
  EXPECT_EQ(family.parent.told_groups.front().group, tell.group);
  ASSERT_TRUE(family.parent.send(event::PauseAsked{}).ok());
  family.parent.told_groups.clear();
  ASSERT_TRUE(family.parent.send(event::GroupGone{tell.path, tell.number, tell.group}).ok());
  EXPECT_TRUE(family.parent.told_groups.empty());
}

}  // namespace
}  // namespace troupe::run
