// Saved defaults of a version and what a start says, in every combination: without the flag nothing
// of the setup counts, with it every key that the request has wins, however empty it is.
#include <map>

#include "tests/system/system_test.h"

namespace troupe::testing {
namespace {

using RunSetup = ServerTest;
using Values = std::map<std::string, int>;

/// What a start may say of one key: its JSON as sent, and what that means.
template <class Meaning>
struct Choice {
  std::string json;  ///< empty: the key is not there
  Meaning meaning;
};

constexpr const char* kSteps =
    "{@steps@:[{@id@:@root@,@type@:@lua_script@,@name@:@r@,@script@:@return input@},"
    "{@id@:@opt@,@type@:@lua_script@,@name@:@o@,@script@:@return input@,@no_auto_start@:true},"
    "{@id@:@extra@,@type@:@lua_script@,@name@:@e@,@script@:@return {}@}],"
    "@params@:{@p@:0,@a@:0}}";
constexpr const char* kSetup =
    "{@input@:{@a@:1,@b@:1},@trigger_steps@:{@opt@:{@b@:9}},@excluded_step_ids@:[@extra@]}";

std::string json_of(const Values& values) {
  std::string text;
  for (const auto& [key, value] : values) {
    text += (text.empty() ? "" : ",") + quoted("@" + key + "@:") + std::to_string(value);
  }
  return "{" + text + "}";
}

Values over(Values under, const Values& upper) {
  for (const auto& [key, value] : upper) under[key] = value;
  return under;
}

std::string publish_with_setup(Api& api) {
  const Answer made = api.post("/v1/workflows", quoted("{@name@:@s@,@graph@:") + quoted(kSteps) +
                                                    quoted(",@run_setup@:") + quoted(kSetup) + "}");
  EXPECT_EQ(made.status, 201) << made.text;
  const std::string id = text_at(made.body, "/id");
  EXPECT_EQ(api.post("/v1/workflows/" + id + "/versions", "{}").status, 201);
  // What is frozen in the version counts, not what the draft says later.
  EXPECT_EQ(api.call("PATCH", "/v1/workflows/" + id, R"({"run_setup":{"input":{"draft":1}}})",
                     {{"If-Match", "*"}})
                .status,
            200);
  return id;
}

TEST_F(RunSetup, EveryCombinationOfFlagAndKeys) {
  const std::string flow = publish_with_setup(api_);
  const std::vector<Choice<Values>> payloads = {
      {"", {}}, {"{}", {}}, {"{@c@:2}", {{"c", 2}}}, {"{@a@:2,@b@:3}", {{"a", 2}, {"b", 3}}}};
  const std::vector<Choice<std::optional<Values>>> triggers = {{"", std::nullopt},
                                                               {"[]", std::nullopt},
                                                               {"[@opt@]", Values{}},
                                                               {"{@opt@:{@a@:5}}", {{{"a", 5}}}}};
  const std::vector<Choice<bool>> exclusions = {{"", false}, {"[]", false}, {"[@root@]", true}};
  for (const std::string flag : {"", "false", "true"}) {
    for (const auto& payload : payloads) {
      for (const auto& trigger : triggers) {
        for (const auto& excluded : exclusions) {
          std::string params = "@trigger_type@:@test@";
          const auto add = [&](const std::string& key, const std::string& json) {
            if (!json.empty()) params += ",@" + key + "@:" + json;
          };
          add("use_run_setup_defaults", flag);
          add("trigger_payload", payload.json);
          add("trigger_steps", trigger.json);
          add("excluded_step_ids", excluded.json);
          SCOPED_TRACE(quoted(params));
          const bool merged = flag == "true";
          Values input{{"a", 0}, {"p", 0}};
          if (merged) input = over(input, {{"a", 1}, {"b", 1}});
          input = over(input, payload.meaning);
          auto opt = trigger.meaning;
          if (merged && trigger.json.empty()) opt = Values{{"b", 9}};
          const bool no_extra = merged && excluded.json.empty();

          const std::string run = text_at(api_.run(flow, quoted("{" + params + "}")), "/run_id");
          const Json context = api_.context(run);
          EXPECT_EQ(at(context, "/input"), parse_json(json_of(input)));
          EXPECT_EQ(text_at(context, "/steps/opt/status"), opt ? "completed" : "skipped");
          if (opt) {
            EXPECT_EQ(at(context, "/steps/opt/result"), parse_json(json_of(over(input, *opt))));
          }
          EXPECT_EQ(text_at(context, "/steps/root/status"),
                    excluded.meaning ? "skipped" : "completed");
          EXPECT_EQ(text_at(context, "/steps/extra/status"), no_extra ? "skipped" : "completed");
        }
      }
    }
  }
}

TEST_F(RunSetup, PlainInputAndBatchesTakeNothingOfIt) {
  const std::string flow = publish_with_setup(api_);
  const std::string plain = text_at(api_.run(flow, R"({"c":2})"), "/run_id");
  EXPECT_EQ(at(api_.context(plain), "/input"), parse_json(R"({"a":0,"c":2,"p":0})"));
  EXPECT_EQ(text_at(api_.context(plain), "/steps/opt/status"), "skipped");
  const Answer batch =
      api_.post("/v1/workflows/" + flow + "/runs:batch", R"({"items":[{"input":{"c":3}}]})");
  ASSERT_EQ(batch.status, 200) << batch.text;
  const std::string run = text_at(batch.body, "/run_ids/0");
  api_.wait_end(run);
  EXPECT_EQ(at(api_.context(run), "/input"), parse_json(R"({"a":0,"c":3,"p":0})"));
}

TEST_F(RunSetup, WhatIsMergedIsRecordedAndUsedAgainByARetry) {
  const std::string flow = publish_with_setup(api_);
  const std::string run = text_at(
      api_.run(flow, R"({"use_run_setup_defaults":true,"trigger_payload":{"a":"{{x}}"}})"),
      "/run_id");
  const std::vector<Json> events = api_.events(run);
  EXPECT_EQ(at(events.front(), "/data/input"), parse_json(R"({"a":"{{x}}","b":1,"p":0})"));
  const Answer retried = api_.control(flow, run, "retry");
  ASSERT_EQ(retried.status, 200) << retried.text;
  const std::string again = text_at(retried.body, "/run_id");
  api_.wait_end(again);
  EXPECT_EQ(at(api_.context(again), "/input"), parse_json(R"({"a":"{{x}}","b":1,"p":0})"));
  EXPECT_EQ(text_at(api_.context(again), "/steps/extra/status"), "skipped");
}

}  // namespace
}  // namespace troupe::testing
