#pragma once

#include <map>
#include <memory>
#include <string>

#include "adapters/http/route.h"
#include "tests/system/access_store.h"
#include "tests/system/people.h"
#include "tests/system/system_test.h"

namespace troupe::testing {

inline constexpr const char* kNobodys = "0b3e9c1a-7a55-4a0e-9d3c-3f4c8a1b2c3d";
inline constexpr const char* kAllScopes =
    R"(["workflow:read","workflow:write","workflow:run","mcp:execute","workspace:read",)"
    R"("workspace:admin","secrets:list","secrets:manage","secrets:reveal","tokens:manage",)"
    R"("audit:read"])";

/// Ada has the workspace acme, with the private projects web and hidden. Bob is a viewer in web;
/// Eve has a workspace of her own.
class Isolation : public SystemTest {
 protected:
  /// `more` is what the server needs beside its store.
  explicit Isolation(const Environment& more = {}) : server_(data_dir(), with(more)) {
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
    const Answer key = admin.post("/v1/provider-keys",
                                  R"({"name":"k","provider":"openai","api_key":"sk-acme"})");
    ids_["{key}"] = text_at(key.body, "/id");
    ids_["{model}"] = "best";
    EXPECT_EQ(admin.call("PUT", "/v1/models/best", R"({"chain":[{"model":"m"}]})").status, 200);
    const Answer connection = web.post(
        "/v1/connections",
        R"({"name":"c","auth":"bearer","hosts":["a.example"],"value":"secret-of-acme"})");
    ids_["{connection}"] = text_at(connection.body, "/id");
    EXPECT_EQ(web.post("/v1/projects/web/secrets", R"({"path":"a","value":"b"})").status, 201);
    EXPECT_EQ(admin.post("/v1/secrets", R"({"path":"a","value":"b"})").status, 201);
  }

  std::string path_of(const http::Route& route) const {
    std::string path(route.pattern);
    for (const auto& [name, id] : ids_) {
      const std::size_t at = path.find(name);
      if (at != std::string::npos) path.replace(at, name.size(), id);
    }
    EXPECT_EQ(path.find('{'), std::string::npos) << path << ": give it an id";
    return path;
  }
  Answer ask(Api api, const http::Route& route, const http_client::Headers& headers = {}) const {
    const bool has_body = route.body != http::Body::kNone;
    return api.call(http::name(route.method), path_of(route), has_body ? "{}" : "", headers);
  }
  struct Token {
    std::string id;
    std::string text;
  };
  Token token_of(const Person& person, const std::string& scopes = kAllScopes) const {
    const Answer made =
        person.api().post("/v1/tokens", R"({"name":"t","scopes":)" + scopes + "}");
    EXPECT_EQ(made.status, 201) << made.text;
    return {text_at(made.body, "/id"), text_at(made.body, "/token")};
  }
  Token revoked_token_of(const Person& person) const {
    const Token made = token_of(person);
    EXPECT_EQ(person.api().call("DELETE", "/v1/tokens/" + made.id).status, 204);
    return made;
  }
  /// What of acme could have changed.
  std::string state() const {
    std::string all;
    for (const char* path : {"/v1/workspace", "/v1/members", "/v1/invites", "/v1/environments",
                             "/v1/secrets", "/v1/provider-keys", "/v1/models", "/v1/projects",
                             "/v1/member-tokens",
                             "/v1/projects/web/members", "/v1/projects/web/secrets",
                             "/v1/audit?limit=200", "/v1/tokens"}) {
      all += ada_->in("acme").get(path).text + "\n";
    }
    Api web = ada_->in("acme", "web");
    for (const std::string& path :
         {std::string("/v1/workflows"), std::string("/v1/runs"), std::string("/v1/connections"),
          "/v1/workflows/" + ids_.at("{id}"),
          "/v1/workflows/" + ids_.at("{id}") + "/versions",
          "/v1/runs/" + ids_.at("{run}") + "/events"}) {
      all += web.get(path).text + "\n";
    }
    return all;
  }
  static bool is_open(const http::Route& route) {
    return route.needs_nobody() || route.free_on_loopback;
  }

  Environment with(const Environment& more) const {
    Environment all = access_environment(folder());
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }

  Server server_;
  std::unique_ptr<Person> ada_, eve_, bob_;
  std::map<std::string, std::string> ids_;
};

}  // namespace troupe::testing
