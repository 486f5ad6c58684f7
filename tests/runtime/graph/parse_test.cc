#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/runtime/graph/graph_fixture.h"
#include "tests/runtime/graph/sample_graphs.h"

namespace troupe::graph {
namespace {

class GraphParse : public ::testing::Test, public GraphFixture {
 protected:
  /// The compiled graph, which must have no issue but missing names.
  std::shared_ptr<const Graph> valid(std::string text) {
    const Parsed parsed = parse_text(std::move(text));
    EXPECT_TRUE(parsed.graph != nullptr) << listing(parsed);
    if (parsed.graph == nullptr) throw std::runtime_error("no graph");
    return parsed.graph;
  }
};

TEST_F(GraphParse, ExamplesOfTheContractAreValid) {
  for (const std::string& text : sample_graphs()) {
    const Parsed parsed = parse_text(text);
    EXPECT_TRUE(parsed.graph != nullptr) << listing(parsed) << "\n" << text;
    for (const Issue& issue : parsed.issues) EXPECT_EQ(issue.code, Code::kMissingField) << text;
  }
}

TEST_F(GraphParse, EdgesIdsAndOutputAreCompiled) {
  const auto graph = valid(sample_graphs()[0]);
  ASSERT_EQ(graph->steps.size(), 2u);
  EXPECT_EQ(graph->find("calc"), 1u);
  EXPECT_EQ(graph->find("nope"), std::nullopt);
  EXPECT_EQ(graph->steps[1].depends_on, std::vector<std::uint32_t>{0});
  EXPECT_EQ(graph->steps[0].dependants, std::vector<std::uint32_t>{1});
  EXPECT_EQ(graph->steps[1].index, 1u);
  EXPECT_EQ(graph->steps[0].timeout, seconds(5));
  EXPECT_TRUE(graph->output.has_value());
  const auto& script = std::get<LuaScript>(graph->steps[1].work);
  EXPECT_FALSE(script.use.all_steps);
  EXPECT_EQ(script.use.steps, std::vector<std::string>{"fetch-product"});
  EXPECT_FALSE(script.use.input);
  EXPECT_NE(script.script->id, std::get<LuaScript>(graph->steps[0].work).script->id);
}

TEST_F(GraphParse, FieldsOfAnyTypeAreCompiled) {
  const auto graph = valid(R"({"params":{"a": 1},"steps":[
    {"id":"a","name":"A","type":"lua_script","script":"return {}","enabled":false,
     "retry":{"max_attempts":4,"initial_ms":10,"factor":3,"max_ms":90,"jitter":"none",
              "on":["timeout","lua_error"]},
     "timeout_s":0.25,"on_error":"continue","effect":"once","no_auto_start":true,
     "concurrency_key":"k-{{input.a}}","priority":-100,"condition":false},
    {"id":"b","name":"B","type":"lua_script","script":"return {}","retry_count":2,
     "depends_on":["a","a"],"in_doubt":"fail","enabled":null}]})");
  const Step& a = graph->steps[0];
  EXPECT_FALSE(a.enabled);
  EXPECT_EQ(a.retry.attempts_max, 4);
  EXPECT_EQ(a.retry.initial, milliseconds(10));
  EXPECT_EQ(a.retry.factor, 3);
  EXPECT_EQ(a.retry.delay_max, milliseconds(90));
  EXPECT_FALSE(a.retry.jitter_full);
  EXPECT_TRUE(a.retry.retries(Code::kLuaError));
  EXPECT_FALSE(a.retry.retries(Code::kSandboxLost));
  EXPECT_EQ(a.timeout, milliseconds(250));
  EXPECT_EQ(a.on_error, OnError::kContinue);
  EXPECT_EQ(a.effect, Effect::kOnce);
  EXPECT_EQ(a.in_doubt, InDoubt::kAsk);
  EXPECT_TRUE(a.no_auto_start);
  EXPECT_TRUE(a.concurrency_key.has_value());
  EXPECT_EQ(a.priority, -100);
  EXPECT_TRUE(a.condition->constant());
  const Step& b = graph->steps[1];
  EXPECT_EQ(b.retry.attempts_max, 3);
  EXPECT_TRUE(b.retry.retries(Code::kTimeout));
  EXPECT_FALSE(b.retry.retries(Code::kLuaError));
  EXPECT_EQ(b.depends_on.size(), 1u);
  EXPECT_EQ(b.in_doubt, InDoubt::kFail);
  EXPECT_TRUE(b.enabled);
  EXPECT_EQ(graph->params.view(), R"({"a":1})");
}

TEST_F(GraphParse, DefinitionIsTheStepWithoutWhiteSpace) {
  const auto graph =
      valid("{\"steps\":[ { \"id\" : \"a\",\n\"type\":\"wait\", \"duration_s\" : 1.50 } ]}");
  EXPECT_EQ(graph->steps[0].definition, R"({"id":"a","type":"wait","duration_s":1.50})");
}

