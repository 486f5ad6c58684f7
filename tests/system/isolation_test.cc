// Every route, with real ids of one workspace in its path, asked by everybody who may not: people
// of another workspace, of another project, of a lower role, with a revoked token, with none. The
// answer is the right refusal, the same for what is another's and for what is not there, and
// nothing has changed. The cases come from the route table, so a new route is in them or fails.
#include <set>

#include "tests/system/isolation.h"

namespace troupe::testing {
namespace {

using http::Route;
using tenancy::ProjectRole;
using tenancy::Reach;
using tenancy::WorkspaceRole;

TEST_F(Isolation, ThePeopleOfAnotherWorkspaceFindNothingOfThisOne) {
  const std::string before = state();
  for (const Route& route : http::routes()) {
    if (!route.is_in_tenant()) continue;
    const Answer foreign = ask(eve_->in("acme", "web"), route);
    const Answer absent = ask(eve_->in("nowhere", "web"), route);
    EXPECT_EQ(foreign.status, 404) << route.pattern << foreign.text;
    EXPECT_EQ(foreign.text, absent.text) << route.pattern;
  }
  EXPECT_EQ(state(), before);
}

TEST_F(Isolation, AnothersIdsInOnesOwnWorkspaceAreNotThere) {
  const std::string before = state();
  std::size_t refused = 0;
  for (const Route& route : http::routes()) {
    const std::string_view path = route.pattern;
    // What names nothing by an id of acme's is the caller's own.
    const bool names_theirs = path.find("{id}") != path.npos || path.find("{run}") != path.npos ||
                              path.find("{user}") != path.npos ||
                              path.find("{invite}") != path.npos ||
                              path.find("{token}") != path.npos ||
                              path.find("{project}") != path.npos;
    // The operator's alone are refused before anything is looked up, as a lower role is below.
    if (!names_theirs || route.needs.rule().need.reach == Reach::kServer) continue;
    const std::string workspace = route.is_in_tenant() ? "evil" : "";
    const Answer theirs = ask(eve_->in(workspace), route);
    const auto kept = ids_;
    for (const char* name : {"{id}", "{run}", "{user}", "{invite}", "{token}", "{project}"}) {
      ids_[name] = kNobodys;
    }
    const Answer nobodys = ask(eve_->in(workspace), route);
    ids_ = kept;
    EXPECT_EQ(theirs.text, nobodys.text) << route.pattern;
    EXPECT_EQ(theirs.status, nobodys.status) << route.pattern;
    // What is wrong with the request itself is said first, and a list of nothing is empty.
    const bool is_empty = theirs.text.starts_with(R"({"items":[],)");
    const std::set<int> refusals = {400, 404, 422, 428};
    EXPECT_TRUE(is_empty || refusals.contains(theirs.status)) << route.pattern << theirs.text;
    refused += theirs.status == 404 ? 1 : 0;
  }
  EXPECT_GT(refused, 20u);
  EXPECT_EQ(state(), before);
}

TEST_F(Isolation, AProjectThatIsHiddenIsNotThere) {
  const std::string before = state();
  ids_["{project}"] = "hidden";
  for (const Route& route : http::routes()) {
    if (route.needs.rule().need.reach != Reach::kProject) continue;
    const Answer hidden = ask(bob_->in("acme", "hidden"), route);
    ids_["{project}"] = "nowhere";
    const Answer absent = ask(bob_->in("acme", "nowhere"), route);
    ids_["{project}"] = "hidden";
    EXPECT_EQ(hidden.status, 404) << route.pattern << hidden.text;
    EXPECT_EQ(hidden.text, absent.text) << route.pattern;
  }
  EXPECT_EQ(state(), before);
}

TEST_F(Isolation, ALowerRoleIsToldSoAndChangesNothing) {
  const std::string before = state();
  std::size_t refused = 0;
  for (const Route& route : http::routes()) {
    const tenancy::Need& need = route.needs.rule().need;
    const bool is_over =
        need.reach == Reach::kServer ||
        (need.reach == Reach::kWorkspace && *need.workspace_role > WorkspaceRole::kMember) ||
        (need.reach == Reach::kProject && *need.project_role > ProjectRole::kViewer);
    if (is_open(route) || !is_over) continue;
    const Answer answer = ask(bob_->in("acme", "web"), route);
    EXPECT_EQ(answer.status, 403) << route.pattern << answer.text;
    ++refused;
  }
  EXPECT_GT(refused, 30u);
  EXPECT_EQ(state(), before);
}

TEST_F(Isolation, WhoHasNoTokenOrOneThatIsRevokedIsNobody) {
  const auto [id, text] = token_of(*ada_);
  ASSERT_EQ(api_of(server_, text, {{"X-Tenant-Id", "acme"}}).get("/v1/workspace").status, 200);
  ASSERT_EQ(ada_->api().call("DELETE", "/v1/tokens/" + id).status, 204);
  const std::string before = state();
  for (const Route& route : http::routes()) {
    if (is_open(route)) continue;
    for (const std::string& token :
         {std::string(), text, std::string("pat_000000000000000000000000000000000000"),
          std::string("x")}) {
      const Answer answer =
          ask(api_of(server_, token, {{"X-Tenant-Id", "acme"}, {"X-Project-Id", "web"}}), route);
      EXPECT_EQ(answer.status, 401) << route.pattern << " " << token << answer.text;
    }
  }
  EXPECT_EQ(state(), before);
}

TEST_F(Isolation, ATokenDoesNothingThatItsScopesDoNotSay) {
  const std::string text = token_of(*ada_, R"(["mcp:execute"])").text;
  const std::string before = state();
  for (const Route& route : http::routes()) {
    const tenancy::Rule& rule = route.needs.rule();
    const bool is_allowed = rule.tokens.allowed && !rule.tokens.scope;
    if (is_open(route) || is_allowed) continue;
    const Answer answer =
        ask(api_of(server_, text, {{"X-Tenant-Id", "acme"}, {"X-Project-Id", "web"}}), route);
    EXPECT_EQ(answer.status, 403) << route.pattern << answer.text;
  }
  EXPECT_EQ(state(), before);
}

TEST_F(Isolation, ACookieWithoutItsPagesWordChangesNothing) {
  const std::string before = state();
  for (const Route& route : http::routes()) {
    if (is_open(route) || !route.needs.rule().audited()) continue;
    const http_client::Headers sent = {
        {"Cookie", ada_->cookie()}, {"X-Tenant-Id", "acme"}, {"X-Project-Id", "web"}};
    EXPECT_EQ(ask(api_of(server_, "", sent), route).status, 403) << route.pattern;
  }
  EXPECT_EQ(state(), before);
}

TEST_F(Isolation, AStreamEndsWithTheRightToIt) {
  const Answer made = ada_->api().post("/v1/tokens", R"({"name":"s","scopes":["workflow:read"]})");
  Api reader = api_of(server_, text_at(made.body, "/token"),
                      {{"X-Tenant-Id", "acme"}, {"X-Project-Id", "web"}});
  const std::string run = ids_.at("{run}");
  bool was_told_of_the_task = false;
  bool was_told_of_the_end = false;
  bool is_revoked = false;
  // The stream closes when the next event is due to somebody who may not hear it.
  reader.follow(run, [&](const Json& event) {
    const std::string type = text_at(event, "/event_type");
    was_told_of_the_task = was_told_of_the_task || type == "human_task_created";
    was_told_of_the_end = was_told_of_the_end || type == "run_completed";
    if (was_told_of_the_task && !is_revoked) {
      is_revoked = true;
      const std::string token = text_at(made.body, "/id");
      EXPECT_EQ(ada_->api().call("DELETE", "/v1/tokens/" + token).status, 204);
      EXPECT_EQ(ada_->in("acme", "web")
                    .post("/v1/runs/" + run + "/tasks/ok/complete", R"({"approved":true})")
                    .status,
                200);
    }
    return false;
  });
  EXPECT_TRUE(was_told_of_the_task);
  EXPECT_FALSE(was_told_of_the_end);
}

TEST_F(Isolation, AStreamOfAnotherWorkspaceIsNotThere) {
  const std::string run = ids_.at("{run}");
  for (const char* accept : {"text/event-stream", "application/json"}) {
    Api eve = eve_->in("evil");
    EXPECT_EQ(eve.call("GET", "/v1/runs/" + run + "/events", "", {{"Accept", accept}}).status, 404);
  }
}

TEST_F(Isolation, WhatIsLiveIsRefusedAsEverythingElseIs) {
  const Token revoked = revoked_token_of(*ada_);
  const Token other = token_of(*ada_, R"(["mcp:execute"])");
  const std::vector<http_client::Headers> followings = {
      {{"Accept", "text/event-stream"}},
      {{"Connection", "Upgrade"},
       {"Upgrade", "websocket"},
       {"Sec-WebSocket-Version", "13"},
       {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="}}};
  const auto by_token = [&](const std::string& text) {
    return api_of(server_, text, {{"X-Tenant-Id", "acme"}, {"X-Project-Id", "web"}});
  };
  int asked = 0;
  for (const Route& route : http::routes()) {
    if (!route.live) continue;
    for (const http_client::Headers& following : followings) {
      const Answer foreign = ask(eve_->in("acme", "web"), route, following);
      EXPECT_EQ(foreign.status, 404) << route.pattern << foreign.text;
      EXPECT_EQ(foreign.text, ask(eve_->in("nowhere", "web"), route, following).text);
      const Answer hidden = ask(bob_->in("acme", "hidden"), route, following);
      EXPECT_EQ(hidden.status, 404) << route.pattern << hidden.text;
      EXPECT_EQ(hidden.text, ask(bob_->in("acme", "nowhere"), route, following).text);
      // In a place of her own, what is another's is not there. What can only be a WebSocket says
      // first that it is one.
      const bool is_no_way = following.size() == 1 && route.success == 101;
      EXPECT_EQ(ask(eve_->in("evil"), route, following).status, is_no_way ? 400 : 404)
          << route.pattern;
      EXPECT_EQ(ask(by_token(other.text), route, following).status, 403) << route.pattern;
      EXPECT_EQ(ask(by_token(revoked.text), route, following).status, 401) << route.pattern;
      EXPECT_EQ(ask(by_token(""), route, following).status, 401) << route.pattern;
      ++asked;
    }
  }
  EXPECT_GE(asked, 10);
}

}  // namespace
}  // namespace troupe::testing
