// Jobs over many runs: each run once, also through a kill, and only those that were meant.
#include <set>

#include "tests/system/access_store.h"
#include "tests/system/people.h"
#include "tests/system/system_test.h"

namespace troupe::testing {
namespace {

constexpr long long kPatienceMs = 60'000;

class Bulk : public SystemTest {
 protected:
  Bulk() : server_(data_dir(), access_environment(folder())) { server_.start(); }

  Api api() const { return Api(server_); }
  static std::string waiting_graph() {
    return quoted("{@steps@:[{@id@:@w@,@type@:@wait_event@,@name@:@w@,@event@:@never@}]}");
  }
  /// So many at once, and all of them asleep.
  static std::vector<std::string> start_waiting(Api& api, const std::string& flow, int count) {
    std::vector<std::string> runs;
    while (static_cast<int>(runs.size()) < count) {
      std::string items;
      const int piece = std::min<int>(1000, count - static_cast<int>(runs.size()));
      for (int i = 0; i < piece; ++i) items += (i == 0 ? "" : ",") + std::string("{\"input\":{}}");
      const Answer made =
          api.post("/v1/workflows/" + flow + "/runs:batch", "{\"items\":[" + items + "]}");
      EXPECT_EQ(made.status, 200) << made.text;
      for (int i = 0; i < piece; ++i) {
        runs.push_back(text_at(made.body, "/run_ids/" + std::to_string(i)));
      }
    }
    for (const long long began = now_ms(); now_ms() - began < kPatienceMs;) {
      const Answer live = api.get("/v1/analytics?workflow_id=" + flow);
      if (int_at(live.body, "/live/paused") == count) break;
    }
    return runs;
  }
  static std::string job_of(Api& api, const std::string& body,
                            const http_client::Headers& headers = {}) {
    const Answer made = api.post("/v1/runs:bulk", body, headers);
    EXPECT_EQ(made.status, 202) << made.text;
    return text_at(made.body, "/job_id");
  }
  /// Its state once it has ended.
  static Json wait_job(Api& api, const std::string& job) {
    for (const long long began = now_ms(); now_ms() - began < kPatienceMs;) {
      Answer seen = api.get("/v1/jobs/" + job);
      EXPECT_EQ(seen.status, 200) << seen.text;
      if (seen.status != 200 || text_at(seen.body, "/status") != "running") return seen.body;
    }
    ADD_FAILURE() << "the job does not end";
    return {};
  }
  static std::size_t count(Api& api, const std::string& filter) {
    std::size_t runs = 0;
    for (std::string cursor; cursor != "null";) {
      const Answer page = api.get("/v1/runs?limit=200" + filter +
                                  (cursor.empty() ? "" : "&cursor=" + cursor));
      runs += column(page, "run_id").size();
      cursor = text_at(page.body, "/next_cursor");
    }
    return runs;
  }

  Server server_;
};

TEST_F(Bulk, ADryRunCountsAndDoesNothing) {
  Api api = this->api();
  const std::string flow = api.publish(waiting_graph());
  const std::string other = api.publish(waiting_graph());
  start_waiting(api, flow, 30);
  start_waiting(api, other, 5);
  const auto matched = [&](const std::string& body) {
    const Answer counted = api.post("/v1/runs:bulk", body);
    EXPECT_EQ(counted.status, 202) << counted.text;
    EXPECT_EQ(text_at(counted.body, "/job_id"), "null");
    return int_at(counted.body, "/matched");
  };
  EXPECT_EQ(matched(R"({"action":"stop","filter":{},"dry_run":true})"), 35);
  EXPECT_EQ(matched(R"({"action":"retry","filter":{},"dry_run":true})"), 0);
  EXPECT_EQ(matched(R"({"action":"stop","dry_run":true,"filter":{"workflow_id":")" + other +
                    R"(","status":"paused"}})"),
            5);
  EXPECT_EQ(matched(R"({"action":"stop","filter":{"status":"failed"},"dry_run":true})"), 0);
  EXPECT_EQ(matched(R"({"action":"stop","filter":{"to":"2020-01-01T00:00:00Z"},"dry_run":true})"),
            0);
  EXPECT_EQ(count(api, "&status=paused"), 35u);
  EXPECT_TRUE(column(api.get("/v1/jobs"), "job_id").empty());
}

TEST_F(Bulk, StopsWhatItsFilterSelectsAndNothingElse) {
  Api api = this->api();
  const std::string flow = api.publish(waiting_graph());
  const std::string other = api.publish(waiting_graph());
  start_waiting(api, flow, 700);
  const std::string spared = start_waiting(api, other, 1).front();
  const std::string body =
      R"({"action":"stop","filter":{"workflow_id":")" + flow + "\"}}";
  const std::string job = job_of(api, body, {{"Idempotency-Key", "k"}});
  const Json ended = wait_job(api, job);
  EXPECT_EQ(text_at(ended, "/status"), "completed");
  EXPECT_EQ(int_at(ended, "/matched"), 700);
  EXPECT_EQ(int_at(ended, "/done"), 700);
  EXPECT_EQ(int_at(ended, "/failed"), 0);
  EXPECT_EQ(text_at(ended, "/mode"), "immediate");
  EXPECT_EQ(count(api, "&status=stopped"), 700u);
  EXPECT_EQ(text_at(api.summary(spared), "/status"), "paused");
  EXPECT_EQ(job_of(api, body, {{"Idempotency-Key", "k"}}), job) << "the same request";
  EXPECT_EQ(api.post("/v1/runs:bulk", R"({"action":"stop","filter":{}})",
                     {{"Idempotency-Key", "k"}})
                .status,
            422);
  EXPECT_EQ(column(api.get("/v1/jobs"), "job_id"), std::vector<std::string>{job});
  EXPECT_EQ(api.post("/v1/jobs/" + job + "/cancel", "").status, 409);
}

