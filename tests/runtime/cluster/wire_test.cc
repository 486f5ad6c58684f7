#include "runtime/cluster/wire.h"

#include <gtest/gtest.h>

#include "adapters/system/hasher.h"

namespace troupe::cluster::wire {
namespace {

const RunId kRun{Uuid{1, 2}};
const store::TenantScope kScope{WorkspaceId{Uuid{3, 4}}, ProjectId{Uuid{5, 6}}};

json::Text text(const char* value) { return json::Text::trusted(value); }

template <class T>
T again(const T& call) {
  const auto decoded = decode(encode(Call(call)));
  EXPECT_TRUE(decoded.ok());
  EXPECT_TRUE(std::holds_alternative<T>(*decoded));
  return std::get<T>(*decoded);
}

std::vector<Call> every_call() {
  StartRequest request;
  request.workspace = kScope.workspace;
  request.version = 3;
  request.input = text(R"({"a":1})");
  request.trigger_steps = {{"s", text("{}")}};
  request.excluded_step_ids = {"x", "y"};
  request.idempotency_key = "k";
  request.run_id = kRun;
  return {AskCall{kRun, kScope, run::event::PauseAsked{}},
          AskCall{kRun, kScope, run::event::ResumeAsked{}},
          AskCall{kRun, kScope, run::event::StopAsked{true}},
          AskCall{kRun, kScope, run::event::TaskAnswered{"t", true, text("{}"), "c", "b"}},
          AskCall{kRun, kScope, run::event::EventArrived{"e", "k", text("[1]"), false}},
          LookCall{kRun, {kScope.workspace, std::nullopt}, true},
          StartCall{request},
          LookAroundCall{},
          WatchCall{kRun, 7},
          NewsCall{kRun, 9, 3, true, {{0, "{}"}, {4, "[]"}}},
          WatchScopeCall{7, 8, kScope.workspace, kScope.project, std::nullopt},
          ScopeNewsCall{8, {{1, "{}"}}},
          DrainCall{},
          GroupCall{kRun, "spec"},
          ChangedCall{{WorkflowId{Uuid{1, 2}}, WorkflowId{Uuid{3, 4}}}}};
}

TEST(Wire, CallsComeAsTheyWereSent) {
  const AskCall answer = again(AskCall{
      kRun, kScope, run::event::TaskAnswered{"task", true, text(R"({"x":1})"), "why", "ada"}});
  EXPECT_EQ(answer.run, kRun);
  EXPECT_EQ(answer.scope.project, kScope.project);
  const auto& answered = std::get<run::event::TaskAnswered>(answer.event);
  EXPECT_EQ(answered.task, "task");
  EXPECT_TRUE(answered.approved);
  EXPECT_EQ(answered.result.view(), R"({"x":1})");
  EXPECT_EQ(answered.comment, "why");
  EXPECT_EQ(answered.by, "ada");
  const LookCall look = again(LookCall{kRun, {kScope.workspace, std::nullopt}, true});
  EXPECT_FALSE(look.scope.project);
  EXPECT_TRUE(look.with_state);
  const NewsCall news = again(NewsCall{kRun, 9, 3, true, {{0, "{}"}, {4, "[]"}}});
  EXPECT_EQ(news.head, 9u);
  EXPECT_EQ(news.seq, 3u);
  EXPECT_TRUE(news.ended);
  EXPECT_EQ(news.live.at(1).json, "[]");
  const WatchScopeCall scope = again(WatchScopeCall{7, 8, kScope.workspace, kScope.project, {}});
  EXPECT_EQ(scope.watch, 8u);
  EXPECT_EQ(scope.project, kScope.project);
  const std::vector<WorkflowId> changed = {WorkflowId{Uuid{1, 2}}, WorkflowId{Uuid{3, 4}}};
  EXPECT_EQ(again(ChangedCall{changed}).workflows, changed);
}

TEST(Wire, AStartComesWithAllThatItAskedFor) {
  StartRequest sent;
  sent.workspace = kScope.workspace;
  sent.project = *kScope.project;
  sent.workflow = WorkflowId{Uuid{7, 8}};
  sent.version = 12;
  sent.input = text(R"({"n":1})");
  sent.input_given = true;
  sent.trigger_steps = {{"a", text(R"({"v":2})")}, {"b", {}}};
  sent.excluded_step_ids = {"c"};
  sent.use_run_setup_defaults = true;
  sent.trigger_type = "nats";
  sent.external_id = "ext";
  sent.run_id = kRun;
  sent.idempotency_key = "key";
  sent.request[0] = 0xAB;
  sent.request[15] = 0xCD;
  const StartRequest got = again(StartCall{sent}).request;
  EXPECT_EQ(got.workspace, sent.workspace);
  EXPECT_EQ(got.project, sent.project);
  EXPECT_EQ(got.workflow, sent.workflow);
  EXPECT_EQ(got.version, sent.version);
  EXPECT_EQ(got.input.view(), sent.input.view());
  EXPECT_TRUE(got.input_given);
  ASSERT_TRUE(got.trigger_steps);
  EXPECT_EQ(got.trigger_steps->at(0).first, "a");
  EXPECT_EQ(got.trigger_steps->at(0).second.view(), R"({"v":2})");
  EXPECT_TRUE(got.trigger_steps->at(1).second.empty());
  EXPECT_EQ(got.excluded_step_ids, sent.excluded_step_ids);
  EXPECT_TRUE(got.use_run_setup_defaults);
  EXPECT_EQ(got.trigger_type, "nats");
  EXPECT_EQ(got.external_id, "ext");
  EXPECT_EQ(got.run_id, sent.run_id);
  EXPECT_EQ(got.idempotency_key, "key");
  EXPECT_EQ(got.request, sent.request);
}

TEST(Wire, NothingThatIsCutOffOrGoesOnIsUnderstood) {
  for (const Call& call : every_call()) {
    const std::string bytes = encode(call);
    ASSERT_TRUE(decode(bytes).ok());
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_FALSE(decode(std::string_view(bytes).substr(0, size)).ok()) << call.index();
    }
    EXPECT_EQ(decode(bytes + "x").error().code, Code::kUnavailable);
  }
}

TEST(Wire, AnswersSayWhatWasAnsweredOrWhyNotOrThatTheRunHasMoved) {
  const system::Blake2bHasher hasher;
  RunLook look;
  look.row.id = kRun;
  look.row.output = "{}";
  look.head = 77;
  look.seq = 5;
  look.snapshot = std::string("\0bytes", 6);
  const auto seen = decode_answer<RunLook>(hasher, encode(hasher, Result<RunLook>(look)));
  ASSERT_TRUE(seen && seen->ok());
  EXPECT_EQ((*seen)->row.id, kRun);
  EXPECT_EQ((*seen)->row.output, "{}");
  EXPECT_EQ((*seen)->head, 77u);
  EXPECT_EQ((*seen)->seq, 5u);
  EXPECT_EQ((*seen)->snapshot, look.snapshot);

  const Started started{kRun, store::RunStatus::kRunning, WorkflowId{Uuid{9, 9}}, 4, TimePoint{8}};
  const auto begun = decode_answer<Started>(hasher, encode(hasher, Result<Started>(started)));
  ASSERT_TRUE(begun && begun->ok());
  EXPECT_EQ((*begun)->run, kRun);
  EXPECT_EQ((*begun)->version, 4);
  EXPECT_EQ((*begun)->started_at, TimePoint{8});

  const Error error{Code::kAnswerInvalid, "no", {{Code::kInvalidField, "s", "/a", "bad", true}}};
  const auto refused = decode_answer<Answered>(hasher, encode(hasher, Result<Answered>(error)));
  ASSERT_TRUE(refused && !refused->ok());
  EXPECT_EQ(refused->error().code, Code::kAnswerInvalid);
  EXPECT_EQ(refused->error().issues.at(0).pointer, "/a");
  EXPECT_TRUE(refused->error().issues.at(0).warning);

  EXPECT_FALSE(decode_answer<Answered>(hasher, encode_moved()));
  const auto nonsense = decode_answer<RunLook>(hasher, "\x01\x02nonsense");
  ASSERT_TRUE(nonsense);
  EXPECT_FALSE(nonsense->ok());
}

}  // namespace
}  // namespace troupe::cluster::wire
