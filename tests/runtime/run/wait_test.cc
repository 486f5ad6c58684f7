#include <algorithm>
#include <set>

#include "runtime/run/children.h"
#include "tests/runtime/run/run_test.h"

namespace troupe::run {
namespace {

using store::PauseReason;
using store::RunStatus;

const char* const kApproval = R"({"steps":[
    {"id":"ok","name":"n","type":"human_task","task_type":"approval",
     "task_payload":{"q":"{{input.q}}"},
     "form":{"type":"object","properties":{"n":{"type":"integer"}}}},
    {"id":"send","name":"n","type":"lua_script","script":"return {}","depends_on":["ok"]},
    {"id":"after","name":"n","type":"lua_script","script":"return {}","depends_on":["send"],
     "condition":"{{steps.ok.result.approved | default: true}}"},
    {"id":"cleanup","name":"n","type":"lua_script","script":"return {}","depends_on":["ok"],
     "condition":"{{steps.ok.result.approved}}"}]})";

RunDriver approval() {
  RunDriver run(compile(kApproval), by_id({}));
  EXPECT_TRUE(run.start(R"({"q":"may I?"})").ok());
  EXPECT_EQ(run.state.status, RunStatus::kPaused);
  EXPECT_EQ(run.state.pause_reason, PauseReason::kHuman);
  EXPECT_FALSE(runnable(run.state));
  return run;
}

TEST(RunWait, RejectionSkipsWhatHasNoConditionAndTheRunCompletes) {
  RunDriver run = approval();
  EXPECT_EQ(run.step("ok").input.text.view(), R"({"q":"may I?"})");
  ASSERT_TRUE(run.send(event::TaskAnswered{"ok", false, {}, "no", "me"}).ok());
  run.drive();
  EXPECT_EQ(run.step("send").skip, SkipReason::kRejected);
  EXPECT_EQ(run.step("after").skip, SkipReason::kRejected);
  EXPECT_EQ(run.step("cleanup").skip, SkipReason::kCondition);
  EXPECT_EQ(run.result("ok"), R"({"approved":false})");
  EXPECT_EQ(run.state.status, RunStatus::kCompleted);
}

TEST(RunWait, AnswerByTaskIdFillsTheResultOnce) {
  RunDriver run = approval();
  const std::string task = run.step("ok").waiting->task.to_string();
  ASSERT_TRUE(run.send(event::TaskAnswered{
                           task, true, json::Text::trusted(R"({"n":3,"approved":0})"), "", "me"})
                  .ok());
  EXPECT_EQ(run.last.task.task.to_string(), task);
  EXPECT_TRUE(run.last.task.approved);
  EXPECT_EQ(run.result("ok"), R"({"approved":true,"n":3})");
  for (const std::string& name : {task, std::string("ok")}) {
    const Status again = run.send(event::TaskAnswered{name, false, {}, "", "you"});
    ASSERT_FALSE(again.ok());
    EXPECT_EQ(again.error().code, Code::kTaskCompleted);
  }
  run.drive();
  EXPECT_EQ(run.step("send").status, StepStatus::kCompleted);
}

TEST(RunWait, AnswerThatDoesNotFitTheFormChangesNothing) {
  RunDriver run = approval();
  const std::uint64_t records = run.state.records;
  const auto bad =
      run.send(event::TaskAnswered{"ok", true, json::Text::trusted(R"({"n":"three"})"), "", "me"});
  ASSERT_FALSE(bad.ok());
  EXPECT_EQ(bad.error().code, Code::kAnswerInvalid);
  EXPECT_FALSE(bad.error().issues.empty());
  const auto unknown = run.send(event::TaskAnswered{"nope", true, {}, "", "me"});
  EXPECT_EQ(unknown.error().code, Code::kNotFound);
  EXPECT_EQ(run.state.records, records);
  EXPECT_EQ(run.step("ok").status, StepStatus::kWaiting);
}

TEST(RunWait, UnansweredTaskEndsAsItsOnTimeoutSays) {
  for (const auto& [policy, status] :
       {std::pair("fail", RunStatus::kFailed), std::pair("approve", RunStatus::kCompleted),
        std::pair("reject", RunStatus::kCompleted)}) {
    RunDriver run(compile(std::string(R"({"steps":[{"id":"ok","name":"n","type":"human_task",
                      "task_type":"t","task_payload":{},"timeout_s":30,"on_timeout":")") +
                          policy + "\"}]}"),
                  by_id({}));
    ASSERT_TRUE(run.start().ok());
    run.drive_through_time();
    EXPECT_EQ(run.state.status, status) << policy;
    EXPECT_EQ(run.step("ok").rejected, policy == std::string("reject"));
  }
}