TEST_F(GraphParse, BodyStepWaitsForTheOneBeforeItUnlessItSaysOtherwise) {
  const auto graph = valid(R"({"steps":[{"id":"l","type":"for_each","for_each_items":{"count":3},
    "for_each_max_parallel":1000,"on_item_error":"continue","for_each_body_steps":[
      {"id":"a","type":"lua_script","script":"return {v=item}"},
      {"id":"b","type":"lua_script","script":"return {v=body.a.v}"},
      {"id":"c","type":"lua_script","script":"return {}","depends_on":["a"]},
      {"id":"d","type":"lua_script","script":"return {}","depends_on":[]},
      {"id":"e","type":"lua_script","script":"return {}"}]}]})");
  const auto& loop = std::get<ForEach>(graph->steps[0].work);
  EXPECT_EQ(loop.count, 3u);
  EXPECT_EQ(loop.parallel_max, 1000);
  EXPECT_TRUE(loop.continue_on_item_error);
  EXPECT_EQ(graph->steps[0].timeout.us, 0);
  ASSERT_NE(loop.body, nullptr);
  EXPECT_TRUE(loop.body->steps[0].depends_on.empty());
  EXPECT_EQ(loop.body->steps[1].depends_on, std::vector<std::uint32_t>{0});
  EXPECT_EQ(loop.body->steps[2].depends_on, std::vector<std::uint32_t>{0});
  EXPECT_TRUE(loop.body->steps[3].depends_on.empty());
  EXPECT_EQ(loop.body->steps[4].depends_on, std::vector<std::uint32_t>{3});
  EXPECT_TRUE(std::get<LuaScript>(loop.body->steps[0].work).use.item);
}

TEST_F(GraphParse, WhileTestSeesTheWholeBodyAndTheLoop) {
  const auto graph = valid(R"({"steps":[
    {"id":"first","type":"lua_script","script":"return {}"},
    {"id":"w","type":"while","depends_on":["first"],"while_mode":"while","while_max_iterations":7,
     "while_condition":"{{body.b.go}}{{while.iteration}}{{while.prev.a.x}}{{steps.first.y}}",
     "while_eval_script":"return {pass = body.b.v > steps.first.result.x}",
     "while_body_steps":[
      {"id":"a","type":"lua_script","script":"return {x=loop.iteration}"},
      {"id":"b","type":"lua_script","script":"return {}","condition":"{{while.prev.b.x}}"}]}]})");
  const auto& loop = std::get<While>(graph->steps[1].work);
  EXPECT_FALSE(loop.until);
  EXPECT_EQ(loop.iterations_max, 7);
  ASSERT_TRUE(loop.eval_script.has_value());
  EXPECT_EQ(loop.eval_script->use.steps, std::vector<std::string>{"first"});
  EXPECT_TRUE(loop.eval_script->use.body);
  EXPECT_FALSE(loop.eval_script->use.loop);
}

TEST_F(GraphParse, WaitsTasksAndChildRunsAreCompiled) {
  const auto graph = valid(R"({"steps":[
    {"id":"h","type":"human_task","task_type":"approval","task_payload":{"t":"{{input.t}}"},
     "form":{"type":"object"},"timeout_s":86400,"on_timeout":"reject"},
    {"id":"w","type":"wait","until":"2030-01-01T00:00:00Z"},
    {"id":"e","type":"wait_event","event":"paid","key":"{{input.order}}"},
    {"id":"r","type":"run_workflow","workflow_id":"wf","version":3,"input":{"a":"{{input}}"}}]})");
  const auto& task = std::get<HumanTask>(graph->steps[0].work);
  EXPECT_EQ(task.task_type, "approval");
  EXPECT_EQ(task.on_timeout, HumanTask::OnTimeout::kReject);
  EXPECT_NE(task.schema, nullptr);
  EXPECT_EQ(task.form.view(), R"({"type":"object"})");
  EXPECT_EQ(graph->steps[0].timeout, seconds(86400));
  EXPECT_TRUE(std::get<Wait>(graph->steps[1].work).until.has_value());
  EXPECT_EQ(std::get<WaitEvent>(graph->steps[2].work).event, "paid");
  EXPECT_EQ(std::get<RunWorkflow>(graph->steps[3].work).version, 3);
  EXPECT_EQ(graph->steps[3].effect, Effect::kIdempotent);
}

TEST_F(GraphParse, ToErrorCountsErrorsAlone) {
  const Parsed parsed =
      parse_text(R"({"steps":[{"id":"a","type":"wait"},{"id":"a","type":"nap"}]})");
  const Error error = to_error(parsed.issues);
  EXPECT_EQ(error.code, Code::kValidationFailed);
  EXPECT_EQ(error.message, "3 problems: \"duration_s\" or \"until\" is missing");
  EXPECT_EQ(error.issues.size(), 3u);
}

}  // namespace
}  // namespace troupe::graph
