#include "tests/adapters/http/http_fixture.h"

namespace troupe::testing {
namespace {

class HttpRoutes : public HttpFixture {};

TEST_F(HttpRoutes, HealthNeedsNoToken) {
  serve();
  http_client::Client stranger(client_options(""));
  for (const char* path : {"/healthz", "/livez", "/readyz", "/openapi.json"}) {
    EXPECT_EQ(stranger.get(path)->status, 200) << path;
  }
  const auto refused = stranger.get("/v1/workflows");
  EXPECT_EQ(refused->status, 401);
  EXPECT_EQ(refused->header("content-type"), "application/problem+json");
  EXPECT_TRUE(refused->header("www-authenticate").starts_with("Bearer"));
  EXPECT_EQ(http_client::Client(client_options("wrong")).get("/v1/runs")->status, 401);
}

TEST_F(HttpRoutes, ReadinessNamesTheDependencyThatIsNotReady) {
  engine.health_rows = {{"store", false, "disk"}, {"sandbox", true, ""}};
  const auto response = call("GET", "/readyz");
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(text_at(response.body, "/checks/0/name"), "store");
  EXPECT_EQ(text_at(response.body, "/checks/0/detail"), "(absent)");
  EXPECT_EQ(text_at(call("GET", "/readyz?verbose").body, "/checks/0/detail"), "disk");
  EXPECT_EQ(call("GET", "/livez").status, 200);
}

TEST_F(HttpRoutes, WorkflowIsCreatedShownAndListed) {
  const auto created = call("POST", "/v1/workflows",
                            R"({"name":"w","description":"d","graph":{"steps":[]},"x":1})");
  ASSERT_EQ(created.status, 201) << created.body;
  EXPECT_EQ(created.header("etag"), "\"1\"");
  EXPECT_EQ(text_at(created.body, "/status"), "draft");
  EXPECT_EQ(text_at(created.body, "/graph/steps"), "[]");
  EXPECT_EQ(engine.rows.workflow_rows.back().project, project.id);
  const std::string path = "/v1/workflows/" + text_at(created.body, "/id");
  EXPECT_EQ(text_at(call("GET", path).body, "/name"), "w");
  EXPECT_EQ(call("GET", path, {}, {{"If-None-Match", "\"1\""}}).status, 304);
  const auto list = call("GET", "/v1/workflows?limit=1");
  EXPECT_EQ(text_at(list.body, "/items/0/name"), "first");
  EXPECT_EQ(text_at(list.body, "/next_cursor"), "more");
}

TEST_F(HttpRoutes, InvalidGraphIsRefusedWithItsIssues) {
  engine.graph_issues = {{Code::kCycle, "a", "/steps/0/depends_on", "a circle"}};
  const auto response = call("POST", "/v1/workflows", R"({"name":"w","graph":{"steps":[]}})");
  EXPECT_EQ(response.status, 422);
  EXPECT_EQ(text_at(response.body, "/code"), "validation_failed");
  EXPECT_EQ(text_at(response.body, "/errors/0/pointer"), "/graph/steps/0/depends_on");
  EXPECT_EQ(text_at(response.body, "/issues/0/pointer"), "/steps/0/depends_on");
  EXPECT_EQ(text_at(response.body, "/issues/0/code"), "cycle");
  EXPECT_EQ(text_at(response.body, "/issues/0/step"), "a");
}

TEST_F(HttpRoutes, PatchNeedsTheDraftsEtag) {
  const std::string path = in_workflow("");
  EXPECT_EQ(call("PATCH", path, R"({"name":"n"})").status, 428);
  EXPECT_EQ(call("PATCH", path, R"({"name":"n"})", {{"If-Match", "\"7\""}}).status, 412);
  EXPECT_EQ(call("PATCH", path, R"({"name":"n"})", {{"If-Match", "W/\"1\""}}).status, 412);
  const auto changed = call("PATCH", path, R"({"name":"n"})", {{"If-Match", "\"1\""}});
  EXPECT_EQ(changed.status, 200);
  EXPECT_EQ(changed.header("etag"), "\"2\"");
  EXPECT_EQ(text_at(changed.body, "/name"), "n");
  EXPECT_EQ(text_at(changed.body, "/graph/steps"), "[]");
  EXPECT_EQ(call("PATCH", path, R"({"name":"m"})", {{"If-Match", "*"}}).status, 200);
}

TEST_F(HttpRoutes, DeletedWorkflowIsArchivedAndStartsNoRun) {
  EXPECT_EQ(call("POST", in_workflow("/command"), R"({"command":"start"})").status, 200);
  EXPECT_EQ(call("DELETE", in_workflow("")).status, 204);
  EXPECT_EQ(text_at(call("GET", in_workflow("")).body, "/status"), "archived");
  EXPECT_EQ(text_at(call("GET", "/v1/workflows").body, "/items"), "[]");
  EXPECT_EQ(call("POST", in_workflow("/command"), R"({"command":"start"})").status, 409);
  EXPECT_EQ(call("POST", in_workflow("/versions")).status, 409);
}

TEST_F(HttpRoutes, VersionsArePublishedListedAndShown) {
  const auto published = call("POST", in_workflow("/versions"), R"({"changelog":"first"})");
  ASSERT_EQ(published.status, 201) << published.body;
  EXPECT_EQ(text_at(published.body, "/version"), "1");
  EXPECT_EQ(text_at(published.body, "/workflow_id"), FakeEngine::kWorkflow);
  EXPECT_EQ(text_at(published.body, "/graph_snapshot/steps"), "[]");
  EXPECT_EQ(text_at(published.body, "/published_at"), "2023-11-14T22:13:20.000Z");
  EXPECT_EQ(call("POST", in_workflow("/versions")).status, 201) << "the body is optional";
  EXPECT_EQ(text_at(call("GET", in_workflow("/versions")).body, "/items/1/version"), "2");
  EXPECT_EQ(call("GET", in_workflow("/versions/2")).status, 200);
  EXPECT_EQ(call("GET", in_workflow("/versions/3")).status, 404);
  EXPECT_EQ(call("GET", in_workflow("/versions/x")).status, 404);
}

TEST_F(HttpRoutes, ValidateChecksTheGivenGraphOrTheDraft) {
  const auto valid = call("POST", in_workflow("/validate"));
  EXPECT_EQ(text_at(valid.body, "/valid"), "true");
  EXPECT_EQ(engine.last_call, R"(validate {"steps":[]} )");
  engine.graph_issues = {{Code::kUnknownField, "", "/x", "odd", true},
                         {Code::kCycle, "a", "", "c"}};
  const auto found = call("POST", in_workflow("/validate"),
                          R"({"graph":{"steps":[1]},"trigger_payload":{"a":1}})");
  EXPECT_EQ(found.status, 200);
  EXPECT_EQ(engine.last_call, R"(validate {"steps":[1]} {"a":1})");
  EXPECT_EQ(text_at(found.body, "/valid"), "false");
  EXPECT_EQ(text_at(found.body, "/issues/0/severity"), "warning");
  EXPECT_EQ(text_at(found.body, "/checks_performed/0"), "cycles");
}

TEST_F(HttpRoutes, StartTakesParamsAsInput) {
  const auto started = call("POST", in_workflow("/command"),
                            R"({"command":"start","params":{"order":"12"}})");
  ASSERT_EQ(started.status, 200) << started.body;
  EXPECT_EQ(text_at(started.body, "/run_id"), FakeEngine::kRun);
  EXPECT_EQ(text_at(started.body, "/status"), "running");
  EXPECT_EQ(text_at(started.body, "/workflow_id"), FakeEngine::kWorkflow);
  EXPECT_EQ(text_at(started.body, "/version"), "1");
  EXPECT_EQ(text_at(started.body, "/started_at"), "2023-11-14T22:13:20.000Z");
  EXPECT_EQ(engine.last_start.input.view(), R"({"order":"12"})");
  EXPECT_TRUE(engine.last_start.input_given);
  EXPECT_EQ(engine.last_start.workspace, workspace.id);
  EXPECT_EQ(engine.last_start.project, project.id);
}

TEST_F(HttpRoutes, SecondStartAsksNoStoreForItsScope) {
  call("POST", in_workflow("/command"), R"({"command":"start"})");
  const int reads = engine.reads;
  EXPECT_EQ(call("POST", in_workflow("/command"), R"({"command":"start"})").status, 200);
  EXPECT_EQ(engine.reads, reads);
}

TEST_F(HttpRoutes, RepeatedKeyComesWithTheDigestOfTheCanonicalBody) {
  const http_client::Headers key = {{"Idempotency-Key", "k1"}};
  call("POST", in_workflow("/command"), R"({"command":"start","params":{"a":1}})", key);
  const Digest first = engine.last_start.request;
  EXPECT_EQ(engine.last_start.idempotency_key, "k1");
  call("POST", in_workflow("/command"), R"({ "command" : "start", "params" : { "a" : 1 } })", key);
  EXPECT_EQ(engine.last_start.request, first);
  call("POST", in_workflow("/command"), R"({"command":"start","params":{"a":2}})", key);
  EXPECT_NE(engine.last_start.request, first);
  const http_client::Headers long_key = {{"Idempotency-Key", std::string(256, 'k')}};
  EXPECT_EQ(call("POST", in_workflow("/command"), R"({"command":"start"})", long_key).status, 400);
}

TEST_F(HttpRoutes, EngineErrorsKeepTheirCode) {
  const std::pair<Code, int> cases[] = {
      {Code::kNotPublished, 409}, {Code::kIdempotencyMismatch, 422}, {Code::kOverloaded, 503},
      {Code::kStorageFull, 507},  {Code::kRateLimited, 429},         {Code::kInternal, 500}};
  serve();
  call("POST", in_workflow("/command"), R"({"command":"start"})");
  engine.error = Error{Code::kUnavailable, "at host 10.0.0.1", {}, "The store is away."};
  const auto away = call("POST", in_workflow("/command"), R"({"command":"start"})");
  EXPECT_EQ(text_at(away.body, "/detail"), "The store is away.");
  EXPECT_EQ(away.body.find("10.0.0.1"), std::string::npos);
  for (const auto& [code, status] : cases) {
    engine.error = Error{code, "because", {}};
    const auto response = call("POST", in_workflow("/command"), R"({"command":"start"})");
    EXPECT_EQ(response.status, status);
    EXPECT_EQ(text_at(response.body, "/code"), info(code).name);
    // Of a bug nobody outside is told more than that there is one.
    const std::string_view told = status == 500 ? info(code).title : "because";
    EXPECT_EQ(text_at(response.body, "/error"), told);
    EXPECT_EQ(text_at(response.body, "/detail"), told);
    EXPECT_EQ(text_at(response.body, "/status"), std::to_string(status));
    const bool again = status == 503 || status == 429;
    EXPECT_EQ(response.header("retry-after"), again ? "1" : "");
  }
}

TEST_F(HttpRoutes, OtherCommandsNameTheirRun) {
  const std::string id = FakeEngine::kRun;
  const std::tuple<const char*, const char*, Control> cases[] = {
      {"pause", "", Control::kPause},
      {"resume", "", Control::kResume},
      {"cancel", "", Control::kStopImmediate},
      {"stop", "", Control::kStopImmediate},
      {"stop", R"(,"mode":"immediate")", Control::kStopImmediate},
      {"stop", R"(,"mode":"graceful")", Control::kStopGraceful}};
  for (const auto& [command, more, expected] : cases) {
    const auto in_params = call("POST", in_workflow("/command"),
                                std::string(R"({"command":")") + command +
                                    R"(","params":{"run_id":")" + id + "\"" + more + "}}");
    EXPECT_EQ(in_params.status, 200) << in_params.body;
    EXPECT_EQ(text_at(in_params.body, "/run_id"), id);
    EXPECT_EQ(engine.last_control, expected);
    engine.last_control.reset();
    call("POST", in_workflow("/command"),
         std::string(R"({"command":")") + command + R"(","run_id":")" + id + "\"" + more + "}");
    EXPECT_EQ(engine.last_control, expected);
  }
  const auto retried = call("POST", in_workflow("/command"),
                            R"({"command":"retry","params":{"run_id":")" + id +
                                R"(","from_step":"s","input":{"a":1},"version":3}})");
  EXPECT_EQ(retried.status, 200) << retried.body;
  EXPECT_EQ(engine.last_retry.from_step, "s");
  EXPECT_EQ(engine.last_retry.version, 3);
  EXPECT_EQ(engine.last_retry.input.view(), R"({"a":1})");
}

