// Runs of a project that keeps them for a day, when weeks have gone by.
#include <gtest/gtest.h>

#include "tests/support/false_clock.h"
#include "tests/system/cluster_graphs.h"
#include "tests/system/system_test.h"

namespace troupe::testing {
namespace {

constexpr long long kDayMs = 86'400'000;
constexpr long long kPatienceMs = 20'000;

class Retention : public SystemTest {
 protected:
  Retention() : clock_(folder() + "/clock"), server_(data_dir(), clock_.environment()) {
    server_.start();
  }
  Api in(const std::string& project) { return Api(server_, {{"X-Project-Id", project}}); }
  /// Dies, and comes back so many days later than it began.
  void come_back_after(int days) {
    server_.kill_hard();
    clock_.set(days * kDayMs);
    server_.start();
  }
  /// Whether it is gone before long.
  bool goes(const std::string& run) {
    Api api = in("default");
    for (const long long began = now_ms(); now_ms() - began < kPatienceMs;) {
      if (api.get("/v1/runs/" + run + "/summary").status == 404) return true;
    }
    return false;
  }
  std::string keep_for_a_day() {
    const Answer changed =
        in("default").call("PATCH", "/v1/projects/default", R"({"retention_days":1})");
    EXPECT_EQ(changed.status, 200) << changed.text;
    return text_at(changed.body, "/retention_days");
  }
  static std::string params() { return R"({"text":")" + std::string(5000, 'x') + "\"}"; }

  FalseClock clock_;
  Server server_;
};

TEST_F(Retention, RunsGoWhenTheirTimeIsOverAndOthersStay) {
  EXPECT_EQ(keep_for_a_day(), "1");
  Api owner(server_);
  ASSERT_EQ(owner.post("/v1/projects", R"({"slug":"kept"})").status, 201);
  Api kept = in("kept");
  const std::string graph =
      quoted("{@steps@:[{@id@:@ok@,@type@:@human_task@,@name@:@o@,@task_type@:@t@},") +
      lua("b", "return {t=input.text}", "@depends_on@:[@ok@]") + "]}";
  std::vector<std::string> gone;
  std::string other;
  for (Api* api : std::vector<Api*>{&owner, &kept}) {
    const std::string flow = api->publish(graph);
    const std::string run = api->start(flow, params());
    api->wait_for(run, "human_task_created");
    EXPECT_EQ(api->post("/v1/runs/" + run + "/tasks/ok/complete", R"({"approved":true})").status,
              200);
    EXPECT_EQ(text_at(api->wait_end(run), "/status"), "completed");
    (api == &owner ? gone.emplace_back() : other) = run;
  }
  const std::string child = owner.publish(quoted("{@steps@:[") + lua("a", "return {}") + "]}");
  const std::string parent = owner.publish(
      quoted("{@steps@:[{@id@:@c@,@type@:@run_workflow@,@name@:@c@,@workflow_id@:@" + child +
             "@,@input@:{}}]}"));
  gone.push_back(text_at(owner.run(parent), "/run_id"));
  EXPECT_EQ(column(owner.get("/v1/runs"), "run_id").size(), 3u);

  come_back_after(15);
  for (const std::string& run : gone) {
    EXPECT_TRUE(goes(run));
    EXPECT_EQ(in("default").get("/v1/runs/" + run + "/events").status, 404);
    EXPECT_EQ(in("default").get("/v1/runs/" + run + "/context").status, 404);
  }
  EXPECT_TRUE(column(in("default").get("/v1/runs"), "run_id").empty());
  const Json context = in("kept").context(other);
  EXPECT_EQ(text_at(context, "/steps/b/result/t").size(), 5000u);
  const Answer told = in("default").get("/v1/analytics?period=all");
  EXPECT_EQ(text_at(told.body, "/totals/completed"), "3") << told.text;
  // Another start finds nothing of them either.
  come_back_after(16);
  EXPECT_TRUE(goes(gone.front()));
  const Outcome ended = server_.terminate();
  EXPECT_EQ(ended.exit, 0);
  EXPECT_EQ(ended.err.find("cannot be recovered"), std::string::npos) << ended.err;
  server_.start();
  EXPECT_EQ(text_at(in("kept").summary(other), "/status"), "completed");
}

TEST_F(Retention, AnOpenRunIsKeptAndHoldsTheOthersOfItsWeek) {
  keep_for_a_day();
  Api api = in("default");
  const std::string waits = api.publish(
      quoted("{@steps@:[{@id@:@w@,@type@:@wait_event@,@name@:@w@,@event@:@go@}]}"));
  const std::string open = api.start(waits, params());
  api.wait_for(open, "run_paused");
  come_back_after(15);
  Api after = in("default");
  EXPECT_EQ(text_at(after.summary(open), "/status"), "paused");
  EXPECT_EQ(after.post("/v1/runs/" + open + "/events", R"({"event":"go","data":{}})").status, 200);
  EXPECT_EQ(text_at(after.wait_end(open), "/status"), "completed");
  EXPECT_EQ(text_at(after.context(open), "/input/text").size(), 5000u);
  come_back_after(22);
  EXPECT_TRUE(goes(open));
}

TEST_F(Retention, AKeyCanBeUsedAgainWhenItsRunIsGone) {
  keep_for_a_day();
  Api api = in("default");
  const std::string flow = api.publish(
      quoted("{@steps@:[{@id@:@w@,@type@:@wait_event@,@name@:@w@,@event@:@go@},") +
      lua("a", "return {n=input.n}", "@depends_on@:[@w@]") + "]}");
  const auto start = [&](int n) {
    Api own = in("default");
    return text_at(own.command(flow, R"({"command":"start","params":{"n":)" + std::to_string(n) +
                                         "}}",
                               {{"Idempotency-Key", "k"}})
                       .body,
                   "/run_id");
  };
  const auto end = [&](Api own, const std::string& run) {
    own.wait_for(run, "step_waiting");
    EXPECT_EQ(own.post("/v1/runs/" + run + "/events", R"({"event":"go","data":{}})").status, 200);
    EXPECT_EQ(text_at(own.wait_end(run), "/status"), "completed");
    return own.events(run).size();
  };
  const std::string run = start(1);
  const std::size_t events = end(in("default"), run);
  come_back_after(15);
  EXPECT_TRUE(goes(run));
  EXPECT_EQ(start(2), run) << "the id follows from the key";
  in("default").wait_for(run, "step_waiting");
  // The journal holds the frames of both.
  come_back_after(15);
  EXPECT_EQ(end(in("default"), run), events);
  come_back_after(15);
  EXPECT_EQ(text_at(in("default").context(run), "/steps/a/result/n"), "2");
  EXPECT_EQ(text_at(in("default").events(run).front(), "/data/input/n"), "2");
  EXPECT_EQ(in("default").events(run).size(), events);
}

}  // namespace
}  // namespace troupe::testing
