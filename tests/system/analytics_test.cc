// What is told of many runs is what their histories say: every figure is counted again from the
// events of each run.
#include <map>
#include <set>

#include "tests/system/access_store.h"
#include "tests/system/people.h"
#include "tests/system/system_test.h"

namespace troupe::testing {
namespace {

struct Count {
  long long started = 0, completed = 0, failed = 0, stopped = 0, steps = 0;
  bool operator==(const Count&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Count& count) {
  return out << count.started << " started, " << count.completed << " completed, " << count.failed
             << " failed, " << count.stopped << " stopped, " << count.steps << " steps";
}

long long number_at(const Json& body, const std::string& pointer) {
  return std::stoll(text_at(body, pointer));
}

Count count_at(const Json& body, const std::string& pointer) {
  return {number_at(body, pointer + "/started"), number_at(body, pointer + "/completed"),
          number_at(body, pointer + "/failed"), number_at(body, pointer + "/stopped"),
          number_at(body, pointer + "/steps")};
}

class Analytics : public SystemTest {
 protected:
  Analytics() : server_(data_dir(), access_environment(folder())) { server_.start(); }

  /// From the journal, as it is read by whoever asks for a run's events.
  static Count recount(Api& api, const std::vector<std::string>& runs) {
    Count count;
    for (const std::string& run : runs) {
      std::set<std::string> done;
      bool has_ended = false;
      for (const Json& event : api.events(run)) {
        const std::string type = text_at(event, "/event_type");
        count.started += type == "run_created";
        count.completed += type == "run_completed";
        count.failed += type == "run_failed";
        count.stopped += type == "run_stopped";
        has_ended |= type == "run_completed" || type == "run_failed" || type == "run_stopped";
        if (type == "step_completed" || type == "step_failed" || type == "step_cancelled") {
          done.insert(text_at(event, "/step_id"));
        }
      }
      if (has_ended) count.steps += static_cast<long long>(done.size());
    }
    return count;
  }
  static std::vector<std::string> runs(Api& api, const std::string& filter = "") {
    return column(api.get("/v1/runs?limit=200" + filter), "run_id");
  }

  /// The last of the workflows has runs that wait.
  static void expect_recounted(Api& api, const std::vector<std::string>& flows) {
    const Answer told = api.get("/v1/analytics");
    ASSERT_EQ(told.status, 200) << told.text;
    EXPECT_EQ(count_at(told.body, "/totals"), recount(api, runs(api)));
    EXPECT_EQ(text_at(told.body, "/live/paused"), "2");
    EXPECT_EQ(text_at(told.body, "/live/total"), "2");
    EXPECT_EQ(at(told.body, "/totals/success_rate"), parse_json("0.5"));
    for (const std::string& flow : flows) {
      const Answer own = api.get("/v1/analytics?workflow_id=" + flow);
      const Count counted = recount(api, runs(api, "&workflow_id=" + flow));
      EXPECT_EQ(count_at(own.body, "/totals"), counted);
      EXPECT_EQ(text_at(own.body, "/workflows/0/workflow_id"), flow);
      EXPECT_EQ(count_at(own.body, "/workflows/0"), counted);
    }
    for (const std::string interval : {"hour", "day", "week", "month"}) {
      const Answer by = api.get("/v1/analytics?interval=" + interval);
      Count sum;
      for (std::size_t i = 0;; ++i) {
        const std::string one_of = "/timeseries/" + std::to_string(i);
        if (text_at(by.body, one_of + "/at") == "null") break;
        const Count one = count_at(by.body, one_of);
        sum = {sum.started + one.started, sum.completed + one.completed, sum.failed + one.failed,
               sum.stopped + one.stopped, sum.steps + one.steps};
      }
      EXPECT_EQ(sum, count_at(told.body, "/totals")) << interval;
    }
    EXPECT_EQ(count_at(api.get("/v1/analytics?period=all").body, "/totals"),
              count_at(told.body, "/totals"));
  }