TEST_F(HttpRoutes, RunOfAnotherWorkflowIsAbsent) {
  store::Workflow other = workflow;
  other.id = WorkflowId(*Uuid::parse("01890000-0000-7000-8000-0000000000ac"));
  engine.rows.workflow_rows.push_back(other);
  const std::string path = "/v1/workflows/" + other.id.to_string();
  const std::string id = FakeEngine::kRun;
  EXPECT_EQ(call("POST", path + "/command", R"({"command":"pause","run_id":")" + id + "\"}").status,
            404);
  EXPECT_FALSE(engine.last_control.has_value());
  for (const char* tail : {"", "/summary", "/events", "/context", "/logs", "/steps/s/items",
                           "/values/v", "/tasks/pending"}) {
    const auto absent = call("GET", path + "/runs/" + id + tail);
    EXPECT_EQ(absent.status, 404) << tail;
    EXPECT_EQ(call("GET", in_workflow("/runs/") + id + tail).status, 200) << tail;
    EXPECT_EQ(call("GET", in_run(tail)).status, 200) << tail;
  }
}

TEST_F(HttpRoutes, BatchIsAllInOneCall) {
  const auto started = call("POST", in_workflow("/runs:batch"),
                            R"({"items":[{"input":{"n":1}},{"input":{"n":2},"external_id":"e"}]})",
                            {{"Idempotency-Key", "b"}});
  ASSERT_EQ(started.status, 200) << started.body;
  EXPECT_EQ(text_at(started.body, "/run_ids/1"), FakeEngine::kRun);
  EXPECT_EQ(engine.last_items.at(1).external_id, "e");
  EXPECT_EQ(engine.last_items.at(0).input.view(), R"({"n":1})");
  EXPECT_EQ(engine.last_start.idempotency_key, "b");
}

