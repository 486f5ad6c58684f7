#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "tests/runtime/graph/graph_fixture.h"

namespace troupe::graph {
namespace {

/// What is wrong with a graph, and how the dry run says so.
struct Row {
  std::string steps;     ///< elements of `steps`
  std::string expected;  ///< the listing, without warnings about missing names
};

/// A script step without fields of its own; `more` begins with a comma.
std::string lua(const std::string& id, const std::string& more = "") {
  return R"g({"id":")g" + id + R"g(","type":"lua_script","script":"return {}")g" + more + "}";
}

std::string for_each(const std::string& body, const std::string& more = "") {
  return R"g({"id":"l","type":"for_each","for_each_items":[1],"for_each_body_steps":[)g" + body +
         "]" + more + "}";
}

std::string while_loop(const std::string& body, const std::string& condition) {
  return R"g({"id":"w","type":"while","while_max_iterations":2,"while_condition":")g" + condition +
         R"g(","while_body_steps":[)g" + body + "]}";
}

class DryRun : public ::testing::Test, public GraphFixture {
 protected:
  static std::string without_names(Parsed parsed) {
    std::erase_if(parsed.issues, [](const Issue& issue) {
      return issue.warning && issue.code == Code::kMissingField;
    });
    for (const Issue& issue : parsed.issues) EXPECT_FALSE(issue.message.empty());
    return listing(parsed);
  }

  void check(const std::vector<Row>& rows) {
    for (const Row& row : rows) {
      const Parsed parsed = parse_text("{\"steps\":[" + row.steps + "]}");
      EXPECT_EQ(without_names(parsed), row.expected) << row.steps;
      const bool errors = !row.expected.empty() && row.expected[0] != '~';
      EXPECT_EQ(parsed.graph == nullptr, errors) << row.steps;
    }
  }

  std::string message_of(const std::string& steps) {
    const Parsed parsed = parse_text("{\"steps\":[" + steps + "]}");
    for (const Issue& issue : parsed.issues) {
      if (!issue.warning) return issue.message;
    }
    return {};
  }
};

TEST_F(DryRun, IdsAndEdgesThatDoNotHoldAreNamed) {
  check({
      {lua("a") + "," + lua("a"), "duplicate_id a /steps/1/id"},
      {lua("a", R"(,"depends_on":["b","x"])") + "," + lua("b"),
       "dangling_dependency a /steps/0/depends_on/1"},
      {lua("a", R"(,"depends_on":["a"])"), "cycle a /steps/0/depends_on/0"},
      {lua("z") + "," + lua("a", R"(,"depends_on":["z","c"])") + "," +
           lua("b", R"(,"depends_on":["a"])") + "," + lua("c", R"(,"depends_on":["b"])") + "," +
           lua("d", R"(,"depends_on":["c"])"),
       "cycle a /steps/1/depends_on/1"},
      {lua("a", R"(,"depends_on":["b"])") + "," + lua("b", R"(,"depends_on":["a"])") + "," +
           lua("c", R"(,"condition":"{{steps.a.x}}")"),
       "cycle a /steps/0/depends_on/0"},
      {for_each(lua("x", R"(,"depends_on":["y"])") + "," + lua("y")),
       "cycle x /steps/0/for_each_body_steps/0/depends_on/0"},
      {lua("a") + "," + for_each(lua("x", R"(,"depends_on":["a"])")),
       "dangling_dependency x /steps/1/for_each_body_steps/0/depends_on/0"},
      {for_each(lua("x") + "," + lua("x")), "duplicate_id x /steps/0/for_each_body_steps/1/id"},
      {lua("l") + "," + lua("x") + "," + for_each(lua("x") + "," + lua("l")),
       "duplicate_id l /steps/2/id"},
  });
  EXPECT_EQ(
      message_of(lua("a", R"(,"depends_on":["b"])") + "," + lua("b", R"(,"depends_on":["a"])")),
      "these steps wait for each other: a → b → a");
}

