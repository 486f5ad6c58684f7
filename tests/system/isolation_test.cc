// Every route, with real ids of one workspace in its path, asked by everybody who may not: people
// of another workspace, of another project, of a lower role, with a revoked token, with none. The
// answer is the right refusal, the same for what is another's and for what is not there, and
// nothing has changed. The cases come from the route table, so a new route is in them or fails.
#include <algorithm>
#include <map>
#include <set>

#include "adapters/http/route.h"
#include "tests/system/access_store.h"
#include "tests/system/people.h"
#include "tests/system/system_test.h"

namespace troupe::testing {
namespace {

using http::Route;
using tenancy::ProjectRole;
using tenancy::Reach;
using tenancy::WorkspaceRole;

constexpr const char* kNobodys = "0b3e9c1a-7a55-4a0e-9d3c-3f4c8a1b2c3d";
constexpr const char* kAllScopes =
    R"(["workflow:read","workflow:write","workflow:run","mcp:execute","workspace:read",)"
    R"("workspace:admin","secrets:list","secrets:manage","secrets:reveal","tokens:manage",)"
    R"("audit:read"])";

class Isolation : public SystemTest {
 protected:
  Isolation() : server_(data_dir(), access_environment(folder())) {
    server_.start();
    ada_ = std::make_unique<Person>(Person::sign_up(server_, "ada", "acme"));
    eve_ = std::make_unique<Person>(Person::sign_up(server_, "eve", "evil"));
    bob_ = std::make_unique<Person>(Person::sign_up(server_, "bob", "bobs"));
    bring_in(ada_->in("acme"), *bob_, "bob", "tenant_member");
    Api admin = ada_->in("acme");
    EXPECT_EQ(admin.post("/v1/projects", R"({"slug":"web","private":true})").status, 201);
    EXPECT_EQ(admin.post("/v1/projects", R"({"slug":"hidden","private":true})").status, 201);
    EXPECT_EQ(admin.call("PUT", "/v1/projects/web/members/" + bob_->id(),
                         R"({"role":"project_viewer"})")
                  .status,
              204);
    fill();
  }

  /// Something of each kind in acme, and its ids by the names that paths give them.
  void fill() {
    Api web = ada_->in("acme", "web");
    ids_["{id}"] = web.publish(
        quoted("{@steps@:[{@id@:@ok@,@type@:@human_task@,@name@:@ok@,@task_type@:@approval@}]}"));
    ids_["{run}"] = web.start(ids_["{id}"]);
    web.wait_for(ids_["{run}"], "human_task_created");
    ids_["{version}"] = "1";
    ids_["{step}"] = ids_["{task}"] = "ok";
    ids_["{reference}"] = "x";
    ids_["{name}"] = "node";
    ids_["{project}"] = "web";
    ids_["{environment}"] = "production";
    ids_["{user}"] = bob_->id();
    ids_["{session}"] = ids_["{identity}"] = kNobodys;
    ids_["{job}"] = text_at(
        web.post("/v1/runs:bulk", R"({"action":"retry","filter":{"q":"none"}})").body, "/job_id");
    Api admin = ada_->in("acme");
    const Answer invite = admin.post(
        "/v1/invites", R"({"invites":[{"email":"carol@example.org","role":"tenant_member"}]})");
    ids_["{invite}"] = text_at(invite.body, "/items/0/id");
    const std::string acme = text_at(admin.get("/v1/workspace").body, "/id");
    const Answer token = admin.post("/v1/tokens", std::string(R"({"name":"t","scopes":)") +
                                                      kAllScopes + R"(,"workspace_id":")" + acme +
                                                      "\"}");
    ids_["{token}"] = text_at(token.body, "/id");
    EXPECT_EQ(web.post("/v1/projects/web/secrets", R"({"path":"a","value":"b"})").status, 201);
    EXPECT_EQ(admin.post("/v1/secrets", R"({"path":"a","value":"b"})").status, 201);
  }

  std::string path_of(const Route& route) const {
    std::string path(route.pattern);
    for (const auto& [name, id] : ids_) {
      const std::size_t at = path.find(name);
      if (at != std::string::npos) path.replace(at, name.size(), id);
    }
    EXPECT_EQ(path.find('{'), std::string::npos) << path << ": give it an id";
    return path;
  }
  Answer ask(Api api, const Route& route) const {
    const bool has_body = route.body != http::Body::kNone;
    return api.call(http::name(route.method), path_of(route), has_body ? "{}" : "");
  }
  /// What of acme could have changed.
  std::string state() const {
    std::string all;
    for (const char* path : {"/v1/workspace", "/v1/members", "/v1/invites", "/v1/environments",
                             "/v1/secrets", "/v1/projects", "/v1/member-tokens",
                             "/v1/projects/web/members", "/v1/projects/web/secrets",
                             "/v1/audit?limit=200", "/v1/tokens"}) {
      all += ada_->in("acme").get(path).text + "\n";
    }
    Api web = ada_->in("acme", "web");
    for (const std::string& path :
         {std::string("/v1/workflows"), std::string("/v1/runs"), "/v1/workflows/" + ids_.at("{id}"),
          "/v1/workflows/" + ids_.at("{id}") + "/versions",
          "/v1/runs/" + ids_.at("{run}") + "/events"}) {
      all += web.get(path).text + "\n";
    }
    return all;
  }
  static bool is_open(const Route& route) { return route.needs_nobody() || route.free_on_loopback; }

  Server server_;
  std::unique_ptr<Person> ada_, eve_, bob_;
  std::map<std::string, std::string> ids_;
};

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
    if (!names_theirs) continue;
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
  Api admin = ada_->in("acme");
  const Answer made =
      admin.post("/v1/tokens", std::string(R"({"name":"r","scopes":)") + kAllScopes + "}");
  const std::string text = text_at(made.body, "/token");
  ASSERT_EQ(api_of(server_, text, {{"X-Tenant-Id", "acme"}}).get("/v1/workspace").status, 200);
  ASSERT_EQ(admin.call("DELETE", "/v1/tokens/" + text_at(made.body, "/id")).status, 204);
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
  Api admin = ada_->in("acme");
  const Answer made = admin.post("/v1/tokens", R"({"name":"s","scopes":["mcp:execute"]})");
  const std::string text = text_at(made.body, "/token");
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

}  // namespace
}  // namespace troupe::testing