TEST_F(HttpRoutes, SummaryHasOptionalMembersOnlyWhereTheyHold) {
  const auto running = call("GET", in_run("/summary"));
  EXPECT_EQ(text_at(running.body, "/run_complete"), "false");
  EXPECT_EQ(text_at(running.body, "/finished_at"), "null");
  for (const char* absent :
       {"/pause_reason", "/external_id", "/error", "/output", "/retried_from"}) {
    EXPECT_EQ(text_at(running.body, absent), "(absent)");
  }
  store::RunRow& row = engine.rows.run_rows.front();
  row.status = store::RunStatus::kPaused;
  row.pause_reason = store::PauseReason::kHuman;
  EXPECT_EQ(text_at(call("GET", in_run("")).body, "/pause_reason"), "human");
  row.status = store::RunStatus::kCompleted;
  row.pause_reason = store::PauseReason::kNone;
  row.output = "39.98";
  EXPECT_EQ(text_at(call("GET", in_run("/summary")).body, "/output"), "39.98");
  EXPECT_EQ(text_at(call("GET", in_run("/summary")).body, "/run_complete"), "true");
}

TEST_F(HttpRoutes, RunListPassesItsFilters) {
  const auto list = call("GET", "/v1/runs?status=running&from=2023-01-01T00:00:00Z&limit=999");
  EXPECT_EQ(text_at(list.body, "/items/0/run_id"), FakeEngine::kRun);
  EXPECT_EQ(text_at(list.body, "/next_cursor"), "null");
  EXPECT_EQ(engine.rows.last_page.limit, 200u);
  call("GET", "/v1/runs?external_id=a%20b&q=x&cursor=c");
  EXPECT_EQ(engine.rows.last_filter.external_id, "a b");
  EXPECT_EQ(engine.rows.last_filter.q, "x");
  EXPECT_EQ(engine.rows.last_page.cursor, "c");
  call("GET", in_workflow("/runs"));
  EXPECT_EQ(engine.rows.last_filter.workflow, workflow.id);
}

