// Two nodes that share a store: who has come in at one is known at the other, and who is put out at
// one is out at the other within a second.
#include <algorithm>

#include "tests/conformance/temporary_directory.h"
#include "tests/support/postgres_server.h"
#include "tests/system/access_store.h"
#include "tests/system/people.h"
#include "tests/system/system_test.h"

namespace troupe::testing {
namespace {

constexpr long long kWithinMs = 1000;

class AccessNodes : public SystemTest {
 protected:
  AccessNodes() : one_(data_dir(), named("one")), two_(other_.file("data"), named("two")) {
    one_.start();
    two_.start();
  }

  Environment named(const std::string& name) const {
    Environment environment = environment_;
    environment.emplace_back("TROUPE_CLUSTER__NODE_NAME", name);
    return environment;
  }
  /// How long the second node still serves this request; negative: for ever.
  static long long served_for_ms(Api api) {
    const long long begun = now_ms();
    while (now_ms() - begun < 10 * kWithinMs) {
      if (api.get("/v1/workspace").status != 200) return now_ms() - begun;
    }
    return -1;
  }
  /// The other node's lease runs while it is asked, so the limit has room for one slow answer.
  static void expect_soon(long long took_ms, const char* what) {
    EXPECT_GE(took_ms, 0) << what;
    EXPECT_LE(took_ms, kWithinMs) << what;
  }

  const Environment environment_ = access_environment(folder());
  const TemporaryDirectory other_;
  Server one_, two_;
};

TEST_F(AccessNodes, WhatIsRevokedAtOneNodeEndsAtTheOtherWithinASecond) {
  const Person ada = Person::sign_up(one_, "ada", "acme");
  const std::string body = R"({"name":"t","scopes":["workspace:read"]})";
  const Answer made = ada.api().post("/v1/tokens", body);
  const std::string text = text_at(made.body, "/token");
  const http_client::Headers acme = {{"X-Tenant-Id", "acme"}};
  ASSERT_EQ(api_of(two_, text, acme).get("/v1/workspace").status, 200);
  ASSERT_EQ(ada.api().call("DELETE", "/v1/tokens/" + text_at(made.body, "/id")).status, 204);
  expect_soon(served_for_ms(api_of(two_, text, acme)), "a token");

  const Person bob = Person::sign_up(two_, "bob", "bobs");
  bring_in(ada.in("acme"), bob, "bob", "tenant_member");
  const std::string his = text_at(bob.api().post("/v1/tokens", body).body, "/token");
  ASSERT_EQ(api_of(two_, his, acme).get("/v1/workspace").status, 200);
  ASSERT_EQ(ada.in("acme")
                .call("PATCH", "/v1/members/" + bob.id(), R"({"state":"deactivated"})")
                .status,
            204);
  expect_soon(served_for_ms(api_of(two_, his, acme)), "a membership");
}

TEST_F(AccessNodes, WhatTheStoreSaysOfAFailureIsForTheLogAlone) {
  const Person ada = Person::sign_up(one_, "ada", "acme");
  const auto schema = std::find_if(environment_.begin(), environment_.end(), [](const auto& pair) {
    return pair.first == "TROUPE_POSTGRES__SCHEMA";
  });
  const Outcome broken =
      run_program({{TROUPE_PSQL, postgres_server().conninfo(), "-c",
                    "ALTER TABLE " + schema->second + ".runs RENAME TO elsewhere"},
                   {},
                   {},
                   {}});
  ASSERT_EQ(broken.exit, 0) << broken.err;
  const Answer answer = ada.in("acme").get("/v1/runs");
  EXPECT_EQ(answer.status, 500);
  EXPECT_EQ(text_at(answer.body, "/code"), "internal");
  for (const char* word : {"relation", "SQL", "42P01"}) {
    EXPECT_EQ(answer.text.find(word), std::string::npos) << answer.text;
  }
  const auto id = std::find_if(answer.headers.begin(), answer.headers.end(),
                               [](const auto& field) { return field.first == "x-request-id"; });
  ASSERT_NE(id, answer.headers.end());
  const std::string line = one_.process().wait_for_line("request=" + id->second, 20'000);
  EXPECT_NE(line.find("relation"), std::string::npos) << line;
}

TEST_F(AccessNodes, TheLastSeatGoesToOneOfTwoNodes) {
  const Person ada = Person::sign_up(one_, "ada", "acme");
  ASSERT_EQ(Api(one_, {{"X-Tenant-Id", "acme"}})
                .call("PATCH", "/v1/workspace", R"({"seats_max":2})")
                .status,
            200);
  const Person again = Person::sign_in(two_, "ada");
  int made = 0;
  for (int i = 0; i < 6; ++i) {
    const Person& by = i % 2 == 0 ? ada : again;
    const Answer answer = by.in("acme").post(
        "/v1/invites", R"({"invites":[{"email":"guest)" + std::to_string(i) +
                           R"(@example.org","role":"tenant_member"}]})");
    made += answer.status == 201 ? 1 : 0;
  }
  EXPECT_EQ(made, 1);
}

TEST_F(AccessNodes, ASecretStoredAtOneNodeIsRevealedAtTheOther) {
  Person::sign_up(one_, "ada", "acme");
  Api at_one(one_, {{"X-Tenant-Id", "acme"}});
  Api at_two(two_, {{"X-Tenant-Id", "acme"}});
  ASSERT_EQ(at_one.post("/v1/secrets", R"({"path":"a","value":"first"})").status, 201);
  EXPECT_EQ(text_at(at_two.post("/v1/secrets:reveal", R"({"path":"a"})").body, "/value"), "first");
  ASSERT_EQ(at_two.post("/v1/data-keys:rotate", "").status, 200);
  ASSERT_EQ(at_two.post("/v1/secrets", R"({"path":"a","value":"second"})").status, 200);
  EXPECT_EQ(text_at(at_one.post("/v1/secrets:reveal", R"({"path":"a"})").body, "/value"), "second");
}

TEST_F(AccessNodes, AJobOfANodeThatDiesIsFinishedByTheOther) {
  Api at_one(one_);
  const std::string flow =
      at_one.publish(quoted("{@steps@:[{@id@:@w@,@type@:@wait_event@,@name@:@w@,@event@:@e@}]}"));
  constexpr int kRuns = 3000;
  std::string items;
  for (int i = 0; i < 1000; ++i) items += (i == 0 ? "" : ",") + std::string("{\"input\":{}}");
  for (int i = 0; i < kRuns; i += 1000) {
    ASSERT_EQ(
        at_one.post("/v1/workflows/" + flow + "/runs:batch", "{\"items\":[" + items + "]}").status,
        200);
  }
  const std::string job = text_at(
      at_one.post("/v1/runs:bulk", R"({"action":"stop","filter":{}})").body, "/job_id");
  Api at_two(two_);
  while (int_at(at_two.get("/v1/jobs/" + job).body, "/done") == 0) {
  }
  one_.kill_hard();
  Json seen;
  for (const long long begun = now_ms(); now_ms() - begun < 60'000;) {
    seen = at_two.get("/v1/jobs/" + job).body;
    if (text_at(seen, "/status") != "running") break;
  }
  EXPECT_EQ(text_at(seen, "/status"), "completed");
  const Answer told = at_two.get("/v1/analytics");
  EXPECT_EQ(int_at(told.body, "/totals/stopped"), kRuns) << told.text;
  EXPECT_EQ(int_at(told.body, "/live/total"), 0) << told.text;
}

}  // namespace
}  // namespace troupe::testing