TEST(RunWait, TimerPausesOnlyIfItIsFarAndWakesAtItsInstant) {
  for (const auto& [duration, reason] :
       {std::pair("\"2.5\"", PauseReason::kNone), std::pair("3600", PauseReason::kTimer)}) {
    RunDriver run(compile(R"({"steps":[{"id":"w","name":"n","type":"wait",
                             "duration_s":"{{input.d}}"}]})"),
                  by_id({}));
    ASSERT_TRUE(run.start(std::string("{\"d\":") + duration + "}").ok());
    EXPECT_EQ(run.state.pause_reason, reason) << duration;
    run.drive_through_time();
    EXPECT_EQ(run.result("w"), "{\"woke_at\":\"" + to_rfc3339(run.now) + "\"}");
    EXPECT_EQ(run.state.status, RunStatus::kCompleted);
  }
}

TEST(RunWait, InstantInThePastIsNoWaitAndNonsenseIsAFailure) {
  const auto graph =
      compile(R"({"steps":[{"id":"w","name":"n","type":"wait","until":"{{input.at}}"}]})");
  RunDriver past(graph, by_id({}));
  ASSERT_TRUE(past.start(R"({"at":"2001-01-01T00:00:00Z"})").ok());
  EXPECT_EQ(past.state.status, RunStatus::kCompleted);
  RunDriver bad(graph, by_id({}));
  ASSERT_TRUE(bad.start(R"({"at":"soon"})").ok());
  EXPECT_EQ(bad.state.failure->code, Code::kTemplateType);
}

const char* const kEvents = R"({"steps":[
    {"id":"first","name":"n","type":"wait_event","event":"go","key":"k{{input.n}}"},
    {"id":"second","name":"n","type":"wait_event","event":"go","depends_on":["first"],
     "timeout_s":20}]})";

TEST(RunWait, EventsMatchByNameAndKeyAndAreKeptUntilTaken) {
  RunDriver run(compile(kEvents), by_id({}));
  ASSERT_TRUE(run.start(R"({"n":1})").ok());
  EXPECT_EQ(run.state.pause_reason, PauseReason::kEvent);
  ASSERT_TRUE(
      run.send(event::EventArrived{"go", "k2", json::Text::trusted("{\"x\":2}"), true}).ok());
  ASSERT_TRUE(run.send(event::EventArrived{"stop", "k1", {}, false}).ok());
  EXPECT_EQ(run.state.mailbox.size(), 1u);
  ASSERT_TRUE(
      run.send(event::EventArrived{"go", "k1", json::Text::trusted("{\"x\":1}"), true}).ok());
  EXPECT_EQ(run.result("first"), "{\"x\":1}");
  EXPECT_EQ(run.result("second"), "{\"x\":2}");  // the one that was kept: no key means any
  EXPECT_TRUE(run.state.mailbox.empty());
  EXPECT_EQ(run.state.status, RunStatus::kCompleted);
  EXPECT_EQ(run.send(event::EventArrived{"go", "", {}, true}).error().code, Code::kRunEnded);
}

TEST(RunWait, EventThatNeverComesTimesOutAndTheMailboxHasALimit) {
  RunDriver run(compile(kEvents), by_id({}));
  run.limits.mailbox_max = 1;
  ASSERT_TRUE(run.start(R"({"n":1})").ok());
  ASSERT_TRUE(run.send(event::EventArrived{"other", "", {}, true}).ok());
  EXPECT_EQ(run.send(event::EventArrived{"other", "", {}, true}).error().code, Code::kOverloaded);
  ASSERT_TRUE(run.send(event::EventArrived{"go", "k1", {}, true}).ok());
  run.drive_through_time();
  EXPECT_EQ(run.state.failure->code, Code::kTimeout);
}

const char* const kChild = R"({"steps":[{"id":"c","name":"n","type":"run_workflow",
    "workflow_id":"wf","input":{"v":"{{input.v}}"}}]})";