TEST_F(HttpRoutes, ReadsOfARunPassTheirPosition) {
  call("GET", in_run("/events?after=4&limit=7"));
  EXPECT_EQ(engine.last_call, "events 4 7");
  call("GET", in_run("/events"));
  EXPECT_EQ(engine.last_call, "events 0 50");
  call("GET", in_run("/steps/loop%231%23x/items?limit=3"));
  EXPECT_EQ(engine.last_call, "items loop#1#x -1 3");
  call("GET", in_run("/steps/each/items?after=9"));
  EXPECT_EQ(engine.last_call, "items each 9 50");
  call("GET", in_run("/logs?after=2"));
  EXPECT_EQ(engine.last_call, "logs 2 50");
  EXPECT_EQ(call("GET", in_run("/values/abc")).body, "[1,2]");
  EXPECT_EQ(engine.last_call, "value abc");
}

TEST_F(HttpRoutes, EventsAreSentToARunOrToWhoeverWaits) {
  EXPECT_EQ(call("POST", in_run("/events"), R"({"event":"paid","key":"7","data":{"a":1}})").status,
            200);
  EXPECT_EQ(engine.last_call, R"(send_event paid 7 {"a":1})");
  const auto broadcast = call("POST", "/v1/events", R"({"event":"paid"})");
  EXPECT_EQ(text_at(broadcast.body, "/delivered"), "2");
  EXPECT_EQ(engine.last_call, "broadcast_event paid  null");
}