TEST_F(DryRun, TypesThatDoNotExistOrDoNotRunAreNamed) {
  check({
      {R"({"id":"a","type":"lua"})", "unknown_type a /steps/0/type"},
      {R"({"id":"a","type":"condition"})", "legacy_shape a /steps/0/type"},
      {R"({"id":"a","type":"parallel"})", "legacy_shape a /steps/0/type"},
      {R"({"id":"a","type":"sequence"})", "legacy_shape a /steps/0/type"},
      {R"({"id":"l","type":"for_each","for_each_items":[],"for_each_body":{}})",
       "legacy_shape l /steps/0/for_each_body"},
      {R"({"id":"a","type":"llm_call","model":"m","prompt":"{{input.x}}"})",
       ""},
      {R"({"id":"a","type":"llm_call","messages":[{"content":"{{steps.x.y}}"}]})",
       "missing_field a /steps/0/model\ntemplate_unknown_step a /steps/0/messages"},
      {R"({"id":"a","type":"mcp_call","tool_args":[1]})",
       "missing_field a /steps/0/tool_name\ninvalid_field a /steps/0/tool_args\n"
       "step_type_unavailable a /steps/0/type"},
      {R"({"id":"a","type":"agent_call","agent_id":"x"})",
       "missing_field a /steps/0/prompt\nstep_type_unavailable a /steps/0/type"},
      {R"({"id":"a","type":"http_request","method":"FETCH","url":"{{input.u"})",
       "invalid_field a /steps/0/method\ntemplate_syntax a /steps/0/url"},
      {R"({"id":"a","type":"http_request","method":"PUT","url":"https://a.b/{{input.u}}",)"
       R"("headers":{"X":"{{input.h}}"},"body":{"n":["{{input.n}}"]}})",
       ""},
      {R"({"id":"a","type":"http_request","method":"GET","url":"u","connection_id":"c"})",
       ""},
      {R"({"id":"a","type":"http_request","method":"GET","url":"u","connection_id":""})",
       "invalid_field a /steps/0/connection_id"},
      {R"({"id":"a","type":"worker_task","queue":"q","args":{"a":["{{item}}"]}})",
       "missing_field a /steps/0/task\ntemplate_not_upstream a /steps/0/args"},
      {R"({"id":"a","type":"worker_task","queue":"{{input.q}}","task":"do it","heartbeat_s":0})",
       "invalid_field a /steps/0/queue\ninvalid_field a /steps/0/task\n"
       "invalid_field a /steps/0/heartbeat_s"},
      {R"({"id":"a","type":"worker_task","queue":"q","task":"t","arguments":1})",
       "~unknown_field a /steps/0/arguments"},
  });
  EXPECT_EQ(message_of(R"({"id":"a","type":"lua_scirpt"})"),
            "there is no step type \"lua_scirpt\" (did you mean \"lua_script\"?)");
}

TEST_F(DryRun, WhereNoWorkerCanBeReachedAStepThatNeedsOneIsRefused) {
  const std::string step = R"({"id":"a","type":"worker_task","queue":"q","task":"t"})";
  check({{step, ""}});
  const Parsed parsed = parse(document("{\"steps\":[" + step + "]}"), {syntax, patterns, false});
  EXPECT_EQ(without_names(parsed), "step_type_unavailable a /steps/0/type");
}

TEST_F(DryRun, FieldsThatAreMissingOrWrongAreNamed) {
  check({
      {R"({"type":"wait","duration_s":1})", "missing_field - /steps/0/id"},
      {R"({"id":"a b","type":"wait","duration_s":1})", "invalid_field a b /steps/0/id"},
      {R"({"id":"a"})", "missing_field a /steps/0/type"},
      {R"({"id":"a","type":"lua_script"})", "missing_field a /steps/0/script"},
      {"7", "invalid_field - /steps/0"},
      {lua("a", R"(,"enabled":"false")"), "invalid_field a /steps/0/enabled"},
      {lua("a", R"(,"depends_on":"b")"), "invalid_field a /steps/0/depends_on"},
      {lua("a", R"(,"depends_on":[1])"), "invalid_field a /steps/0/depends_on/0"},
      {lua("a", R"(,"condition":1)"), "invalid_field a /steps/0/condition"},
      {lua("a", R"(,"retry_count":-1)"), "invalid_field a /steps/0/retry_count"},
      {lua("a", R"(,"retry_count":1,"retry":{"max_attempts":2})"),
       "invalid_field a /steps/0/retry_count"},
      {lua("a", R"(,"retry":{"max_attempts":0,"on":["nope"]})"),
       "invalid_field a /steps/0/retry/max_attempts\ninvalid_field a /steps/0/retry/on/0"},
      {lua("a", R"(,"retry":{"initial_ms":5})"), "missing_field a /steps/0/retry/max_attempts"},
      {lua("a", R"(,"timeout_s":0)"), "invalid_field a /steps/0/timeout_s"},
      {lua("a", R"(,"on_error":"ignore")"), "invalid_field a /steps/0/on_error"},
      {lua("a", R"(,"priority":101)"), "invalid_field a /steps/0/priority"},
      {lua("a", R"(,"effect":"twice")"), "invalid_field a /steps/0/effect"},
      {for_each(""), "missing_field l /steps/0/for_each_body_steps"},
      {for_each(lua("x"), R"(,"for_each_max_parallel":0)"),
       "invalid_field l /steps/0/for_each_max_parallel"},
      {R"g({"id":"l","type":"for_each","for_each_items":{"count":-1},"for_each_body_steps":[)g" +
           lua("x") + "]}",
       "invalid_field l /steps/0/for_each_items"},
      {R"g({"id":"l","type":"for_each","for_each_items":{"count":4294967296},)g"
       R"g("for_each_body_steps":[)g" + lua("x") + "]}",
       "invalid_field l /steps/0/for_each_items"},
      {R"g({"id":"l","type":"for_each","for_each_items":"all","for_each_body_steps":[)g" +
           lua("x") + "]}",
       "invalid_field l /steps/0/for_each_items"},
      {R"g({"id":"w","type":"while","while_body_steps":[)g" + lua("x") + "]}",
       "missing_field w /steps/0/while_max_iterations\nmissing_field w /steps/0/while_condition"},
      {R"({"id":"h","type":"human_task","on_timeout":"wait"})",
       "missing_field h /steps/0/task_type\ninvalid_field h /steps/0/on_timeout"},
      {R"({"id":"a","type":"wait"})", "missing_field a /steps/0/duration_s"},
      {R"({"id":"a","type":"wait","duration_s":-1})", "invalid_field a /steps/0/duration_s"},
      {R"({"id":"a","type":"wait","duration_s":1,"until":"2030-01-01T00:00:00Z"})",
       "invalid_field a /steps/0/until"},
      {R"({"id":"a","type":"wait","until":"tomorrow"})", "invalid_field a /steps/0/until"},
      {R"({"id":"a","type":"wait_event"})", "missing_field a /steps/0/event"},
      {R"({"id":"a","type":"run_workflow","version":"1"})",
       "missing_field a /steps/0/workflow_id\ninvalid_field a /steps/0/version"},
      {lua("a", R"(,"depend_on":[])"), "~unknown_field a /steps/0/depend_on"},
  });
}

TEST_F(DryRun, UnknownFieldsComeWithTheNearestName) {
  const Parsed parsed =
      parse_text("{\"steps\":[" + lua("a", R"(,"name":"A","retry_cuont":1)") + "]}");
  ASSERT_EQ(parsed.issues.size(), 1u);
  EXPECT_EQ(parsed.issues[0].message,
            "\"retry_cuont\" is not known here (did you mean \"retry_count\"?)");
}

TEST_F(DryRun, TemplatesMayReadOnlyWhatHasRun) {
  check({
      {lua("a", R"(,"condition":"{{input.")"), "template_syntax a /steps/0/condition"},
      {R"({"id":"h","type":"human_task","task_type":"t","task_payload":{"a":["{{x}}"]}})",
       "template_syntax h /steps/0/task_payload/a/0"},
      {lua("a", R"(,"condition":"{{steps.b.x}}")"), "template_unknown_step a /steps/0/condition"},
      {lua("a", R"(,"condition":"{{steps.a.x}}")"), "template_not_upstream a /steps/0/condition"},
      {lua("a") + "," + lua("b", R"(,"condition":"{{steps.a.x}}")"),
       "template_not_upstream b /steps/1/condition"},
      {lua("a") + "," + lua("b", R"(,"depends_on":["a"])") + "," +
           lua("c", R"(,"depends_on":["b"],"condition":"{{steps.a.status}}")"),
       ""},
      {lua("a", R"(,"condition":"{{item}}")"), "template_not_upstream a /steps/0/condition"},
      {lua("a", R"(,"condition":"{{while.iteration}}")"),
       "template_not_upstream a /steps/0/condition"},
      {lua("a", R"(,"condition":"{{body.a.x}}")"), "template_not_upstream a /steps/0/condition"},
      {while_loop(lua("x", R"(,"condition":"{{item}}")"), "{{body.x.y}}"),
       "template_not_upstream x /steps/0/while_body_steps/0/condition"},
      {while_loop(lua("x", R"(,"condition":"{{while.prev.y.z}}")"), "{{body.y.y}}"),
       "template_unknown_step x /steps/0/while_body_steps/0/condition\n"
       "template_unknown_step w /steps/0/while_condition"},
      {for_each(lua("x", R"(,"condition":"{{body.y.z}}")") + "," +
                lua("y", R"(,"condition":"{{body.x.z}}")")),
       "template_not_upstream x /steps/0/for_each_body_steps/0/condition"},
      {for_each(lua("x") + "," + lua("y", R"(,"condition":"{{steps.x.z}}")")),
       "template_unknown_step y /steps/0/for_each_body_steps/1/condition"},
      {for_each(lua("x") + "," + for_each(lua("y", R"(,"condition":"{{body.x.z}}")"))),
       "template_not_upstream y "
       "/steps/0/for_each_body_steps/1/for_each_body_steps/0/condition"},
      {for_each(lua("x", R"(,"condition":"{{steps.l.z}}{{steps.a.z}}")")) + "," + lua("a"),
       "template_not_upstream x /steps/0/for_each_body_steps/0/condition\n"
       "template_not_upstream x /steps/0/for_each_body_steps/0/condition"},
      {for_each(lua("x", R"(,"condition":"{{steps.a.z}}{{item.b}}")"), R"(,"depends_on":["a"])") +
           "," + lua("a"),
       ""},
  });
  const Parsed output = parse_text(
      R"({"output":["{{steps.b.x}}","{{steps.a.x}}","{{body.a.x}}"],"steps":[)" + lua("a") + "]}");
  EXPECT_EQ(without_names(output),
            "template_unknown_step - /output\ntemplate_not_upstream - /output");
}

TEST_F(DryRun, ScriptsThatReadWhatIsNilAreWarnedAbout) {
  check({
      {R"({"id":"a","type":"lua_script","script":"return {x=steps.nope}"})",
       "~template_unknown_step a /steps/0/script"},
      {R"({"id":"a","type":"lua_script","script":"return {x=steps['b-c'].result}"})" +
           std::string(",") + lua("b-c"),
       "~template_not_upstream a /steps/0/script"},
  });
}

TEST_F(DryRun, ScriptsAndFormsAreCompiled) {
  check({
      {R"({"id":"a","type":"lua_script","script":"syntax!"})", "lua_syntax a /steps/0/script"},
      {R"({"id":"w","type":"while","while_max_iterations":1,"while_eval_script":"syntax!",
          "while_body_steps":[)" +
           lua("x") + "]}",
       "lua_syntax w /steps/0/while_eval_script"},
      {R"({"id":"h","type":"human_task","task_type":"t","form":{"type":5}})",
       "schema_invalid h /steps/0/form/type"},
      {R"({"id":"h","type":"human_task","task_type":"t","form":[]})",
       "invalid_field h /steps/0/form"},
  });
  EXPECT_EQ(message_of(R"({"id":"a","type":"lua_script","script":"syntax!"})"),
            "line 1: unexpected symbol");
}

TEST_F(DryRun, LimitsAreNamed) {
  const std::string nested = for_each(for_each(for_each(lua("x"))));
  check({
      {nested,
       "limit_exceeded l /steps/0/for_each_body_steps/0/for_each_body_steps/0/for_each_body_steps"},
      {lua("a", R"(,"timeout_s":31)"), "limit_exceeded a /steps/0/timeout_s"},
      {R"g({"id":"a","type":"lua_script","script":"--)g" + std::string(64 << 10, 'x') + "\"}",
       "limit_exceeded a /steps/0/script"},
      {for_each(lua("x"), R"(,"for_each_max_parallel":1001)"),
       "limit_exceeded l /steps/0/for_each_max_parallel"},
  });
  Limits limits;
  limits.steps_max = 2;
  EXPECT_EQ(without_names(
                parse_text("{\"steps\":[" + lua("a") + "," + for_each(lua("x")) + "]}", limits)),
            "limit_exceeded - /steps/1/for_each_body_steps");
  limits.graph_bytes_max = 10;
  EXPECT_EQ(without_names(parse_text("{\"steps\":[]}", limits)), "limit_exceeded - ");
}

TEST_F(DryRun, DocumentsThatAreNoGraphAreRefused) {
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"[]", "invalid_field - "},
      {"null", "invalid_field - "},
      {"{}", "missing_field - /steps"},
      {R"({"nodes":[],"edges":[]})", "missing_field - /steps"},
      {R"({"steps":{}})", "invalid_field - /steps"},
      {R"({"steps":[]})", "missing_field - /steps"},
      {R"({"params":[],"output":"{{","steps":[)" + lua("a") + "]}",
       "invalid_field - /params\ntemplate_syntax - /output"},
  };
  for (const auto& [text, expected] : rows) {
    EXPECT_EQ(without_names(parse_text(text)), expected) << text;
  }
  EXPECT_EQ(listing(parse(json::Text(), {syntax, patterns})), "invalid_field - ");
}

TEST_F(DryRun, InputIsCheckedOverParams) {
  const std::string graph = R"({"params":{"a":{"x":1},"b":2},"output":"{{input}}","steps":[
    {"id":"h","type":"human_task","task_type":"t",
     "task_payload":"{{input.a.x}}{{input.b}}{{input.c | default: 1}}"}]})";
  EXPECT_EQ(without_names(parse_with_input(graph, "{}")), "");
  EXPECT_EQ(without_names(parse_with_input(graph, R"({"a":{"x":null}})")), "");
  EXPECT_EQ(without_names(parse_with_input(graph, R"({"a":{}})")),
            "input_missing h /steps/0/task_payload");
  EXPECT_EQ(without_names(parse_text(graph)), "");
}

TEST_F(DryRun, ConditionMayReadWhatTheInputDoesNotHave) {
  const std::string graph = "{\"steps\":[" + lua("s", R"(,"condition":"{{input.debug}}")") + "]}";
  const Parsed parsed = parse_with_input(graph, "{}");
  EXPECT_EQ(without_names(parsed), "~input_missing s /steps/0/condition");
  EXPECT_TRUE(parsed.graph != nullptr);
}

TEST_F(DryRun, ManyWarningsHideNoError) {
  std::string steps = lua("s0");
  for (int i = 1; i < 2000; ++i) steps += "," + lua("s" + std::to_string(i));
  steps += "," + lua("s0");
  EXPECT_EQ(without_names(parse_text("{\"steps\":[" + steps + "]}")),
            "duplicate_id s0 /steps/2000/id");
}

}  // namespace
}  // namespace troupe::graph