TEST(RunWait, ALoopThatIsTriedAgainHasChildrenOfItsOwn) {
  for (const char* type : {"for_each", "while"}) {
    const bool items = type == std::string("for_each");
    const std::string head = R"({"steps":[{"id":"l","name":"n","retry":{"max_attempts":2,)"
                             R"("on":["item_failed","child_run_failed"]},"type":")" +
                             std::string(type) + "\",";
    const std::string body =
        R"([{"id":"c","name":"n","type":"run_workflow","workflow_id":"wf"}])";
    RunDriver run(compile(head + (items ? R"("for_each_items":{"count":1},"for_each_body_steps":)"
                                        : R"("while_mode":"while","while_max_iterations":1,)"
                                          R"("while_condition":"true","while_body_steps":)") +
                          body + "}]}"),
                  by_id({}));
    ASSERT_TRUE(run.start().ok());
    ASSERT_EQ(run.children.size(), 1u) << type;
    const auto first = run.children[0];
    const event::ChildEnded failed{first.path, first.child, RunStatus::kFailed, {},
                                   {Code::kLuaError, "kaput"}};
    ASSERT_TRUE(run.send(failed).ok());
    run.drive_through_time();
    ASSERT_EQ(run.children.size(), 2u) << type;
    EXPECT_EQ(run.children[1].path, first.path);
    EXPECT_NE(run.children[1].child, first.child);
  }
}

TEST(RunWait, ChildRunGivesItsOutputOrItsFailure) {
  const auto graph = compile(kChild);
  for (const RunStatus status : {RunStatus::kCompleted, RunStatus::kFailed, RunStatus::kStopped}) {
    RunDriver run(graph, by_id({}));
    ASSERT_TRUE(run.start("{\"v\":5}").ok());
    ASSERT_EQ(run.children.size(), 1u);
    EXPECT_EQ(run.children[0].input.view(), "{\"v\":5}");
    EXPECT_EQ(run.children[0].depth, 1);
    EXPECT_EQ(run.state.status, RunStatus::kRunning);  // a child at work is no pause
    ASSERT_TRUE(run.send(event::Recovered{}).ok());
    ASSERT_EQ(run.children.size(), 2u);
    EXPECT_EQ(run.children[1].child, run.children[0].child);
    event::ChildEnded ended{StepPath(0), run.children[0].child, status, {}, {}};
    if (status == RunStatus::kCompleted) ended.output = json::Text::trusted("[7]");
    else ended.failure = {Code::kLuaError, "kaput"};
    event::ChildEnded foreign = ended;
    foreign.child = RunId(Uuid{1, 1});
    ASSERT_TRUE(run.send(foreign).ok());
    EXPECT_FALSE(run.ended());
    ASSERT_TRUE(run.send(ended).ok());
    if (status == RunStatus::kCompleted) {
      EXPECT_EQ(run.output(), "[7]");
    } else {
      EXPECT_EQ(run.state.failure->code, Code::kChildRunFailed);
      EXPECT_NE(run.state.failure->message.find("kaput"), std::string::npos);
    }
  }
}

TEST(RunWait, StopGoesDownToTheChildAlsoAfterACrash) {
  RunDriver run(compile(kChild), by_id({}));
  ASSERT_TRUE(run.start("{\"v\":5}").ok());
  ASSERT_TRUE(run.send(event::StopAsked{true}).ok());
  ASSERT_EQ(run.stopped_children.size(), 1u);
  EXPECT_TRUE(run.stopped_children[0].graceful);
  ASSERT_TRUE(run.send(event::StopAsked{false}).ok());
  ASSERT_EQ(run.stopped_children.size(), 2u);
  run.reload();
  ASSERT_TRUE(run.send(event::Recovered{}).ok());
  ASSERT_EQ(run.stopped_children.size(), 3u);
  EXPECT_EQ(run.stopped_children[2].child, run.children[0].child);
}

ChildrenLetGo let_go(const RunDriver& run) {
  ChildrenLetGo children;
  for (const Record& record : run.records) children.note(record);
  return children;
}