TEST_F(HttpRoutes, TasksAreListedAndDecidedOnce) {
  store::TaskRow task;
  task.id = TaskId(*Uuid::parse(FakeEngine::kTask));
  task.run = run.id;
  task.workspace = workspace.id;
  task.project = project.id;
  task.workflow = workflow.id;
  task.step_id = "ok";
  task.task_type = "approval";
  task.payload = R"({"q":1})";
  task.created = clock.now();
  engine.rows.task_rows.push_back(task);
  EXPECT_EQ(text_at(call("GET", "/v1/tasks/pending").body, "/items/0/step_id"), "ok");
  EXPECT_EQ(text_at(call("GET", in_run("/tasks/pending")).body, "/items/0/task_payload/q"), "1");
  const auto done = call("POST", in_run("/tasks/ok/complete"), R"({"decision":"reject"})");
  EXPECT_EQ(done.body, std::string(R"({"status":"completed","task_id":")") + FakeEngine::kTask +
                           R"(","approved":false})");
  EXPECT_EQ(engine.last_answer.task, "ok");
  EXPECT_EQ(engine.last_answer.by, "operator");
  engine.rows.task_rows[0].decision = R"({"approved":false,"by":"owner"})";
  engine.error = Error{Code::kTaskCompleted, "The task was rejected.", {}};
  const auto twice = call("POST", in_run("/tasks/") + FakeEngine::kTask + "/complete",
                          R"({"approved":true})");
  EXPECT_EQ(twice.status, 409);
  EXPECT_EQ(text_at(twice.body, "/code"), "task_completed");
  EXPECT_EQ(text_at(twice.body, "/decision/approved"), "false");
}