TEST_F(Bulk, TriesEachRunAgainOnceWhateverDies) {
  Api api = this->api();
  const std::string flow =
      api.publish(quoted("{@steps@:[") + lua("a", "error('no')") + "]}");
  std::string items;
  for (int i = 0; i < 900; ++i) items += (i == 0 ? "" : ",") + std::string("{\"input\":{}}");
  ASSERT_EQ(api.post("/v1/workflows/" + flow + "/runs:batch", "{\"items\":[" + items + "]}").status,
            200);
  while (int_at(api.get("/v1/analytics").body, "/totals/failed") < 900) {
  }
  const std::string job = job_of(api, R"({"action":"retry","filter":{}})");
  while (int_at(api.get("/v1/jobs/" + job).body, "/done") == 0) {
  }
  for (int kill = 0; kill < 3; ++kill) {
    server_.kill_hard();
    server_.start();
  }
  Api after = this->api();
  const Json ended = wait_job(after, job);
  EXPECT_EQ(text_at(ended, "/status"), "completed");
  EXPECT_EQ(int_at(ended, "/done"), 900);
  EXPECT_EQ(int_at(ended, "/failed"), 0);
  EXPECT_EQ(count(after, ""), 1800u) << "those that were, and one for each";
}

TEST_F(Bulk, IsCancelledInTheMiddle) {
  Api api = this->api();
  const std::string flow = api.publish(waiting_graph());
  start_waiting(api, flow, 6000);
  const std::string job = job_of(api, R"({"action":"stop","filter":{}})");
  while (int_at(api.get("/v1/jobs/" + job).body, "/done") == 0) {
  }
  const Answer cancelled = api.post("/v1/jobs/" + job + "/cancel", "");
  ASSERT_EQ(cancelled.status, 200) << cancelled.text;
  EXPECT_EQ(text_at(cancelled.body, "/status"), "cancelled");
  EXPECT_EQ(api.post("/v1/jobs/" + job + "/cancel", "").status, 200) << "the state asked for";
  // What was asked of runs before comes to its end, and no page follows.
  std::size_t left = 0;
  for (std::size_t before = 1; before != left;) {
    before = left;
    left = count(api, "&status=paused");
  }
  EXPECT_GT(left, 0u);
  server_.kill_hard();
  server_.start();
  Api after = this->api();
  EXPECT_EQ(text_at(after.get("/v1/jobs/" + job).body, "/status"), "cancelled");
  EXPECT_EQ(count(after, "&status=paused"), left);
}

TEST_F(Bulk, EachPlaceHasItsOwnJobs) {
  const Person ada = Person::sign_up(server_, "ada", "acme");
  const Person eve = Person::sign_up(server_, "eve", "evil");
  ASSERT_EQ(ada.in("acme").post("/v1/projects", R"({"slug":"web"})").status, 201);
  Api web = ada.in("acme", "web");
  Api home = ada.in("acme", "default");
  Api evil = eve.in("evil", "default");
  start_waiting(web, web.publish(waiting_graph()), 3);
  start_waiting(home, home.publish(waiting_graph()), 3);
  const std::string job = job_of(web, R"({"action":"stop","filter":{},"mode":"graceful"})");
  EXPECT_EQ(int_at(wait_job(web, job), "/done"), 3);
  EXPECT_EQ(count(home, "&status=paused"), 3u);
  for (Api* other : {&home, &evil}) {
    EXPECT_EQ(other->get("/v1/jobs/" + job).status, 404);
    EXPECT_EQ(other->post("/v1/jobs/" + job + "/cancel", "").status, 404);
    EXPECT_TRUE(column(other->get("/v1/jobs"), "job_id").empty());
  }
  EXPECT_EQ(int_at(wait_job(evil, job_of(evil, R"({"action":"stop","filter":{}})")), "/done"), 0);
  EXPECT_EQ(count(home, "&status=paused"), 3u);
}

TEST_F(Bulk, WhatIsUnclearIsRefusedWithItsPlace) {
  Api api = this->api();
  struct Case {
    const char* body;
    const char* pointer;
  };
  const Case cases[] = {
      {R"({"filter":{}})", "/action"},
      {R"({"action":"burn","filter":{}})", "/action"},
      {R"({"action":"stop"})", "/filter"},
      {R"({"action":"stop","filter":[]})", "/filter"},
      {R"({"action":"stop","filter":{"statuses":"x"}})", "/filter/statuses"},
      {R"({"action":"stop","filter":{"status":"gone"}})", "/filter/status"},
      {R"({"action":"stop","filter":{"workflow_id":"x"}})", "/filter/workflow_id"},
      {R"({"action":"stop","filter":{"from":"soon"}})", "/filter/from"},
      {R"({"action":"retry","mode":"graceful","filter":{}})", "/mode"},
      {R"({"action":"stop","filter":{},"dry_run":"yes"})", "/dry_run"},
  };
  for (const Case& one : cases) {
    const Answer refused = api.post("/v1/runs:bulk", one.body);
    EXPECT_EQ(refused.status, 422) << one.body << refused.text;
    EXPECT_EQ(text_at(refused.body, "/errors/0/pointer"), one.pointer) << refused.text;
  }
  EXPECT_EQ(api.get("/v1/jobs/x").status, 404);
}

}  // namespace
}  // namespace troupe::testing
