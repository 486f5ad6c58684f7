// Requests that make something, sent twice with one key: it is made once, and both hear the same.
#include <algorithm>
#include <set>
#include <thread>

#include "tests/system/access_store.h"
#include "tests/system/people.h"
#include "tests/system/system_test.h"

namespace troupe::testing {
namespace {

class Once : public SystemTest {
 protected:
  Once() : server_(data_dir(), access_environment(folder())) { server_.start(); }

  Api api() const { return Api(server_); }
  static std::string body(const std::string& name, const std::string& step = "a") {
    return quoted("{@name@:@" + name + "@,@graph@:{@steps@:[") + lua(step, "return {}") + "]}}";
  }
  static http_client::Headers key(const std::string& text) { return {{"Idempotency-Key", text}}; }
  std::vector<std::string> workflows() const {
    return column(api().get("/v1/workflows?limit=200"), "id");
  }

  Server server_;
};

TEST_F(Once, AWorkflowIsCreatedOnceAndTheSameAnswerComesAgain) {
  Api api = this->api();
  const Answer made = api.post("/v1/workflows", body("x"), key("k"));
  ASSERT_EQ(made.status, 201) << made.text;
  const std::string id = text_at(made.body, "/id");
  const Answer changed = api.call("PATCH", "/v1/workflows/" + id, R"({"name":"y"})",
                                  {{"If-Match", "\"1\""}});
  ASSERT_EQ(changed.status, 200) << changed.text;
  ASSERT_EQ(api.call("DELETE", "/v1/workflows/" + id).status, 204);
  const Answer again = api.post("/v1/workflows", body("x"), key("k"));
  EXPECT_EQ(again.status, 201);
  EXPECT_EQ(again.text, made.text) << "whatever has become of it";
  const Answer other = api.post("/v1/workflows", body("z"), key("k"));
  EXPECT_EQ(other.status, 422);
  EXPECT_EQ(other.code(), "idempotency_mismatch");
  EXPECT_EQ(api.post("/v1/workflows", body("x"), key("l")).status, 201) << "another key";
  EXPECT_EQ(api.post("/v1/workflows", body("x")).status, 201) << "no key";
  EXPECT_EQ(api.post("/v1/workflows", body("x"), key(std::string(256, 'k'))).status, 400);
  EXPECT_EQ(workflows().size(), 2u);
}

TEST_F(Once, AKeyBelongsToItsPlace) {
  const Person ada = Person::sign_up(server_, "ada", "acme");
  ASSERT_EQ(ada.in("acme").post("/v1/projects", R"({"slug":"web"})").status, 201);
  std::set<std::string> made;
  const auto make = [&](Api api) {
    const Answer answer = api.post("/v1/workflows", body("x"), key("k"));
    EXPECT_EQ(answer.status, 201) << answer.text;
    made.insert(text_at(answer.body, "/id"));
  };
  make(ada.in("acme", "default"));
  make(ada.in("acme", "web"));
  make(ada.in("acme"));
  make(api());
  EXPECT_EQ(made.size(), 4u);
}

TEST_F(Once, AVersionIsPublishedOnce) {
  Api api = this->api();
  const std::string id = text_at(api.post("/v1/workflows", body("x")).body, "/id");
  const std::string path = "/v1/workflows/" + id + "/versions";
  const Answer first = api.post(path, R"({"changelog":"one"})", key("k"));
  ASSERT_EQ(first.status, 201) << first.text;
  ASSERT_EQ(api.call("PATCH", "/v1/workflows/" + id,
                     quoted("{@graph@:{@steps@:[") + lua("b", "return {}") + "]}}",
                     {{"If-Match", "*"}})
                .status,
            200);
  const Answer second = api.post(path, R"({"changelog":"two"})", key("l"));
  ASSERT_EQ(text_at(second.body, "/version"), "2") << second.text;
  EXPECT_EQ(api.post(path, R"({ "changelog" : "one" })", key("k")).text, first.text);
  EXPECT_EQ(api.post(path, R"({"changelog":"other"})", key("k")).status, 422);
  ASSERT_EQ(api.call("DELETE", "/v1/workflows/" + id).status, 204);
  EXPECT_EQ(api.post(path, R"({"changelog":"two"})", key("l")).text, second.text);
  EXPECT_EQ(column(api.get(path), "version").size(), 2u);
}

TEST_F(Once, ARunIsTriedAgainOnce) {
  Api api = this->api();
  const std::string flow =
      api.publish(quoted("{@steps@:[") + lua("a", "error('no')") + "]}");
  const std::string run = text_at(api.run(flow), "/run_id");
  const std::string retry = R"({"command":"retry","params":{"run_id":")" + run + "\"}}";
  const Answer first = api.command(flow, retry, key("k"));
  ASSERT_EQ(first.status, 200) << first.text;
  const std::string made = text_at(first.body, "/run_id");
  EXPECT_EQ(text_at(api.wait_end(made), "/retried_from"), run);
  EXPECT_EQ(text_at(api.command(flow, retry, key("k")).body, "/run_id"), made);
  const std::string other =
      R"({"command":"retry","params":{"run_id":")" + run + R"(","input":{"x":1}}})";
  EXPECT_EQ(api.command(flow, other, key("k")).code(), "idempotency_mismatch");
  EXPECT_NE(text_at(api.command(flow, retry, key("l")).body, "/run_id"), made);
  EXPECT_NE(text_at(api.command(flow, retry).body, "/run_id"), made);
  EXPECT_EQ(column(api.get("/v1/workflows/" + flow + "/runs"), "run_id").size(), 4u);
}

TEST_F(Once, ManyAtOnceMakeOne) {
  const std::string flow =
      api().publish(quoted("{@steps@:[") + lua("a", "error('no')") + "]}");
  const std::string run = text_at(api().run(flow), "/run_id");
  const auto ask = [&](Api& api, int what) -> Answer {
    if (what == 0) return api.post("/v1/workflows", body("x"), key("k"));
    if (what == 1) return api.post("/v1/workflows/" + flow + "/versions", "{}", key("k"));
    return api.command(flow, R"({"command":"retry","params":{"run_id":")" + run + "\"}}",
                       key("k"));
  };
  for (int what = 0; what < 3; ++what) {
    std::vector<Answer> answers(12);
    std::vector<std::thread> threads;
    for (Answer& answer : answers) {
      threads.emplace_back([&, what] {
        Api own = api();
        answer = ask(own, what);
      });
    }
    for (std::thread& thread : threads) thread.join();
    std::set<std::string> made;
    for (const Answer& answer : answers) {
      EXPECT_LT(answer.status, 300) << answer.text;
      made.insert(text_at(answer.body, what == 0 ? "/id" : what == 1 ? "/version" : "/run_id"));
    }
    EXPECT_EQ(made.size(), 1u) << what;
  }
  EXPECT_EQ(workflows().size(), 2u);
  EXPECT_EQ(column(api().get("/v1/workflows/" + flow + "/versions"), "version").size(), 2u);
  EXPECT_EQ(column(api().get("/v1/workflows/" + flow + "/runs"), "run_id").size(), 2u);
}

TEST_F(Once, WhoeverHeardNothingBecauseTheServerDiedAsksAgain) {
  std::set<std::string> made;
  for (int round = 0; round < 6; ++round) {
    const std::string name = "n" + std::to_string(round);
    std::thread asks([&] {
      try {
        Api own = api();
        const Answer answer = own.post("/v1/workflows", body(name), key(name));
        if (answer.status == 201) made.insert(text_at(answer.body, "/id"));
      } catch (const std::exception&) {
        // The server died before it answered.
      }
    });
    // From before it is sent to after it has been answered, in six rounds.
    if (round > 2) asks.join();
    server_.kill_hard();
    if (round <= 2) asks.join();
    server_.start();
    const Answer again = api().post("/v1/workflows", body(name), key(name));
    ASSERT_EQ(again.status, 201) << again.text;
    made.insert(text_at(again.body, "/id"));
    EXPECT_EQ(made.size(), static_cast<std::size_t>(round + 1));
  }
  EXPECT_EQ(workflows().size(), 6u);
}

}  // namespace
}  // namespace troupe::testing
