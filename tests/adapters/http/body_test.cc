#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "adapters/http/openapi.h"
#include "adapters/http/parse.h"
#include "adapters/http/problem.h"
#include "adapters/http/query.h"
#include "adapters/http/router.h"
#include "runtime/json/read.h"

namespace troupe::http {
namespace {

using Parse = std::function<std::optional<Error>(const json::Text&)>;

template <class T>
Parse parser(Result<T> (*parse)(const json::Text&)) {
  return [parse](const json::Text& body) -> std::optional<Error> {
    auto result = parse(body);
    if (result.ok()) return std::nullopt;
    return result.error();
  };
}

json::Text text(std::string bytes) {
  auto parsed = json::Text::parse(std::move(bytes));
  EXPECT_TRUE(parsed.ok());
  return parsed.ok() ? *parsed : json::Text();
}

struct Case {
  const char* body;
  const char* pointer;
  Code code = Code::kInvalidField;
};

void expect_each(const Parse& parse, std::initializer_list<Case> cases) {
  for (const Case& one : cases) {
    const auto error = parse(text(one.body));
    ASSERT_TRUE(error.has_value()) << one.body;
    EXPECT_EQ(info(error->code).http_status, 422) << one.body;
    ASSERT_FALSE(error->issues.empty()) << one.body;
    EXPECT_EQ(error->issues[0].pointer, one.pointer) << one.body;
    EXPECT_EQ(info(error->issues[0].code).name, info(one.code).name) << one.body;
  }
}

TEST(HttpBodies, EveryFieldOfAStartHasItsType) {
  expect_each(
      parser(parse_command),
      {{"[]", ""},
       {"\"start\"", ""},
       {"7", ""},
       {"{}", "/command", Code::kMissingField},
       {R"({"command":null})", "/command", Code::kMissingField},
       {R"({"command":1})", "/command"},
       {R"({"command":"begin"})", "/command"},
       {R"({"command":"start","params":[]})", "/params"},
       {R"({"command":"start","params":"x"})", "/params"},
       {R"({"command":"start","params":{"trigger_payload":[1]}})", "/params/trigger_payload"},
       {R"({"command":"start","params":{"trigger_payload":{},"x":1}})", "/params/x",
        Code::kUnknownField},
       {R"({"command":"start","params":{"version":1,"a/b":1}})", "/params/a~1b",
        Code::kUnknownField},
       {R"({"command":"start","params":{"trigger_steps":"a"}})", "/params/trigger_steps"},
       {R"({"command":"start","params":{"trigger_steps":["a",1]}})", "/params/trigger_steps/1"},
       {R"({"command":"start","params":{"trigger_steps":{"a":1}}})", "/params/trigger_steps/a"},
       {R"({"command":"start","params":{"excluded_step_ids":{}}})", "/params/excluded_step_ids"},
       {R"({"command":"start","params":{"excluded_step_ids":[[]]}})",
        "/params/excluded_step_ids/0"},
       {R"({"command":"start","params":{"use_run_setup_defaults":1}})",
        "/params/use_run_setup_defaults"},
       {R"({"command":"start","params":{"trigger_type":false}})", "/params/trigger_type"},
       {R"({"command":"start","params":{"version":"1"}})", "/params/version"},
       {R"({"command":"start","params":{"version":0}})", "/params/version"},
       {R"({"command":"start","params":{"version":1.5}})", "/params/version"},
       {R"({"command":"start","params":{"version":9999999999}})", "/params/version"},
       {R"({"command":"start","params":{"run_id":"x"}})", "/params/run_id"},
       {R"({"command":"start","params":{"run_id":7}})", "/params/run_id"},
       {R"({"command":"start","params":{"external_id":{}}})", "/params/external_id"},
       {R"({"command":"pause"})", "/params/run_id", Code::kMissingField},
       {R"({"command":"pause","params":{}})", "/params/run_id", Code::kMissingField},
       {R"({"command":"pause","params":{"run_id":1}})", "/params/run_id"},
       {R"({"command":"pause","run_id":"x"})", "/run_id"},
       {R"({"command":"stop","run_id":"01890000-0000-7000-8000-000000000001","mode":"soon"})",
        "/mode"},
       {R"({"command":"retry","run_id":"01890000-0000-7000-8000-000000000001","from_step":1})",
        "/from_step"},
       {R"({"command":"retry","run_id":"01890000-0000-7000-8000-000000000001","input":[]})",
        "/input"},
       {R"({"command":"retry","run_id":"01890000-0000-7000-8000-000000000001","version":-1})",
        "/version"}});
}

TEST(HttpBodies, ParamsAreTheInputUnlessOneEnvelopeKeyIsThere) {
  const auto plain = parse_command(text(R"({"command":"start","params":{"input":1,"x":2},"y":3})"));
  ASSERT_TRUE(plain.ok());
  EXPECT_EQ(plain->start.input.view(), R"({"input":1,"x":2})");
  EXPECT_TRUE(plain->start.input_given);
  EXPECT_EQ(plain->start.trigger_type, "api");

  const auto none = parse_command(text(R"({"command":"start"})"));
  ASSERT_TRUE(none.ok());
  EXPECT_FALSE(none->start.input_given);
  EXPECT_TRUE(none->start.input.empty());

  const auto envelope = parse_command(text(
      R"({"command":"start","params":{"trigger_payload":{"a":1},
          "trigger_steps":{"s":{"b":2},"t":null},"excluded_step_ids":["u"],
          "use_run_setup_defaults":true,"trigger_type":"console",
          "version":2,"run_id":"01890000-0000-7000-8000-000000000001","external_id":"e"}})"));
  ASSERT_TRUE(envelope.ok());
  const StartRequest& start = envelope->start;
  EXPECT_EQ(start.input.view(), R"({"a":1})");
  EXPECT_EQ(start.trigger_steps->at(0).second.view(), R"({"b":2})");
  EXPECT_EQ(start.trigger_steps->at(1).first, "t");
  EXPECT_TRUE(start.trigger_steps->at(1).second.empty());
  EXPECT_EQ(start.excluded_step_ids->at(0), "u");
  EXPECT_TRUE(start.use_run_setup_defaults);
  EXPECT_EQ(start.trigger_type, "console");
  EXPECT_EQ(start.version, 2);
  EXPECT_EQ(start.external_id, "e");
  EXPECT_TRUE(start.run_id.has_value());

