// Steps of type llm_call, from the graph to providers that work, fail, drip or break off.
#include <gtest/gtest.h>

#include <atomic>
#include <future>

#include "tests/support/stub_models.h"
#include "tests/system/cluster_graphs.h"
#include "tests/system/system_test.h"

namespace troupe::testing {
namespace {

using llm::Dialect;
using Asked = StubModels::Asked;
using Say = StubModels::Say;

constexpr const char* kKey = "sk-canary-5e1f9a7c2b";

class LlmCallStep : public SystemTest {
 protected:
  explicit LlmCallStep(Environment more = {}) : server_(data_dir(), with(std::move(more))) {
    server_.start();
  }
  Api api() { return Api(server_); }

  /// A provider key for one dialect of the stub; its id.
  std::string add_key(const std::string& name, const StubModels& models, Dialect dialect,
                      const std::string& more = "") {
    const Answer made =
        api().post("/v1/provider-keys",
                   quoted("{@name@:@" + name + "@,@provider@:@openai_compatible@,@api@:@" +
                          std::string(llm::name(dialect)) + "@,@base_url@:@" +
                          models.url(dialect) + "@,@api_key@:@" + kKey + "@" +
                          (more.empty() ? "" : "," + more) + "}"));
    EXPECT_EQ(made.status, 201) << made.text;
    return text_at(made.body, "/id");
  }
  /// A graph of one such step, whose result is its output.
  std::string flow(const std::string& fields) {
    return api().publish(quoted("{@steps@:[{@id@:@ask@,@type@:@llm_call@,@name@:@ask@," + fields +
                                "}],@output@:@{{steps.ask.result}}@}"));
  }

  Server server_;