TEST_F(HttpRoutes, ScopeComesFromTheHeaders) {
  ASSERT_EQ(call("POST", "/v1/workspaces", R"({"slug":"acme","name":"Acme"})").status, 201);
  EXPECT_EQ(call("POST", "/v1/workspaces", R"({"slug":"acme"})").status, 409);
  const http_client::Headers acme = {{"X-Tenant-Id", "acme"}};
  const auto project_row = call("POST", "/v1/projects", R"({"slug":"p"})", acme);
  ASSERT_EQ(project_row.status, 201) << project_row.body;
  EXPECT_EQ(text_at(call("GET", "/v1/projects", {}, acme).body, "/items/0/slug"), "p");
  EXPECT_EQ(text_at(call("GET", "/v1/workspaces").body, "/items/1/name"), "Acme");

  const http_client::Headers by_slug = {{"X-Tenant-Id", "acme"}, {"X-Project-Id", "p"}};
  ASSERT_EQ(call("POST", "/v1/workflows", R"({"name":"w","graph":{}})", by_slug).status, 201);
  EXPECT_EQ(engine.rows.workflow_rows.back().project.to_string(), text_at(project_row.body, "/id"));
  const http_client::Headers by_id = {{"X-Tenant-Id", "acme"},
                                      {"X-Project-Id", text_at(project_row.body, "/id")}};
  EXPECT_EQ(text_at(call("GET", "/v1/workflows", {}, by_id).body, "/items/0/name"), "w");
  EXPECT_EQ(call("GET", in_workflow(""), {}, by_id).status, 404) << "another workspace's";
  EXPECT_EQ(call("POST", in_workflow("/command"), R"({"command":"start"})", by_id).status, 404);
  EXPECT_EQ(call("GET", in_run(""), {}, by_id).status, 404);
  EXPECT_EQ(call("GET", "/v1/runs", {}, {{"X-Tenant-Id", "nobody"}}).status, 404);
  EXPECT_EQ(call("GET", "/v1/runs", {}, {{"X-Project-Id", "none"}}).status, 404);
}

TEST_F(HttpRoutes, AbsentAndMalformedIdsGiveTheSameAnswer) {
  const auto malformed = call("GET", "/v1/runs/nonsense/summary");
  const auto absent = call("GET", "/v1/runs/01890000-0000-7000-8000-00000000ffff/summary");
  EXPECT_EQ(malformed.status, 404);
  EXPECT_EQ(malformed.body, absent.body);
}

TEST_F(HttpRoutes, MetricsAreFreeOnLoopbackAndCountRequestsByRoute) {
  serve();
  EXPECT_EQ(call("GET", in_run("/summary")).status, 200);
  const auto text = http_client::Client(client_options("")).get("/metrics");
  ASSERT_EQ(text->status, 200);
  EXPECT_TRUE(text->header("content-type").starts_with("text/plain; version=0.0.4"));
  EXPECT_NE(text->body.find("troupe_http_request_duration_seconds_count{code=\"200\","
                            "route=\"/v1/runs/{run}/summary\"} 1"),
            std::string::npos)
      << text->body;
  EXPECT_NE(text->body.find("troupe_build_info{version=\"test\"} 1"), std::string::npos);
  EXPECT_NE(text->body.find("troupe_runs_started_total 0"), std::string::npos);
}

TEST_F(HttpRoutes, MetricsNeedATokenBehindAProxy) {
  options.behind_proxy = true;
  serve();
  EXPECT_EQ(http_client::Client(client_options("")).get("/metrics")->status, 401);
  EXPECT_EQ(call("GET", "/metrics").status, 200);
}

}  // namespace
}  // namespace troupe::testing
