// Steps of type http_request, from the graph to a service that works, fails, hangs or lies.
#include <gtest/gtest.h>

#include <set>

#include "tests/support/stub_http.h"
#include "tests/system/cluster_graphs.h"
#include "tests/system/system_test.h"

namespace troupe::testing {
namespace {

using Request = StubHttp::Request;
using Wire = StubHttp::Wire;

class HttpRequestStep : public SystemTest {
 protected:
  explicit HttpRequestStep(const std::string& allowed = "127.0.0.1",
                           const std::string& operators = "")
      : server_(data_dir(), {{"TROUPE_EGRESS__ALLOW_STEPS", allowed},
                             {"TROUPE_EGRESS__ALLOW", operators}}) {
    server_.start();
  }
  Api api() { return Api(server_); }
  /// A graph of one such step; `more` are its other fields, written as in quoted().
  std::string flow(const std::string& method, const std::string& url,
                   const std::string& more = "") {
    return api().publish(quoted("{@steps@:[{@id@:@h@,@type@:@http_request@,@name@:@h@,@method@:@" +
                                method + "@,@url@:@" + url + "@" +
                                (more.empty() ? "" : "," + more) +
                                "}],@output@:@{{steps.h.result}}@}"));
  }
  /// The code with which the only step failed.
  std::string failure(const std::string& flow) {
    const Json run = api().run(flow);
    EXPECT_EQ(text_at(run, "/status"), "failed") << run;
    return text_at(run, "/error/code");
  }
  std::string task_of(const std::string& run) {
    return text_at(api().get("/v1/runs/" + run + "/tasks/pending").body, "/items/0/task_id");
  }