  Server server_;
};

TEST_F(Analytics, EveryFigureIsARecountOfTheJournal) {
  const Person ada = Person::sign_up(server_, "ada", "acme");
  Api api = ada.in("acme", "default");
  const std::string good = api.publish(
      quoted("{@steps@:[") + lua("a", "return {}") + "," +
      lua("b", "return {}", "@depends_on@:[@a@],@condition@:@{{input.more}}@") + "]}");
  const std::string bad = api.publish(quoted("{@steps@:[") + lua("a", "error('no')") + "," +
                                      lua("b", "return {}", "@depends_on@:[@a@]") + "]}");
  const std::string waits = api.publish(
      quoted("{@steps@:[{@id@:@w@,@type@:@wait_event@,@name@:@w@,@event@:@never@}]}"));
  for (int i = 0; i < 7; ++i) api.run(good, i % 2 == 0 ? R"({"more":true})" : "{}");
  for (int i = 0; i < 4; ++i) api.run(bad);
  std::vector<std::string> waiting;
  for (int i = 0; i < 5; ++i) {
    waiting.push_back(api.start(waits));
    api.wait_for(waiting.back(), "run_paused");
  }
  for (int i = 0; i < 2; ++i) {
    ASSERT_EQ(api.control(waits, waiting[i], "stop").status, 200);
    api.wait_end(waiting[i]);
  }
  server_.kill_hard();
  server_.start();
  Api after = ada.in("acme", "default");
  ASSERT_EQ(after.control(waits, waiting[2], "stop").status, 200);
  after.wait_end(waiting[2]);
  expect_recounted(after, {good, bad, waits});
}

TEST_F(Analytics, EachPlaceHasItsOwnAndAViewerMayRead) {
  const Person ada = Person::sign_up(server_, "ada", "acme");
  const Person bob = Person::sign_up(server_, "bob", "bobs");
  bring_in(ada.in("acme"), bob, "bob", "tenant_member");
  ASSERT_EQ(ada.in("acme").post("/v1/projects", R"({"slug":"web","private":true})").status, 201);
  Api web = ada.in("acme", "web");
  web.run(web.publish(quoted("{@steps@:[") + lua("a", "return {}") + "]}"));
  EXPECT_EQ(text_at(web.get("/v1/analytics").body, "/totals/completed"), "1");
  EXPECT_EQ(text_at(ada.in("acme", "default").get("/v1/analytics").body, "/totals/completed"),
            "0");
  EXPECT_EQ(text_at(bob.in("bobs", "default").get("/v1/analytics").body, "/totals/completed"),
            "0");
  EXPECT_EQ(bob.in("acme", "web").get("/v1/analytics").status, 404);
  ASSERT_EQ(ada.in("acme")
                .call("PUT", "/v1/projects/web/members/" + bob.id(), R"({"role":"project_viewer"})")
                .status,
            204);
  EXPECT_EQ(text_at(bob.in("acme", "web").get("/v1/analytics").body, "/totals/completed"), "1");
}

TEST_F(Analytics, WhatCannotBeToldIsRefused) {
  Api api(server_);
  for (const std::string query :
       {"period=year", "interval=minute", "period=day&from=2026-01-01T00:00:00Z",
        "from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "from=yesterday",
        "from=1990-01-01T00:00:00Z&interval=hour", "workflow_id=x"}) {
    const Answer refused = api.get("/v1/analytics?" + query);
    EXPECT_EQ(refused.status, 400) << query << refused.text;
    EXPECT_FALSE(text_at(refused.body, "/errors/0/pointer").empty()) << refused.text;
  }
  const Answer empty = api.get("/v1/analytics?period=all");
  EXPECT_EQ(text_at(empty.body, "/totals/success_rate"), "null");
  EXPECT_EQ(text_at(empty.body, "/totals/duration_ms/p99"), "null");
}

}  // namespace
}  // namespace troupe::testing
