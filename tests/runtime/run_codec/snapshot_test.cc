#include <gtest/gtest.h>

#include "runtime/journal/frame.h"
#include "runtime/json/read.h"
#include "runtime/run/view.h"
#include "tests/runtime/run_codec/members.h"
#include "tests/runtime/run_codec/sample.h"

namespace troupe::run {
namespace {

std::shared_ptr<const graph::Graph> sample_graph() {
  return graph_of(
      {step("a"), human("ok", "approval"), for_each("each", {step("x"), wait_event("y", "paid")}),
       for_each("pure", {step("x")}), while_loop("again", {step("b"), step("c")}), step("last")});
}

void complete(StepState& step, std::int64_t ms, std::string result) {
  step.status = StepStatus::kCompleted;
  step.attempts = 1;
  step.scheduled = at_ms(ms);
  step.started = at_ms(ms + 1);
  step.finished = at_ms(ms + 2);
  step.result = value(std::move(result));
}

void wait_for_human(StepState& step) {
  step.status = StepStatus::kWaiting;
  step.attempts = 1;
  step.announced = true;
  step.scheduled = at_ms(10);
  step.started = at_ms(11);
  step.input = value(R"({"task_type":"approval","task_payload":{"a":1}})");
  step.waiting = std::make_unique<Waiting>();
  step.waiting->kind = WaitKind::kHuman;
  step.waiting->task = TaskId(Uuid{4, 4});
  step.waiting->until = at_ms(100'000);
}

std::unique_ptr<Scope> scope_of(std::size_t steps) {
  auto scope = std::make_unique<Scope>();
  scope->steps.resize(steps);
  return scope;
}

/// A run with something in every corner.
State busy_state() {
  State state = state_of(sample_graph());
  state.request.fill(5);
  state.external_id = "order-1";
  state.user_paused = true;
  state.depth = 2;
  state.bucket = 6;
  state.parent = {RunId(Uuid{8, 8}), StepPath(1).inner(2, 0)};
  state.overlays = {{1, value("{}")}};
  state.out_of_scope = {5};
  state.events_stored = 3;
  state.mailbox = {{3, "paid", "k", value("[1]")}};
  state.records = 70;
  state.seq = 80;
  state.log_lines = 90;
  for (std::uint64_t pos = 1; pos <= 200; ++pos) state.chain.append(pos);

  complete(state.root.steps[0], 5, R"({"n":1})");
  state.root.steps[0].result.ref = ref(7, 5000);
  wait_for_human(state.root.steps[1]);

  StepState& each = state.root.steps[2];
  each.status = StepStatus::kRunning;
  each.deadline = at_ms(9000);
  each.loop = std::make_unique<Loop>();
  each.loop->count = 3000;
  each.loop->items.ref = ref(8, 9000);
  each.loop->done = 1026;
  each.loop->failed = 1;
  each.loop->chunks = {ref(9, 3000), PayloadRef()};
  each.loop->open[1].entries = {{1024, R"({"index":1024,"result":1})"},
                                {1030, R"({"index":1030,"result":2})"}};
  each.loop->active[1025] = scope_of(2);
  complete(each.loop->active[1025]->steps[0], 50, "{}");
  StepState& inner = each.loop->active[1025]->steps[1];
  inner.status = StepStatus::kWaiting;
  inner.waiting = std::make_unique<Waiting>();
  inner.waiting->kind = WaitKind::kEvent;
  inner.waiting->event = "paid";
  inner.waiting->key = "k1";

  StepState& pure = state.root.steps[3];
  pure.status = StepStatus::kRunning;
  pure.loop = std::make_unique<Loop>();
  pure.loop->count = 10;
  pure.loop->active[4] = scope_of(1);
  pure.loop->active[4]->steps[0].status = StepStatus::kRunning;

  StepState& again = state.root.steps[4];
  again.status = StepStatus::kRunning;
  again.loop = std::make_unique<Loop>();
  again.loop->iteration = 12;
  again.loop->prev = value(R"({"b":{}})");
  again.loop->iterations = {{10, value("{}")}, {11, value(R"({"b":{}})")}};
  again.loop->body = scope_of(2);
  again.loop->body->steps[0].status = StepStatus::kRetrying;
  again.loop->body->steps[0].failure =
      std::make_unique<Failure>(Failure{Code::kTimeout, "too slow"});
  again.loop->body->steps[0].retry_at = at_ms(777);
  return state;
}

Result<State> reloaded(const State& state) {
  Result<State> back = decode_snapshot(encode_snapshot(state));
  if (back.ok()) attach(*back, state.graph);
  return back;
}

TEST(RunSnapshot, GivesBackEverythingThatTheJournalTold) {
  State state = busy_state();
  Result<State> back = reloaded(state);
  ASSERT_TRUE(back.ok()) << back.error().message;
  EXPECT_EQ(back->id, state.id);
  EXPECT_EQ(back->workflow, state.workflow);
  EXPECT_EQ(back->version, 4);
  EXPECT_EQ(back->request, state.request);
  EXPECT_EQ(back->external_id, "order-1");
  EXPECT_EQ(back->parent.path, state.parent.path);
  EXPECT_TRUE(back->user_paused);
  EXPECT_EQ(back->depth, 2);
  EXPECT_EQ(back->bucket, 6u);
  EXPECT_TRUE(same(back->overlays, state.overlays));
  EXPECT_EQ(back->out_of_scope, state.out_of_scope);
  EXPECT_EQ(back->events_stored, 3u);
  ASSERT_EQ(back->mailbox.size(), 1u);
  EXPECT_EQ(back->mailbox[0].key, "k");
  EXPECT_EQ(back->records, 70u);
  EXPECT_EQ(back->seq, 80u);
  EXPECT_EQ(back->log_lines, 90u);
  EXPECT_EQ(back->chain.frames(), 200u);
  EXPECT_EQ(back->chain.back().one, 200u);

  EXPECT_FALSE(back->root.steps[0].result.resident());
  EXPECT_EQ(back->root.steps[0].result.ref, ref(7, 5000));
  EXPECT_EQ(back->root.steps[0].finished, at_ms(7));
  ASSERT_NE(back->root.steps[1].waiting, nullptr);
  EXPECT_EQ(back->root.steps[1].waiting->task, TaskId(Uuid{4, 4}));
  EXPECT_EQ(back->root.steps[1].waiting->until, at_ms(100'000));
  const Loop& each = *back->root.steps[2].loop;
  EXPECT_EQ(each.count, 3000u);
  EXPECT_EQ(each.done, 1026u);
  EXPECT_EQ(each.failed, 1u);
  EXPECT_EQ(each.chunks, busy_state().root.steps[2].loop->chunks);
  EXPECT_EQ(each.open.at(1).entries, state.root.steps[2].loop->open.at(1).entries);
  EXPECT_EQ(each.active.at(1025)->steps[1].waiting->key, "k1");
  const Loop& again = *back->root.steps[4].loop;
  EXPECT_EQ(again.iteration, 12u);
  EXPECT_EQ(again.prev.text.view(), R"({"b":{}})");
  EXPECT_EQ(again.iterations.back().first, 11u);
  EXPECT_EQ(again.body->steps[0].failure->message, "too slow");
  EXPECT_EQ(again.body->steps[0].retry_at, at_ms(777));
  EXPECT_EQ(encode_snapshot(*back), encode_snapshot(state));
}

TEST(RunSnapshot, BranchesOfPureBodiesAreLeftOut) {
  const Result<State> back = reloaded(busy_state());
  ASSERT_TRUE(back.ok());
  EXPECT_TRUE(back->root.steps[3].loop->active.empty());
  EXPECT_FALSE(back->root.steps[2].loop->active.empty());
}

TEST(RunSnapshot, AParkedRunIsSmall) {
  State state = state_of(sample_graph());
  state.request.fill(5);
  state.pause_reason = store::PauseReason::kHuman;
  state.status = store::RunStatus::kPaused;
  for (std::uint64_t pos = 1; pos <= 3; ++pos) state.chain.append((3ull << 40) + pos);
  complete(state.root.steps[0], 5, R"({"price":19.99,"name":"Widget"})");
  wait_for_human(state.root.steps[1]);
  EXPECT_LE(encode_snapshot(state).size(), 300u);
}

TEST(RunSnapshot, DamageIsCorruptAndTheFutureUnavailable) {
  const std::string good = encode_snapshot(busy_state());
  for (std::size_t byte = 0; byte < good.size(); ++byte) {
    std::string bad = good;
    bad[byte] = static_cast<char>(bad[byte] ^ 0x10);
    const Result<State> back = decode_snapshot(bad);
    ASSERT_FALSE(back.ok()) << byte;
    ASSERT_EQ(back.error().code, Code::kCorrupt) << byte;
  }
  EXPECT_EQ(decode_snapshot("").error().code, Code::kCorrupt);
}

/// The same bytes with a checksum that fits them.
std::string sealed(std::string body) {
  const std::uint32_t checksum = journal::crc32c(body);
  for (int i = 0; i < 4; ++i) body += static_cast<char>(checksum >> (8 * i));
  return body;
}

TEST(RunSnapshot, CutsBehindAValidChecksumAreCorrupt) {
  const std::string good = encode_snapshot(busy_state());
  const std::string body = good.substr(0, good.size() - 4);
  ASSERT_EQ(sealed(body), good);
  for (std::size_t size = 1; size < body.size(); ++size) {
    const Result<State> back = decode_snapshot(sealed(body.substr(0, size)));
    ASSERT_FALSE(back.ok()) << size;
    ASSERT_EQ(back.error().code, Code::kCorrupt) << size;
  }
  EXPECT_EQ(decode_snapshot(sealed(body + "x")).error().code, Code::kCorrupt);
  std::string newer = body;
  newer[0] = 3;
  EXPECT_EQ(decode_snapshot(sealed(newer)).error().code, Code::kUnavailable);
}

}  // namespace
}  // namespace troupe::run