  Server server_;
};

TEST_F(HttpRequestStep, AsksAsTheGraphSaysAndGivesBackWhatItIsTold) {
  StubHttp service([](const Request& request, Wire& wire) {
    if (request.path == "/text") wire.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
    else wire.answer(201, R"({"got":[1,{"a":null}]})", "X-Kind: good\r\n");
  });
  const std::string put = flow("PUT", service.url("/{{input.id}}"),
                               "@headers@:{@X-Run@:@{{run.id}}@},@body@:{@n@:@{{input.n}}@}");
  const std::string run = api().start(put, quoted("{@id@:@a7@,@n@:[1,2]}"));
  const Json ended = api().wait_end(run);
  EXPECT_EQ(int_at(ended, "/output/status"), 201) << ended;
  EXPECT_EQ(text_at(ended, "/output/headers/x-kind"), "good");
  EXPECT_EQ(boost::json::serialize(at(ended, "/output/body")), R"({"got":[1,{"a":null}]})");
  const Request asked = service.requests().at(0);
  EXPECT_EQ(asked.method + " " + asked.path + " " + asked.body, R"(PUT /a7 {"n":[1,2]})");
  EXPECT_EQ(asked.header("x-run"), run);
  EXPECT_EQ(asked.header("content-type"), "application/json");
  EXPECT_EQ(asked.header("idempotency-key"), run + "/h");
  EXPECT_TRUE(asked.header("traceparent").starts_with("00-")) << asked.head;
  EXPECT_EQ(text_at(api().context(run), "/steps/h/input/url"), service.url("/a7"));
  EXPECT_EQ(text_at(api().run(flow("GET", service.url("/text"))), "/output/body"), "hi");
}

TEST_F(HttpRequestStep, TriesAgainWhatFailedWithTheSameKeyAndWaitsAsAsked) {
  std::atomic<int> tries{0};
  StubHttp service([&](const Request&, Wire& wire) {
    switch (++tries) {
      case 1: return wire.answer(503, "{}");
      case 2: return wire.answer(429, "{}", "Retry-After: 1\r\n");
      case 3: return wire.answer(500, "{}");
      default: return wire.answer(200, "{}");
    }
  });
  const std::string patient = flow(
      "POST", service.url(), "@retry@:{@max_attempts@:4,@initial_ms@:1,@max_ms@:5}");
  const long long begun = now_ms();
  const std::string run = api().start(patient);
  EXPECT_EQ(text_at(api().wait_end(run), "/status"), "completed");
  EXPECT_GE(now_ms() - begun, 1'000);
  std::set<std::string> keys, spans;
  for (const Request& request : service.requests()) {
    keys.insert(request.header("idempotency-key"));
    spans.insert(request.header("traceparent"));
  }
  EXPECT_EQ(keys, std::set<std::string>{run + "/h"});
  EXPECT_EQ(spans.size(), 4u);
}

TEST_F(HttpRequestStep, AStatusBelow500IsAnAnswerAndTheOthersAreFailures) {
  StubHttp service([](const Request& request, Wire& wire) {
    wire.answer(std::stoi(request.path.substr(1)), "{}");
  });
  EXPECT_EQ(int_at(api().run(flow("GET", service.url("/404"))), "/output/status"), 404);
  EXPECT_EQ(int_at(api().run(flow("GET", service.url("/302"))), "/output/status"), 302);
  EXPECT_EQ(failure(flow("GET", service.url("/429"))), "rate_limited");
  EXPECT_EQ(failure(flow("POST", service.url("/500"))), "upstream_failed");
  EXPECT_EQ(failure(flow("GET", service.url("/504"))), "outcome_unknown");
  EXPECT_EQ(service.requests().size(), 5u) << "none of them says that it is to be tried again";
}

TEST_F(HttpRequestStep, EndsWithinItsTimeAndClosesTheConnection) {
  StubHttp service([](const Request& request, Wire& wire) {
    if (request.path == "/drip") {
      wire.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
      while (wire.send("x")) {}
    }
    wire.wait_closed();
  });
  for (const std::string path : {"/hang", "/drip"}) {
    const std::string slow = flow("GET", service.url(path), "@timeout_s@:0.3");
    const std::string run = api().start(slow);
    const Json ended = api().wait_end(run);
    EXPECT_EQ(text_at(ended, "/error/code"), "timeout") << ended;
    const Json step = at(api().context(run), "/steps/h");
    const long long ended_at = ms_of_day(text_at(step, "/finished_at"));
    EXPECT_LE(ended_at - ms_of_day(text_at(step, "/started_at")), 400) << step;
  }
  EXPECT_TRUE(eventually(5'000, [&] { return service.open_connections() == 0; }));
}

TEST_F(HttpRequestStep, IsCutOffByAStop) {
  StubHttp service([](const Request&, Wire& wire) { wire.wait_closed(); });
  const std::string hangs = flow("GET", service.url());
  const std::string run = api().start(hangs);
  ASSERT_TRUE(eventually(5'000, [&] { return service.open_connections() == 1; }));
  EXPECT_EQ(api().control(hangs, run, "stop").status, 200);
  EXPECT_TRUE(eventually(2'000, [&] { return service.open_connections() == 0; }));
  EXPECT_EQ(text_at(api().wait_end(run), "/status"), "stopped");
}

TEST_F(HttpRequestStep, BelievesNoAnswerThatIsBrokenOrEndless) {
  StubHttp service([](const Request& request, Wire& wire) {
    if (request.path == "/reset") return wire.reset();
    if (request.path == "/nonsense") wire.send("GARBAGE\r\n\r\n");
    if (request.path == "/half") {
      wire.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345");
    }
    if (request.path == "/endless") {
      wire.send("HTTP/1.1 200 OK\r\n\r\n");
      while (wire.send(std::string(64 << 10, 'x'))) {}
    }
    wire.close();
  });
  EXPECT_EQ(failure(flow("GET", service.url("/reset"))), "outcome_unknown");
  EXPECT_EQ(failure(flow("GET", service.url("/half"))), "outcome_unknown");
  EXPECT_EQ(failure(flow("GET", service.url("/nonsense"))), "outcome_unknown");
  EXPECT_EQ(failure(flow("GET", service.url("/endless"))), "limit_exceeded");
}

TEST_F(HttpRequestStep, OfAChangeWhoseAnswerIsLostAPersonIsAsked) {
  StubHttp service([](const Request&, Wire& wire) { wire.reset(); });
  const std::string pays = flow("POST", service.url());
  const std::string run = api().start(pays);
  api().wait_for(run, "step_waiting", "h");
  const std::string task = task_of(run);
  const Answer said = api().post("/v1/runs/" + run + "/tasks/" + task + "/complete",
                                 R"({"approved":true,"result":{"paid":true}})");
  EXPECT_EQ(said.status, 200) << said.text;
  EXPECT_EQ(text_at(api().wait_end(run), "/status"), "completed");
  EXPECT_EQ(service.requests().size(), 1u);
}

TEST_F(HttpRequestStep, AfterAKillReadingIsAskedAgainAndAChangeIsNot) {
  std::atomic<bool> works{false};
  StubHttp service([&](const Request&, Wire& wire) {
    if (works) wire.answer(200, "{}");
    else wire.wait_closed();
  });
  const std::string reads = api().start(flow("GET", service.url("/read")));
  const std::string pays = api().start(flow("POST", service.url("/pay")));
  ASSERT_TRUE(eventually(5'000, [&] { return service.requests().size() == 2; }));
  server_.kill_hard();
  works = true;
  server_.start();
  EXPECT_EQ(text_at(api().wait_end(reads), "/status"), "completed");
  api().wait_for(pays, "step_waiting", "h");
  int paid = 0;
  for (const Request& request : service.requests()) paid += request.path == "/pay" ? 1 : 0;
  EXPECT_EQ(paid, 1);
}

TEST_F(HttpRequestStep, ShowsAConnectionsSecretToItsHostsAndToNobodyElse) {
  constexpr const char* kCanary = "canary-7d02e5b1c9";
  StubHttp service([](const Request& request, Wire& wire) {
    wire.answer(200, R"({"told":")" + request.header("authorization") + request.header("x-key") +
                         request.path + R"("})");
  });
  StubHttp other([](const Request&, Wire& wire) { wire.answer(200, "{}"); });
  const std::string host = "127.0.0.1:" + std::to_string(service.port());
  const auto connect = [&](const std::string& name, const std::string& auth) {
    const Answer made = api().post("/v1/connections",
                                   quoted("{@name@:@" + name + "@," + auth + ",@hosts@:[@" + host +
                                          "@],@value@:@" + kCanary + "@}"));
    EXPECT_EQ(made.status, 201) << made.text;
    EXPECT_EQ(made.text.find(kCanary), std::string::npos);
    return text_at(made.body, "/id");
  };
  const std::string id = connect("bearer", "@auth@:@bearer@");
  connect("header", "@auth@:@header@,@auth_name@:@X-Key@");
  connect("query", "@auth@:@query@,@auth_name@:@key@");
  connect("basic", "@auth@:@basic@,@auth_name@:@ada@");
  for (const std::string& name : {id, std::string("bearer"), std::string("header"),
                                  std::string("query"), std::string("basic")}) {
    const std::string asks = flow("GET", service.url("/x"), "@connection_id@:@" + name + "@");
    const Json run = api().run(asks);
    EXPECT_EQ(text_at(run, "/status"), "completed") << run;
    const std::string shown = boost::json::serialize(at(run, "/output"));
    EXPECT_EQ(shown.find(kCanary), std::string::npos) << shown;
    const std::string path = "/v1/runs/" + text_at(run, "/run_id");
    EXPECT_EQ(api().get(path + "/events").text.find(kCanary), std::string::npos);
  }
  const std::vector<Request> asked = service.requests();
  ASSERT_EQ(asked.size(), 5u);
  EXPECT_EQ(asked[0].header("authorization"), std::string("Bearer ") + kCanary);
  EXPECT_EQ(asked[2].header("x-key"), kCanary);
  EXPECT_EQ(asked[3].path, std::string("/x?key=") + kCanary);
  EXPECT_EQ(asked[4].header("authorization"), "Basic YWRhOmNhbmFyeS03ZDAyZTViMWM5");
  EXPECT_EQ(failure(flow("GET", other.url(), "@connection_id@:@bearer@")), "forbidden");
  EXPECT_EQ(failure(flow("GET", service.url(), "@connection_id@:@none@")), "credential_missing");
  EXPECT_TRUE(other.requests().empty());

  const std::string path = "/v1/connections/" + id;
  EXPECT_EQ(api().call("PATCH", path, R"({"hosts":["evil.example"]})").status, 422);
  EXPECT_EQ(api().call("PATCH", path, R"({"value":"another-secret"})").status, 200);
  const std::string again = flow("GET", service.url("/x"), "@connection_id@:@bearer@");
  EXPECT_EQ(text_at(api().run(again), "/status"), "completed");
  EXPECT_EQ(service.requests().back().header("authorization"), "Bearer another-secret");
  const Answer uses = api().get(path + "/usage");
  EXPECT_EQ(text_at(uses.body, "/items/0/step_id"), "h") << uses.text;
  EXPECT_EQ(api().call("DELETE", path).status, 409);
  EXPECT_EQ(api().call("DELETE", path + "?force=true").status, 204);
  EXPECT_EQ(api().get(path).status, 404);
  EXPECT_EQ(text_at(api().run(again), "/error/code"), "credential_missing");
}

TEST_F(HttpRequestStep, AConnectionIsItsProjectsOwn) {
  EXPECT_EQ(api().post("/v1/projects", R"({"slug":"web"})").status, 201);
  StubHttp service([](const Request&, Wire& wire) { wire.answer(200, "{}"); });
  const std::string body = quoted("{@name@:@c@,@auth@:@bearer@,@value@:@12345678@,@hosts@:[@"
                                  "127.0.0.1:" + std::to_string(service.port()) + "@]}");
  Api web(server_, {{"X-Project-Id", "web"}});
  EXPECT_EQ(web.post("/v1/connections", body).status, 201);
  EXPECT_EQ(web.post("/v1/connections", body).status, 409) << "one of each name";
  EXPECT_EQ(column(api().get("/v1/connections"), "name").size(), 0u);
  const std::string step = "@connection_id@:@c@";
  EXPECT_EQ(failure(flow("GET", service.url(), step)), "credential_missing");
}

/// What is open to the operator's own settings is not open to steps.
class HttpRequestInside : public HttpRequestStep {
 protected:
  HttpRequestInside() : HttpRequestStep("", "127.0.0.0/8") {}
};

TEST_F(HttpRequestInside, IsNotReachedByAnyRoad) {
  StubHttp inside([](const Request&, Wire& wire) { wire.answer(200, "{}"); });
  const std::string port = std::to_string(inside.port());
  const std::string any = flow("GET", "{{input.url}}", "@retry_count@:3");
  for (const std::string& url :
       {"http://127.0.0.1:" + port, "https://localhost:" + port,
        "http://[::ffff:127.0.0.1]:" + port, "http://0x7f000001:" + port,
        std::string("http://169.254.169.254/"),
        "http://user:pass@127.0.0.1:" + port, std::string("file:///etc/passwd"),
        std::string("gopher://127.0.0.1:" + port)}) {
    const Json run = api().run(any, R"({"url":")" + url + R"("})");
    const std::string code = text_at(run, "/error/code");
    EXPECT_TRUE(code == "forbidden" || code == "invalid_request") << url << " " << run;
  }
  EXPECT_TRUE(inside.requests().empty());
}

}  // namespace
}  // namespace troupe::testing