TEST(RunWait, ChildrenThatWereToldToStopAreKnownFromTheRecordsAlsoInLoops) {
  const std::string child = R"({"id":"c","name":"n","type":"run_workflow","workflow_id":"wf"})";
  RunDriver run(compile(R"({"steps":[
      {"id":"top","name":"n","type":"run_workflow","workflow_id":"wf"},
      {"id":"each","name":"n","type":"for_each","for_each_items":{"count":4},
       "for_each_max_parallel":2,"for_each_body_steps":[)" + child + R"(]},
      {"id":"loop","name":"n","type":"while","while_mode":"until","while_max_iterations":3,
       "while_eval_script":"return {}","while_body_steps":[)" + child + "]}]}"),
                by_id({}));
  ASSERT_TRUE(run.start().ok());
  ASSERT_EQ(run.children.size(), 4u);
  const auto first = std::find_if(run.children.begin(), run.children.end(), [](const auto& c) {
    return c.path.size == 3 && c.path.item() == 0 && c.path.part[0] == 1;
  });
  const RunId done = first->child;
  ASSERT_TRUE(run.send(event::ChildEnded{first->path, done, RunStatus::kCompleted,
                                         json::Text::trusted("1"), {}}).ok());
  EXPECT_TRUE(let_go(run).ids().empty());
  ASSERT_TRUE(run.send(event::StopAsked{false}).ok());
  ASSERT_EQ(run.children.size(), 5u);  // the next item had begun
  std::set<RunId> wanted;
  for (const command::StartChild& begun : run.children) {
    if (begun.child != done) wanted.insert(begun.child);
  }
  const std::vector<RunId> told = let_go(run).ids();
  EXPECT_EQ(std::set<RunId>(told.begin(), told.end()), wanted);
}

TEST(RunWait, AChildThatRanOutOfTimeIsLetGo) {
  RunDriver run(compile(R"({"steps":[{"id":"c","name":"n","type":"run_workflow",
      "workflow_id":"wf","timeout_s":5}]})"), by_id({}));
  ASSERT_TRUE(run.start().ok());
  run.drive_through_time();
  ASSERT_EQ(run.state.failure->code, Code::kTimeout);
  EXPECT_EQ(let_go(run).ids(), std::vector<RunId>{run.children.at(0).child});
}

TEST(RunWait, AChildHearsWhetherItIsStillWaitedFor) {
  RunDriver run(compile(kChild), by_id({}));
  ASSERT_TRUE(run.start("{\"v\":5}").ok());
  const RunId child = run.children[0].child;
  const std::uint64_t records = run.state.records;
  EXPECT_TRUE(run.send(event::ChildAsks{StepPath(0), child}).ok());
  const auto code_of = [&](const event::ChildAsks& question) {
    const Status answer = run.send(question);
    return answer ? std::nullopt : std::optional(answer.error().code);
  };
  EXPECT_EQ(code_of({StepPath(0), RunId(Uuid{1, 1})}), Code::kConflict);
  EXPECT_EQ(code_of({StepPath(7), child}), Code::kConflict);
  EXPECT_EQ(run.state.records, records);  // a question changes nothing
  ASSERT_TRUE(run.send(event::StopAsked{false}).ok());
  EXPECT_EQ(code_of({StepPath(0), child}), Code::kRunEnded);
}

TEST(RunWait, RunsInsideRunsAreNotEndlesslyDeep) {
  RunDriver run(compile(kChild), by_id({}));
  event::Created created;
  created.spec.depth = 16;
  created.spec.input.text = json::Text::trusted("{\"v\":1}");
  ASSERT_TRUE(run.start(created).ok());
  EXPECT_EQ(run.state.failure->code, Code::kDepthExceeded);
  EXPECT_TRUE(run.children.empty());
}

TEST(RunWait, PersonsInBranchesAreAskedOneByOne) {
  RunDriver run(
      compile(R"({"steps":[{"id":"each","name":"n","type":"for_each","for_each_items":[1,2],
      "for_each_body_steps":[
        {"id":"ok","type":"human_task","task_type":"t","task_payload":"{{item}}"},
      {"id":"do","type":"lua_script","script":"return {}"}]}]})"),
      by_id({}));
  ASSERT_TRUE(run.start().ok());
  EXPECT_EQ(run.state.pause_reason, PauseReason::kHuman);
  run.reload();
  ASSERT_TRUE(run.send(event::Recovered{}).ok());
  ASSERT_TRUE(run.send(event::TaskAnswered{"each#1#ok", true, {}, "", "me"}).ok());
  run.drive();
  EXPECT_EQ(run.step("each").loop->done, 1u);
  EXPECT_EQ(run.state.pause_reason, PauseReason::kHuman);
  ASSERT_TRUE(run.send(event::TaskAnswered{"each#0#ok", false, {}, "", "me"}).ok());
  run.drive();
  EXPECT_EQ(run.result("each"),
            R"({"count":2,"max_parallel":10,"results":[{"index":0,"result":{"skipped":true,)"
            R"("reason":"rejected"}},{"index":1,"result":{}}]})");
}

}  // namespace
}  // namespace troupe::run