  const auto no_input =
      parse_command(text(R"({"command":"start","params":{"trigger_steps":["s"]}})"));
  ASSERT_TRUE(no_input.ok());
  EXPECT_FALSE(no_input->start.input_given) << "an envelope without trigger_payload names no input";
  EXPECT_EQ(no_input->start.trigger_steps->at(0).first, "s");
}

TEST(HttpBodies, EveryFieldOfTheOtherBodiesHasItsType) {
  expect_each(parser(parse_new_workflow), {{"[]", ""},
                                           {R"({"graph":{}})", "/name", Code::kMissingField},
                                           {R"({"name":"","graph":{}})", "/name"},
                                           {R"({"name":1,"graph":{}})", "/name"},
                                           {R"({"name":"a"})", "/graph", Code::kMissingField},
                                           {R"({"name":"a","graph":[]})", "/graph"},
                                           {R"({"name":"a","graph":{},"description":1})",
                                            "/description"},
                                           {R"({"name":"a","graph":{},"run_setup":1})",
                                            "/run_setup"}});
  expect_each(parser(parse_workflow_patch), {{"1", ""},
                                             {R"({"name":""})", "/name"},
                                             {R"({"name":[]})", "/name"},
                                             {R"({"graph":"x"})", "/graph"},
                                             {R"({"description":{}})", "/description"},
                                             {R"({"run_setup":[]})", "/run_setup"}});
  expect_each(parser(parse_validate),
              {{"[]", ""}, {R"({"trigger_payload":1})", "/trigger_payload"}});
  expect_each(parser(parse_changelog), {{"[]", ""}, {R"({"changelog":1})", "/changelog"}});
  expect_each(parser(parse_task_answer),
              {{"[]", ""},
               {"{}", "/approved", Code::kMissingField},
               {R"({"approved":"yes"})", "/approved"},
               {R"({"decision":"maybe"})", "/decision"},
               {R"({"decision":1})", "/decision"},
               {R"({"approved":true,"decision":"reject"})", "/decision"},
               {R"({"approved":true,"result":1})", "/result"},
               {R"({"approved":true,"comment":1})", "/comment"}});
  expect_each(parser(parse_event), {{"[]", ""},
                                    {"{}", "/event", Code::kMissingField},
                                    {R"({"event":""})", "/event"},
                                    {R"({"event":1})", "/event"},
                                    {R"({"event":"a","key":1})", "/key"}});
  const Parse batch = [](const json::Text& body) -> std::optional<Error> {
    auto result = parse_batch(body, 2);
    if (result.ok()) return std::nullopt;
    return result.error();
  };
  expect_each(batch, {{"1", ""},
                      {"{}", "/items", Code::kMissingField},
                      {R"({"items":{}})", "/items"},
                      {R"({"items":[]})", "/items"},
                      {R"({"items":[{},{},{}]})", "/items", Code::kLimitExceeded},
                      {R"({"items":[{},1]})", "/items/1"},
                      {R"({"items":[{"input":[]}]})", "/items/0/input"},
                      {R"({"items":[{},{"external_id":1}]})", "/items/1/external_id"}});
}

TEST(HttpBodies, EveryMistakeIsToldAtOnce) {
  const auto wrong = parse_new_workflow(text(R"({"name":1,"graph":2,"description":3})"));
  ASSERT_FALSE(wrong.ok());
  EXPECT_EQ(wrong.error().issues.size(), 3u);
  const Response response = problem(wrong.error());
  EXPECT_EQ(response.status, 422);
  EXPECT_EQ(json::at_pointer(response.body, "/errors/2/pointer"), "\"/graph\"");
}

TEST(HttpBodies, DecisionsMayBeWordsOrBooleans) {
  EXPECT_TRUE(parse_task_answer(text(R"({"decision":"approve"})"))->approved);
  EXPECT_FALSE(parse_task_answer(text(R"({"decision":"reject"})"))->approved);
  EXPECT_FALSE(parse_task_answer(text(R"({"approved":false,"decision":"reject"})"))->approved);
  EXPECT_EQ(parse_task_answer(text(R"({"approved":true,"result":{"a":1},"comment":"c"})"))
                ->result.view(),
            R"({"a":1})");
}

TEST(HttpQuery, ValuesAreDecodedAndNumbersBounded) {
  const auto query = Query::parse("a=1%202&b=x+y&c&=z&a=3&n=7&e=");
  ASSERT_TRUE(query.ok());
  EXPECT_EQ(query->find("a"), "1 2");
  EXPECT_EQ(query->find("b"), "x y");
  EXPECT_FALSE(query->find("c").has_value());
  EXPECT_TRUE(query->has("c"));
  EXPECT_FALSE(query->find("e").has_value());
  EXPECT_EQ(*query->number("n", 1, 0, 10), 7u);
  EXPECT_EQ(*query->number("none", 5, 0, 10), 5u);
  EXPECT_EQ(query->number("n", 1, 0, 6).error().issues[0].pointer, "/query/n");
  for (const char* bad : {"-1", "1.5", "x", "1e3", "99999999999999999999999", "0x1", " 1"}) {
    const auto wrong = Query::parse(std::string("n=") + bad);
    EXPECT_FALSE(wrong->number("n", 0, 0, UINT64_MAX).ok()) << bad;
  }
  for (const char* bad : {"a=%", "a=%4", "a=%zz", "a=%00", "a=%ff", "%c3=1"}) {
    EXPECT_FALSE(Query::parse(bad).ok()) << bad;
  }
  for (const char* bad :
       {"status=odd", "workflow_id=1", "from=yesterday", "to=2023-13-01T00:00:00Z"}) {
    EXPECT_EQ(parse_run_filter(*Query::parse(bad)).error().code, Code::kInvalidRequest) << bad;
  }
}

TEST(HttpQuery, IfMatchTakesStrongTagsOnly) {
  EXPECT_EQ(*parse_if_match("\"12\""), 12u);
  EXPECT_EQ(*parse_if_match("12"), 12u);
  EXPECT_FALSE(parse_if_match("*")->has_value());
  for (const char* bad : {"W/\"12\"", "\"\"", "\"x\"", "\"1\", \"2\"", "0", "\"-1\""}) {
    EXPECT_EQ(parse_if_match(bad).error().code, Code::kPreconditionFailed) << bad;
  }
}

TEST(HttpRouter, EveryRouteFindsItselfWithItsParameters) {
  const Router router(routes());
  for (const Route& route : routes()) {
    std::string path(route.pattern);
    for (std::size_t at = path.find('{'); at != std::string::npos; at = path.find('{', at)) {
      path.replace(at, path.find('}', at) - at + 1, "v" + std::to_string(at));
    }
    const Match match = router.find(route.method, path);
    ASSERT_EQ(match.route, &route) << path;
    for (std::size_t i = 0; i < match.params_used; ++i) {
      EXPECT_NE(route.pattern.find("{" + std::string(match.params[i].first) + "}"),
                std::string_view::npos);
      EXPECT_TRUE(match.params[i].second.starts_with("v")) << path;
    }
  }
}

TEST(HttpRouter, EmptySegmentIsNoParameter) {
  const Router router(routes());
  EXPECT_EQ(router.find(Method::kGet, "/v1/runs//summary").methods, 0u);
  EXPECT_EQ(router.find(Method::kGet, "/v1/runs/").methods, 0u);
  EXPECT_EQ(router.find(Method::kGet, "").methods, 0u);
  EXPECT_EQ(router.find(Method::kGet, "*").methods, 0u);
}

TEST(HttpOpenApi, DocumentIsValidJsonAndHasEveryRoute) {
  const auto document = json::Text::parse(openapi_document("1.2.3"));
  ASSERT_TRUE(document.ok()) << document.error().message;
  EXPECT_EQ(json::at_pointer(document->view(), "/openapi"), "\"3.1.0\"");
  EXPECT_EQ(json::at_pointer(document->view(), "/info/version"), "\"1.2.3\"");
  const auto paths = json::member(document->view(), "paths");
  ASSERT_TRUE(paths.has_value());
  std::set<std::string> ids;
  for (const Route& route : routes()) {
    const auto item = json::member(*paths, route.pattern);
    ASSERT_TRUE(item.has_value()) << route.pattern;
    std::string method(name(route.method));
    for (char& c : method) c = static_cast<char>(c | 0x20);
    const auto operation = json::member(*item, method);
    ASSERT_TRUE(operation.has_value()) << method << " " << route.pattern;
    EXPECT_TRUE(ids.insert(json::decode_string(*json::member(*operation, "operationId"))).second);
    EXPECT_FALSE(route.summary.empty());
  }
}

TEST(HttpOpenApi, EveryReferenceHasItsSchema) {
  const std::string document = openapi_document("1");
  constexpr std::string_view kPrefix = "\"#/components/schemas/";
  const auto schemas = json::at_pointer(document, "/components/schemas");
  ASSERT_TRUE(schemas.has_value());
  std::size_t references = 0;
  for (std::size_t at = document.find(kPrefix); at != std::string::npos;
       at = document.find(kPrefix, at + 1)) {
    const std::size_t begin = at + kPrefix.size();
    const std::string name = document.substr(begin, document.find('"', begin) - begin);
    EXPECT_TRUE(json::member(*schemas, name).has_value()) << name;
    ++references;
  }
  EXPECT_GT(references, 50u);
}

}  // namespace
}  // namespace troupe::http