 private:
  static Environment with(Environment more) {
    more.emplace_back("TROUPE_EGRESS__ALLOW_STEPS", "127.0.0.1");
    return more;
  }
};

Say says(std::vector<std::string> pieces) {
  Say say;
  say.pieces = std::move(pieces);
  say.usage = {.input = 100, .cache_read = 20, .output = 10};
  return say;
}

TEST_F(LlmCallStep, IsAnsweredByEveryProviderAndWhatItCostsIsCounted) {
  StubModels models([](const Asked& asked) { return says({"You said: ", asked.last}); });
  for (const Dialect dialect : {Dialect::kOpenAiChat, Dialect::kOpenAiResponses,
                                Dialect::kAnthropic, Dialect::kGemini}) {
    const std::string name(llm::name(dialect));
    add_key(name, models, dialect,
            "@models@:[{@name@:@m-1@,@price@:{@input@:2.5,@cache_read@:1,@output@:10}}]");
    const std::string asks = flow("@model@:@" + name +
                                  "/m-1@,@system@:@Be kind.@,@prompt@:@Hello {{input.who}}@");
    const Json run = api().run(asks, R"({"who":"Ada"})");
    EXPECT_EQ(text_at(run, "/output/text"), "You said: Hello Ada") << name << run;
    EXPECT_EQ(text_at(run, "/output/finish_reason"), "stop") << name;
    EXPECT_EQ(text_at(run, "/output/model"), "m-1") << name;
    // 100 × 2.5 + 20 × 1 + 10 × 10 dollars per million.
    for (const std::string place : {"/output/usage", "/usage"}) {
      EXPECT_EQ(int_at(run, place + "/input"), 100) << name << run;
      EXPECT_EQ(int_at(run, place + "/cache_read"), 20) << name;
      EXPECT_EQ(int_at(run, place + "/output"), 10) << name;
      EXPECT_EQ(boost::json::serialize(at(run, place + "/cost_usd")), "3.7E-4") << name;
    }
    const Asked asked = models.asked().back();
    EXPECT_EQ(asked.key, kKey) << name;
    EXPECT_EQ(asked.dialect, dialect);
    EXPECT_TRUE(asked.streams);
    EXPECT_NE(asked.body.find("Be kind."), std::string::npos) << asked.body;
    const std::string metrics = api().get("/metrics").text;
    EXPECT_NE(metrics.find("llm_tokens_total"), std::string::npos);
  }
}

TEST_F(LlmCallStep, WhatTheModelWritesIsSeenAsItWritesIt) {
  std::promise<void> watched, seen;
  StubModels models([&](const Asked&) {
    watched.get_future().wait();
    Say say = says({"one ", "two"});
    say.between = [&] { seen.get_future().wait(); };
    return say;
  });
  add_key("stub", models, Dialect::kAnthropic);
  const std::string run = api().start(flow("@model@:@m@,@prompt@:@count@"));
  // The second piece is not sent before somebody has seen the first.
  std::string told;
  Api watcher = api();
  const auto watch = [&](const Json& event) {
    if (text_at(event, "/event_type") == "step_started") watched.set_value();
    if (text_at(event, "/event_type") == "token_delta") {
      EXPECT_EQ(text_at(event, "/step_id"), "ask");
      EXPECT_EQ(int_at(event, "/data/attempt"), 1);
      if (told.empty()) seen.set_value();
      told += text_at(event, "/data/text");
    }
    return text_at(event, "/event_type") == "run_completed";
  };
  EXPECT_TRUE(watcher.follow(run, watch, 0, true));
  EXPECT_EQ(told, "one two");
  EXPECT_EQ(text_at(api().wait_end(run), "/output/text"), "one two");
}

TEST_F(LlmCallStep, AnswersThatAreJsonAreReachedByTheirFields) {
  StubModels models([](const Asked&) {
    return says({R"({"items": ["a", "b"], "text": "mine"})"});
  });
  add_key("stub", models, Dialect::kOpenAiChat);
  const std::string graph = api().publish(quoted(
      "{@steps@:[{@id@:@gen@,@type@:@llm_call@,@name@:@g@,@model@:@gpt-4o-mini@,@prompt@:@list@},"
      "{@id@:@each@,@type@:@for_each@,@name@:@e@,@depends_on@:[@gen@],"
      "@for_each_items@:@{{steps.gen.result.items}}@,@for_each_body_steps@:[{@id@:@p@,"
      "@type@:@lua_script@,@script@:@return {label = tostring(item)}@}]}],"
      "@output@:@{{steps.each.result.results.1.result.label}}@}"));
  EXPECT_EQ(text_at(api().run(graph), "/output"), "b");
}

TEST_F(LlmCallStep, WhatDoesNotFitItsSchemaIsAskedForOnceMore) {
  std::atomic<int> rounds{0};
  StubModels models([&](const Asked& asked) {
    if (asked.body.find("stubborn") != std::string::npos) return says({"no"});
    return ++rounds == 1 ? says({R"({"n": "three"})"}) : says({"```json\n{\"n\": 3}\n```"});
  });
  add_key("stub", models, Dialect::kOpenAiChat);
  const std::string schema =
      ",@response_schema@:{@type@:@object@,@required@:[@n@],@properties@:{@n@:{@type@:"
      "@integer@}}}";
  const Json run = api().run(flow("@model@:@m@,@prompt@:@how many?@" + schema));
  EXPECT_EQ(int_at(run, "/output/n"), 3) << run;
  EXPECT_EQ(int_at(run, "/usage/input"), 200) << "both answers are paid for";
  const std::vector<Asked> asked = models.asked();
  ASSERT_EQ(asked.size(), 2u);
  EXPECT_NE(asked[1].last.find("/n"), std::string::npos) << asked[1].last;
  EXPECT_NE(asked[0].body.find("response_format"), std::string::npos) << asked[0].body;

  const Json failed = api().run(flow("@model@:@m@,@prompt@:@stubborn@,@on_error@:@continue@" +
                                     schema));
  EXPECT_EQ(text_at(failed, "/output/error/code"), "response_invalid") << failed;
}

TEST_F(LlmCallStep, StatusesAreTriedAgainOrNotAsTheProvidersMeanThem) {
  const struct {
    int status;
    const char* body;
    const char* headers;
    const char* code;
  } kTable[] = {
      {400, R"({"error":{"message":"bad temperature"}})", "", "model_request_refused"},
      {401, R"({"error":{"message":"bad key"}})", "", "model_request_refused"},
      {404, R"({"error":{"message":"no such model"}})", "", "model_request_refused"},
      {409, "{}", "", "upstream_failed"},
      {429, "{}", "", "rate_limited"},
      {429, R"({"error":{"code":"insufficient_quota","message":"pay"}})", "",
       "model_request_refused"},
      {500, "{}", "", "upstream_failed"},
      {500, "{}", "x-should-retry: false\r\n", "model_request_refused"},
      {400, "{}", "x-should-retry: true\r\n", "upstream_failed"},
      {503, "{}", "", "unavailable"},
      {529, R"({"type":"error","error":{"type":"overloaded_error","message":"busy"}})", "",
       "unavailable"},
  };
  std::atomic<int> row{0};
  StubModels models([&](const Asked&) {
    Say say;
    say.status = kTable[row].status;
    say.error = kTable[row].body;
    say.headers = kTable[row].headers;
    return say;
  });
  // Of a workflow of its own each, or the breaker would open.
  for (; row < static_cast<int>(std::size(kTable)); ++row) {
    const std::string name = "k" + std::to_string(row.load());
    add_key(name, models, Dialect::kAnthropic);
    const Json run = api().run(flow("@model@:@" + name + "/m@,@prompt@:@x@"));
    EXPECT_EQ(text_at(run, "/error/code"), kTable[row].code) << kTable[row].status << run;
    EXPECT_EQ(models.asked().size(), static_cast<std::size_t>(row) + 1) << "no retry is asked for";
  }
}

TEST_F(LlmCallStep, AChainGoesOnToTheNextAlsoWhereTheFirstBreaksOffInTheMiddle) {
  StubModels breaks([](const Asked&) {
    Say say = says({"half of it"});
    say.breaks_off = true;
    return say;
  });
  StubModels works([](const Asked&) { return says({"all of it"}); });
  add_key("first", breaks, Dialect::kOpenAiResponses);
  add_key("second", works, Dialect::kGemini);
  const Answer named = api().call(
      "PUT", "/v1/models/best",
      quoted("{@chain@:[{@model@:@a@,@key@:@first@},{@model@:@b@,@key@:@second@}]}"));
  EXPECT_EQ(named.status, 200) << named.text;
  const std::string run = api().start(flow("@model_ref@:@best@,@prompt@:@x@"));
  const Json ended = api().wait_end(run);
  EXPECT_EQ(text_at(ended, "/output/text"), "all of it") << ended;
  EXPECT_EQ(text_at(ended, "/output/model"), "b");
  EXPECT_EQ(breaks.asked().size(), 1u);

  const Json unknown = api().run(flow("@model_ref@:@worst@,@prompt@:@x@"));
  EXPECT_EQ(text_at(unknown, "/error/code"), "model_not_configured") << unknown;
}

TEST_F(LlmCallStep, EndsInItsTimeIsStoppedAndIsAskedAgainAfterAKill) {
  std::atomic<bool> works{false};
  StubModels models([&](const Asked&) {
    Say say = says({"well"});
    say.hangs = !works;
    return say;
  });
  add_key("stub", models, Dialect::kOpenAiChat);
  const std::string slow = api().start(flow("@model@:@m@,@prompt@:@slow@,@timeout_s@:0.3"));
  EXPECT_EQ(text_at(api().wait_end(slow), "/error/code"), "timeout");
  const Json step = at(api().context(slow), "/steps/ask");
  EXPECT_LE(ms_of_day(text_at(step, "/finished_at")) - ms_of_day(text_at(step, "/started_at")),
            400);
  EXPECT_TRUE(eventually(2'000, [&] { return models.open_connections() == 0; }));

  const std::string long_one = flow("@model@:@m@,@prompt@:@long@");
  const std::string stopped = api().start(long_one);
  ASSERT_TRUE(eventually(5'000, [&] { return models.open_connections() == 1; }));
  EXPECT_EQ(api().control(long_one, stopped, "stop").status, 200);
  EXPECT_TRUE(eventually(2'000, [&] { return models.open_connections() == 0; }));
  EXPECT_EQ(text_at(api().wait_end(stopped), "/status"), "stopped");

  // An orderly end cuts off what hangs, also where there is another model to ask.
  EXPECT_EQ(api().call("PUT", "/v1/models/two",
                       R"({"chain":[{"model":"a","key":"stub"},{"model":"b","key":"stub"}]})")
                .status,
            200);
  const std::string cut = api().start(flow("@model_ref@:@two@,@prompt@:@x@"));
  ASSERT_TRUE(eventually(5'000, [&] { return models.open_connections() == 1; }));
  EXPECT_EQ(server_.terminate().exit, 0);
  server_.start();
  ASSERT_TRUE(eventually(5'000, [&] { return models.open_connections() == 1; }));
  EXPECT_EQ(api().post("/v1/runs:bulk", R"({"action":"stop","filter":{}})").status, 202);
  EXPECT_EQ(text_at(api().wait_end(cut), "/status"), "stopped");
  ASSERT_TRUE(eventually(5'000, [&] { return models.open_connections() == 0; }));

  const std::string killed = api().start(long_one);
  ASSERT_TRUE(eventually(5'000, [&] { return models.open_connections() == 1; }));
  server_.kill_hard();
  works = true;
  server_.start();
  EXPECT_EQ(text_at(api().wait_end(killed), "/output/text"), "well");
}

TEST_F(LlmCallStep, NoAnswerThatIsBrokenEmptyOrEndlessIsBelieved) {
  StubHttp service([](const StubHttp::Request& request, StubHttp::Wire& wire) {
    const std::string head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
    if (request.path.starts_with("/html")) wire.answer(200, "<html>hello</html>");
    if (request.path.starts_with("/json")) wire.answer(200, R"({"choices":[)");
    if (request.path.starts_with("/event")) wire.send(head + "data: {\"choices\":\n\n");
    if (request.path.starts_with("/empty")) wire.send(head);
    if (request.path.starts_with("/endless")) {
      wire.send(head + "data: ");
      while (wire.send(std::string(64 << 10, 'x'))) {}
    }
    wire.close();
  });
  const std::pair<const char*, const char*> kTable[] = {{"html", "outcome_unknown"},
                                                        {"json", "upstream_failed"},
                                                        {"event", "upstream_failed"},
                                                        {"empty", "outcome_unknown"},
                                                        {"endless", "limit_exceeded"}};
  for (const auto& [path, code] : kTable) {
    const Answer made = api().post(
        "/v1/provider-keys", quoted(std::string("{@name@:@") + path + "@,@provider@:@" +
                                    "openai_compatible@,@base_url@:@" +
                                    service.url(std::string("/") + path) + "@}"));
    EXPECT_EQ(made.status, 201) << made.text;
    const Json run = api().run(flow(std::string("@model@:@") + path + "/m@,@prompt@:@x@"));
    EXPECT_EQ(text_at(run, "/error/code"), code) << path << run;
  }
}

TEST_F(LlmCallStep, KeysGoToTheirProviderAndNowhereElse) {
  StubModels models([](const Asked&) { return says({"ok"}); });
  const std::string id = add_key("stub", models, Dialect::kOpenAiChat, "@models@:[@m@]");
  const Answer log = api().get("/v1/audit");
  EXPECT_EQ(text_at(log.body, "/items/0/entry/action"), "provider_key.change") << log.text;
  EXPECT_EQ(column(log, "entry").size(), 1u) << "one deed, one line";
  const Answer tested = api().post("/v1/provider-keys/" + id + "/test", "{}");
  EXPECT_EQ(tested.status, 200) << tested.text;
  EXPECT_EQ(at(tested.body, "/ok"), Json(true)) << tested.text;

  const Json run = api().run(flow("@llm_credential_id@:@" + id + "@,@model@:@m@,@prompt@:@x@"));
  EXPECT_EQ(text_at(run, "/status"), "completed") << run;
  for (const std::string& path :
       {std::string("/v1/provider-keys"), "/v1/provider-keys/" + id, std::string("/v1/secrets"),
        "/v1/runs/" + text_at(run, "/run_id") + "/events", std::string("/v1/audit")}) {
    const Answer answer = api().get(path);
    EXPECT_EQ(answer.status, 200) << path;
    EXPECT_EQ(answer.text.find(kKey), std::string::npos) << path;
  }
  // Another address with the stored key would give it to whoever is there.
  const Answer moved = api().call("PATCH", "/v1/provider-keys/" + id,
                                  R"({"base_url":"https://elsewhere.example.org"})");
  EXPECT_EQ(moved.status, 422) << moved.text;
  EXPECT_EQ(api().call("PATCH", "/v1/provider-keys/" + id, R"({"enabled":false})").status, 200);
  const Json off = api().run(flow("@llm_credential_id@:@stub@,@model@:@m@,@prompt@:@x@"));
  EXPECT_EQ(text_at(off, "/error/code"), "credential_missing") << off;
  EXPECT_EQ(api().call("PATCH", "/v1/provider-keys/" + id,
                       R"({"enabled":true,"api_key":"sk-rotated"})").status, 200);
  EXPECT_EQ(text_at(api().run(flow("@model@:@m@,@prompt@:@x@")), "/status"), "completed");
  EXPECT_EQ(models.asked().back().key, "sk-rotated");
  EXPECT_EQ(api().call("DELETE", "/v1/provider-keys/" + id).status, 204);
  EXPECT_EQ(text_at(api().run(flow("@model@:@m@,@prompt@:@x@")), "/error/code"),
            "model_not_configured");
}

TEST_F(LlmCallStep, BadKeysAndChainsAreRefusedWithTheirPlaces) {
  const struct {
    const char* path;
    const char* body;
    const char* pointer;
  } kTable[] = {
      {"/v1/provider-keys", "{}", "/name"},
      {"/v1/provider-keys", "{@name@:@a b@,@provider@:@openai@}", "/name"},
      {"/v1/provider-keys", "{@name@:@a@,@provider@:@acme@}", "/provider"},
      {"/v1/provider-keys", "{@name@:@a@,@provider@:@openai_compatible@}", "/base_url"},
      {"/v1/provider-keys", "{@name@:@a@,@provider@:@openai@,@base_url@:@ftp://x@}", "/base_url"},
      {"/v1/provider-keys", "{@name@:@a@,@provider@:@openai@,@api@:@x@}", "/api"},
      {"/v1/provider-keys",
       "{@name@:@a@,@provider@:@openai@,@models@:[{@name@:@m@,@price@:{@input@:-1}}]}", "/models"},
  };
  for (const auto& row : kTable) {
    const Answer refused = api().post(row.path, quoted(row.body));
    EXPECT_EQ(refused.status, 422) << row.body << refused.text;
    EXPECT_EQ(text_at(refused.body, "/errors/0/pointer"), row.pointer) << refused.text;
  }
  EXPECT_EQ(api().call("PUT", "/v1/models/x", R"({"chain":[]})").status, 422);
  EXPECT_EQ(api().post("/v1/provider-keys",
                       quoted("{@name@:@a@,@provider@:@openai@,@environment@:@moon@}")).status,
            422);
}

/// A file that is there before the server of the test.
class ScriptFile {
 protected:
  std::string script() const {
    const std::string path = dir_.file("script.json");
    std::ofstream(path) << quoted(
        "{@replies@:[{@when@:{@contains@:@weather@},@text@:@It rains.@},"
        "{@when@:{@contains@:@fail@},@error@:{@code@:@rate_limited@,@message@:@slow@}},"
        "{@text@:@You said {{prompt}}@,@usage@:{@input@:3,@output@:4}}]}");
    return path;
  }

 private:
  TemporaryDirectory dir_;
};

/// With the operator's own models, one of which follows a script.
class LlmCallScripted : private ScriptFile, public LlmCallStep {
 protected:
  LlmCallScripted() : LlmCallStep({{"TROUPE_MODELS__SCRIPT", script()}}) {}
};

TEST_F(LlmCallScripted, SaysWhatItsFileSays) {
  EXPECT_EQ(text_at(api().run(flow("@model@:@any@,@prompt@:@the weather?@")), "/output/text"),
            "It rains.");
  const Json run = api().run(flow("@model@:@scripted/any@,@prompt@:@hello@"));
  EXPECT_EQ(text_at(run, "/output/text"), "You said hello");
  EXPECT_EQ(int_at(run, "/usage/output"), 4);
  const Json failed = api().run(flow("@model@:@any@,@prompt@:@fail@"));
  EXPECT_EQ(text_at(failed, "/error/code"), "rate_limited") << failed;
}

}  // namespace
}  // namespace troupe::testing
