// Who sees what: tokens, workspaces, ids of others, lists, drafts.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/system/system_test.h"

namespace troupe::testing {
namespace {

using Scope = ServerTest;

std::string one_step() { return quoted("{@steps@:[") + lua("a", "return {v=1}") + "]}"; }

TEST_F(Scope, NothingIsAnsweredWithoutTheToken) {
  http_client::Options options = server_.client_options();
  options.headers.clear();
  http_client::Client stranger(options);
  for (const char* path : {"/v1/workflows", "/v1/runs", "/v1/tasks/pending", "/v1/workspaces"}) {
    const auto response = stranger.get(path);
    ASSERT_TRUE(response.ok());
    EXPECT_EQ(response->status, 401) << path;
  }
  for (const char* path : {"/healthz", "/livez", "/readyz", "/openapi.json", "/metrics"}) {
    const auto response = stranger.get(path);
    ASSERT_TRUE(response.ok());
    EXPECT_EQ(response->status, 200) << path;
  }
}

TEST_F(Scope, AWorkspaceSeesOnlyItsOwnRowsAndForeignIdsDoNotExist) {
  ASSERT_EQ(api_.post("/v1/workspaces", R"({"slug":"acme","name":"Acme"})").status, 201);
  EXPECT_EQ(api_.post("/v1/workspaces", R"({"slug":"acme","name":"Again"})").status, 409);
  Api acme(server_, {{"X-Tenant-Id", "acme"}});
  const std::string ours = api_.publish(one_step(), "ours");
  const std::string theirs = acme.publish(one_step(), "theirs");
  const std::string our_run = api_.start(ours);
  const std::string their_run = acme.start(theirs);
  api_.wait_end(our_run);
  acme.wait_end(their_run);
  EXPECT_EQ(column(api_.get("/v1/workflows"), "id"), std::vector<std::string>{ours});
  EXPECT_EQ(column(acme.get("/v1/workflows"), "id"), std::vector<std::string>{theirs});
  EXPECT_EQ(column(api_.get("/v1/runs"), "run_id"), std::vector<std::string>{our_run});
  EXPECT_EQ(column(acme.get("/v1/runs"), "run_id"), std::vector<std::string>{their_run});

  const std::string absent = "0b3e9c1a-7a55-4a0e-9d3c-3f4c8a1b2c3d";
  for (const char* rest : {"", "/summary", "/events", "/context", "/logs", "/tasks/pending",
                           "/steps/a/items"}) {
    const Answer foreign = acme.get("/v1/runs/" + our_run + rest);
    EXPECT_EQ(foreign.status, 404) << rest << foreign.text;
    EXPECT_EQ(foreign.text, acme.get("/v1/runs/" + absent + rest).text) << rest;
  }
  EXPECT_EQ(acme.get("/v1/workflows/" + ours).status, 404);
  EXPECT_EQ(acme.command(ours, R"({"command":"start","params":{}})").status, 404);
  EXPECT_EQ(acme.control(theirs, our_run, "retry").status, 404);
  EXPECT_EQ(acme.post("/v1/runs/" + our_run + "/events", R"({"event":"x"})").status, 404);
  EXPECT_EQ(acme.post("/v1/runs/" + our_run + "/tasks/a/complete", R"({"approved":true})").status,
            404);
  EXPECT_EQ(Api(server_, {{"X-Tenant-Id", "nobody"}}).get("/v1/workflows").status, 404);
  EXPECT_EQ(column(api_.get("/v1/runs"), "run_id").size(), 1u) << "nothing was started";
}

TEST_F(Scope, ListsFilterAndPageWithoutGapOrRepetition) {
  const std::string one = api_.publish(one_step(), "one");
  const std::string two =
      api_.publish(quoted("{@steps@:[") + lua("a", "error('no')") + "]}", "two");
  std::vector<std::string> started;
  for (int i = 0; i < 7; ++i) {
    started.push_back(api_.start(one, R"({"trigger_payload":{},"external_id":"job-)" +
                                          std::to_string(i) + "\"}"));
  }
  for (const std::string& run : started) api_.wait_end(run);
  const std::string failed = api_.start(two);
  api_.wait_end(failed);
  std::vector<std::string> paged;
  std::string cursor;
  do {
    const Answer page = api_.get("/v1/runs?limit=3&workflow_id=" + one + "&cursor=" + cursor);
    ASSERT_EQ(page.status, 200) << page.text;
    const auto ids = column(page, "run_id");
    EXPECT_LE(ids.size(), 3u);
    paged.insert(paged.end(), ids.begin(), ids.end());
    cursor = at(page.body, "/next_cursor").is_string() ? text_at(page.body, "/next_cursor") : "";
  } while (!cursor.empty());
  EXPECT_EQ(paged, std::vector<std::string>(started.rbegin(), started.rend())) << "newest first";
  EXPECT_EQ(column(api_.get("/v1/runs?status=failed"), "run_id"),
            std::vector<std::string>{failed});
  EXPECT_EQ(column(api_.get("/v1/runs?external_id=job-4"), "run_id"),
            std::vector<std::string>{started[4]});
  EXPECT_EQ(column(api_.get("/v1/workflows/" + two + "/runs"), "run_id"),
            std::vector<std::string>{failed});
  EXPECT_TRUE(column(api_.get("/v1/runs?to=2001-01-01T00:00:00Z"), "run_id").empty());
  EXPECT_EQ(column(api_.get("/v1/runs?from=2001-01-01T00:00:00Z"), "run_id").size(), 8u);
  EXPECT_EQ(api_.get("/v1/runs?status=happy").status, 400);
  EXPECT_EQ(api_.get("/v1/runs?limit=0").status, 400);
}

TEST_F(Scope, ADraftChangesOnlyForThoseWhoHaveReadIt) {
  const std::string id = api_.publish(one_step(), "draft");
  const Answer read = api_.get("/v1/workflows/" + id);
  const std::string tag = "\"" + text_at(read.body, "/etag") + "\"";
  const std::string rename = R"({"name":"renamed"})";
  EXPECT_EQ(api_.call("PATCH", "/v1/workflows/" + id, rename).status, 428);
  EXPECT_EQ(api_.call("PATCH", "/v1/workflows/" + id, rename, {{"If-Match", "\"999\""}}).status,
            412);
  const Answer changed = api_.call("PATCH", "/v1/workflows/" + id, rename, {{"If-Match", tag}});
  EXPECT_EQ(changed.status, 200) << changed.text;
  EXPECT_EQ(text_at(changed.body, "/name"), "renamed");
  EXPECT_EQ(api_.call("PATCH", "/v1/workflows/" + id, rename, {{"If-Match", tag}}).status, 412);
  const Answer versions = api_.get("/v1/workflows/" + id + "/versions");
  EXPECT_EQ(column(versions, "version"), std::vector<std::string>{"1"});
  EXPECT_EQ(at(versions.body, "/items/0/graph_snapshot"), parse_json(one_step()));
  EXPECT_EQ(api_.call("DELETE", "/v1/workflows/" + id).status, 204);
  EXPECT_TRUE(column(api_.get("/v1/workflows"), "id").empty());
  EXPECT_EQ(api_.command(id, R"({"command":"start","params":{}})").status, 409);
}

TEST_F(Scope, ValidateTellsEveryFindingAndStoresNothing) {
  const std::string id = api_.publish(one_step(), "flow");
  const std::string bad =
      quoted("{@graph@:{@steps@:[") + lua("a", "return {", "@depends_on@:[@z@]") + "," +
      quoted("{@id@:@b@,@type@:@parallel@}]}}");
  const Answer answer = api_.post("/v1/workflows/" + id + "/validate", bad);
  ASSERT_EQ(answer.status, 200) << answer.text;
  EXPECT_EQ(at(answer.body, "/valid"), Json(false));
  std::vector<std::string> codes;
  for (const Json& issue : at(answer.body, "/issues").as_array()) {
    codes.push_back(text_at(issue, "/code") + " " + text_at(issue, "/pointer"));
  }
  for (const char* wanted :
       {"lua_syntax /steps/0/script", "dangling_dependency /steps/0/depends_on/0",
        "legacy_shape /steps/1/type"}) {
    EXPECT_NE(std::find(codes.begin(), codes.end(), wanted), codes.end())
        << wanted << " is not in " << answer.text;
  }
  const Answer good = api_.post("/v1/workflows/" + id + "/validate", "{}");
  EXPECT_EQ(at(good.body, "/valid"), Json(true));
  EXPECT_EQ(column(api_.get("/v1/workflows"), "id").size(), 1u);
}

TEST_F(Scope, VersionsAreComparedWithEachOtherAndWithTheDraft) {
  const std::string id = api_.publish(one_step(), "flow");
  const std::string at = "/v1/workflows/" + id;
  const auto change = [&](const std::string& body) {
    const std::string etag = text_at(api_.get(at).body, "/etag");
    return api_.call("PATCH", at, body, {{"If-Match", "\"" + etag + "\""}}).status;
  };
  ASSERT_EQ(change(quoted("{@graph@:{@steps@:[") + lua("a", "return {v=2}") + "," +
                   lua("b", "return {}") + quoted("]},@run_setup@:{@input@:{@x@:1}}}")),
            200);
  const Answer draft = api_.get(at + "/versions/1/diff");
  ASSERT_EQ(draft.status, 200) << draft.text;
  EXPECT_EQ(draft.text,
            R"({"from":1,"to":"draft","graph":{"steps":{"added":["b"],"removed":[],"changed":[)"
            R"({"id":"a","pointers":["/script"]}],"moved":false},"pointers":[]},)"
            R"("run_setup":["/input"]})");
  ASSERT_EQ(api_.post(at + "/versions", "{}").status, 201);
  EXPECT_EQ(text_at(api_.get(at + "/versions/2/diff?against=1").body, "/graph/steps/removed/0"),
            "b");
  EXPECT_TRUE(api_.get(at + "/versions/2/diff?against=2").text.ends_with(R"("run_setup":[]})"));
  EXPECT_EQ(api_.get(at + "/versions/3/diff").status, 404);
  EXPECT_EQ(api_.get(at + "/versions/1/diff?against=9").status, 404);
  EXPECT_EQ(api_.get(at + "/versions/1/diff?against=x").status, 400);
}

}  // namespace
}  // namespace troupe::testing
