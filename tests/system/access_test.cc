// Who comes in and what he may, through the real program: a first day with a token as the public
// examples of such APIs show it, sessions and tokens over kills, revocation, and that what is
// secret is found nowhere.
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <set>

#include "adapters/system/hasher.h"
#include "runtime/json/read.h"
#include "runtime/tenancy/audit.h"
#include "tests/conformance/temporary_directory.h"
#include "tests/system/access_store.h"
#include "tests/system/on_disk.h"
#include "tests/system/people.h"
#include "tests/system/system_test.h"

namespace troupe::testing {
namespace {

constexpr const char* kTokenBody =
    R"({"name":"ci","scopes":["workflow:read","workflow:write","workflow:run"]})";
constexpr const char* kCanary = "canary-8c1f0e52d7a94b36";

class Access : public SystemTest {
 protected:
  Access() : server_(data_dir(), environment_) { server_.start(); }

  std::string everything_on_disk() const {
    std::vector<std::string> folders = access_folders();
    folders.push_back(data_dir());
    return everything_below(folders);
  }

  const Environment environment_ = access_environment(folder());
  Server server_;
};

TEST_F(Access, ATokenTakesAWorkflowFromItsDraftToItsEnd) {
  Api owner(server_);
  const Answer made = owner.post("/v1/tokens", kTokenBody);
  ASSERT_EQ(made.status, 201) << made.text;
  Api api = api_of(server_, text_at(made.body, "/token"),
                   {{"X-Tenant-Id", "default"}, {"X-Project-Id", "default"}});
  const Answer draft = api.post("/v1/workflows", quoted(R"({@name@:@pay@,@graph@:{@steps@:[
    {@id@:@ok@,@type@:@human_task@,@name@:@ok@,@task_type@:@approval@}]}})"));
  ASSERT_EQ(draft.status, 201) << draft.text;
  const std::string flow = text_at(draft.body, "/id");
  ASSERT_EQ(api.post("/v1/workflows/" + flow + "/versions", "{}").status, 201);
  const std::string run = api.start(flow, R"({"amount":5})");
  api.wait_for(run, "human_task_created");
  EXPECT_EQ(api.control(flow, run, "pause").status, 200);
  EXPECT_EQ(api.control(flow, run, "resume").status, 200);
  EXPECT_EQ(api.post("/v1/runs/" + run + "/tasks/ok/complete", R"({"approved":true})").status, 200);
  EXPECT_EQ(text_at(api.wait_end(run), "/status"), "completed");
  EXPECT_EQ(api.get("/v1/members").status, 403) << "a scope that it has not";
  const Answer listed = owner.get("/v1/tokens");
  EXPECT_EQ(listed.text.find(text_at(made.body, "/token")), std::string::npos);
  EXPECT_EQ(text_at(listed.body, "/items/0/shown"),
            text_at(made.body, "/token").substr(0, 8));
}

TEST_F(Access, ABoundTokenNeedsNoHeadersAndReachesNothingElse) {
  const Person ada = Person::sign_up(server_, "ada", "acme");
  Api admin = ada.in("acme");
  ASSERT_EQ(admin.post("/v1/projects", R"({"slug":"web"})").status, 201);
  const std::string workspace = text_at(admin.get("/v1/workspace").body, "/id");
  const std::string project = text_at(admin.get("/v1/projects/web").body, "/id");
  const Answer made = ada.api().post(
      "/v1/tokens", R"({"name":"b","scopes":["workflow:write","workflow:read"],"workspace_id":")" +
                        workspace + R"(","project_id":")" + project + "\"}");
  ASSERT_EQ(made.status, 201) << made.text;
  const std::string text = text_at(made.body, "/token");
  Api bound = api_of(server_, text);
  EXPECT_EQ(bound.post("/v1/workflows", quoted("{@name@:@x@,@graph@:{@steps@:[") +
                                            lua("a", "return {}") + "]}}")
                .status,
            201);
  EXPECT_EQ(column(ada.in("acme", "web").get("/v1/workflows"), "name"),
            std::vector<std::string>{"x"});
  EXPECT_EQ(api_of(server_, text, {{"X-Project-Id", "default"}}).get("/v1/workflows").status, 403);
  EXPECT_EQ(api_of(server_, text, {{"X-Tenant-Id", "nowhere"}}).get("/v1/workflows").status, 403);
}

TEST_F(Access, SessionsAndTokensSurviveAKillAndEndWhenTheyAreEnded) {
  const Person ada = Person::sign_up(server_, "ada", "acme");
  const Answer made = ada.api().post("/v1/tokens", kTokenBody);
  const std::string text = text_at(made.body, "/token");
  server_.kill_hard();
  server_.start();
  EXPECT_EQ(ada.api().get("/v1/me").status, 200);
  Api program = api_of(server_, text, {{"X-Tenant-Id", "acme"}});
  EXPECT_EQ(program.get("/v1/workflows").status, 200);
  ASSERT_EQ(ada.api().call("DELETE", "/v1/tokens/" + text_at(made.body, "/id")).status, 204);
  EXPECT_EQ(program.get("/v1/workflows").status, 401) << "from the next request on";
  const Person again = Person::sign_in(server_, "ada");
  EXPECT_EQ(ada.api()
                .post("/v1/me/password", std::string(R"({"current_password":")") + kGoodPassword +
                                             R"(","new_password":"another pony stapler 4"})")
                .status,
            204);
  EXPECT_EQ(ada.api().get("/v1/me").status, 200) << "the session that changed it";
  EXPECT_EQ(again.api().get("/v1/me").status, 401) << "every other one";
  EXPECT_EQ(ada.api().post("/v1/auth/sign-out", "").status, 204);
  EXPECT_EQ(ada.api().get("/v1/me").status, 401);
}

TEST_F(Access, AFailedSignInIsInTheLog) {
  Process loud({.arguments = {TROUPE_BINARY, "serve", "--data-dir", folder() + "/loud", "--listen",
                              "127.0.0.1:0"},
                .environment = {{"TROUPE_ACCESS__SIGN_UP", "open"}}});
  const auto options = http_client::options_for_url(loud.wait_for_line("http://", 20'000));
  ASSERT_TRUE(options);
  Api nobody(*options);
  const std::string account = R"({"email":"ada@example.org","name":"Ada","workspace":"acme",)";
  const Answer ada = nobody.post("/v1/auth/sign-up",
                                 account + R"("password":")" + kGoodPassword + "\"}");
  ASSERT_EQ(ada.status, 201) << ada.text;
  EXPECT_EQ(nobody.post("/v1/auth/sign-in", account + R"("password":"wrong mule 9"})").status, 401);
  const std::string line = loud.wait_for_line("a sign-in failed", 10'000);
  EXPECT_NE(line.find("user=" + text_at(ada.body, "/user/id")), std::string::npos) << line;
  EXPECT_NE(line.find("address=127.0.0.1"), std::string::npos) << line;
  EXPECT_EQ(line.find("mule"), std::string::npos) << line;
}

TEST_F(Access, WhoIsRefusedIsInTheLogButNotForEveryTime) {
  Process loud({.arguments = {TROUPE_BINARY, "serve", "--data-dir", folder() + "/loud", "--listen",
                              "127.0.0.1:0"},
                .environment = {{"TROUPE_ACCESS__SIGN_UP", "open"}}});
  auto options = http_client::options_for_url(loud.wait_for_line("http://", 20'000));
  ASSERT_TRUE(options);
  const Answer ada = Api(*options).post(
      "/v1/auth/sign-up",
      std::string(R"({"email":"ada@example.org","name":"Ada","workspace":"acme","password":")") +
          kGoodPassword + "\"}");
  ASSERT_EQ(ada.status, 201) << ada.text;
  const auto cookie = std::find_if(ada.headers.begin(), ada.headers.end(),
                                   [](const auto& field) { return field.first == "set-cookie"; });
  ASSERT_NE(cookie, ada.headers.end());
  options->headers = {{"Cookie", cookie->second.substr(0, cookie->second.find(';'))}};
  EXPECT_EQ(Api(*options).get("/v1/nodes").status, 403);
  const std::string line = loud.wait_for_line("a request was refused", 10'000);
  for (const std::string& part :
       {std::string("route=/v1/nodes"), std::string("code=forbidden"),
        "who=user:" + text_at(ada.body, "/user/id"), std::string("address=127.0.0.1")}) {
    EXPECT_NE(line.find(part), std::string::npos) << line;
  }
  for (int i = 0; i < 200; ++i) EXPECT_EQ(Api(*options).get("/v1/nodes").status, 403);
  loud.signal(SIGTERM);
  const std::string all = loud.finish(20'000).err;
  std::size_t lines = 0;
  for (std::size_t at = 0; (at = all.find("a request was refused", at)) != all.npos; ++at) ++lines;
  EXPECT_LT(lines, 100u);
}

TEST_F(Access, ASignInReplacesTheSessionThatTheBrowserHad) {
  const Person ada = Person::sign_up(server_, "ada", "acme");
  http_client::Options options = server_.client_options();
  options.headers = {{"Cookie", ada.cookie()}};
  const Answer in = Api(options).post(
      "/v1/auth/sign-in", std::string(R"({"email":"ada@example.org","password":")") +
                              kGoodPassword + "\"}");
  ASSERT_EQ(in.status, 200) << in.text;
  EXPECT_EQ(ada.api().get("/v1/me").status, 401);
  EXPECT_EQ(Person::sign_in(server_, "ada").api().get("/v1/me").status, 200);
}

TEST_F(Access, AMemberWhoIsPutOutIsOutAtOnceAndKeepsWhatHeMade) {
  const Person ada = Person::sign_up(server_, "ada", "acme");
  const Person bob = Person::sign_up(server_, "bob", "bobs");
  bring_in(ada.in("acme"), bob, "bob", "tenant_member");
  Api his = bob.in("acme", "default");
  const std::string flow = his.publish(quoted("{@steps@:[") + lua("a", "return {}") + "]}");
  Api admin = ada.in("acme");
  ASSERT_EQ(admin.call("PATCH", "/v1/members/" + bob.id(), R"({"state":"deactivated"})").status,
            204);
  EXPECT_EQ(his.get("/v1/workflows").status, 404);
  EXPECT_EQ(ada.in("acme", "default").get("/v1/workflows/" + flow).status, 200);
  ASSERT_EQ(admin.call("PATCH", "/v1/members/" + bob.id(), R"({"state":"active"})").status, 204);
  EXPECT_EQ(his.get("/v1/workflows").status, 200);
  EXPECT_EQ(admin.call("DELETE", "/v1/members/" + ada.id()).status, 409) << "the last owner";
  EXPECT_EQ(admin.post("/v1/workspace/leave", "").status, 409);
}

TEST_F(Access, WhoIsInvitedComesInWhereSigningUpIsClosed) {
  const Person ada = Person::sign_up(server_, "ada", "acme");
  const std::string invite = text_at(
      ada.in("acme").post("/v1/invites", R"({"invites":[{"email":"bob@example.org"}]})").body,
      "/items/0/token");
  server_.terminate();
  Environment closed = environment_;
  closed.emplace_back("TROUPE_ACCESS__SIGN_UP", "closed");
  Server server(data_dir(), closed);
  server.start();
  Api nobody = api_of(server, "");
  const auto come_in = [&](const std::string& email, const std::string& with) {
    return nobody
        .post("/v1/auth/sign-up", "{\"email\":\"" + email + "\",\"name\":\"Bob\",\"password\":\"" +
                                      kGoodPassword + "\"," + with + "}")
        .status;
  };
  EXPECT_EQ(come_in("bob@example.org", R"("workspace":"bobs")"), 403);
  EXPECT_EQ(come_in("eve@example.org", "\"invite\":\"" + invite + "\""), 403) << "another's";
  EXPECT_EQ(come_in("bob@example.org", R"("invite":"inv_nothing")"), 404);
  EXPECT_EQ(come_in("bob@example.org", "\"invite\":\"" + invite + "\""), 201);
  EXPECT_EQ(come_in("bob2@example.org", "\"invite\":\"" + invite + "\""), 404) << "used";
  const Person bob = Person::sign_in(server, "bob");
  EXPECT_EQ(column(bob.api().get("/v1/workspaces"), "slug"), std::vector<std::string>{"acme"});
}

TEST_F(Access, GuessingAPasswordIsCutShort) {
  Person::sign_up(server_, "ada", "acme");
  const auto guess = [&](const std::string& email) {
    return api_of(server_, "").post("/v1/auth/sign-in", "{\"email\":\"" + email +
                                                            R"(","password":"wrong guess 17"})");
  };
  const Answer of_nobody = guess("nobody@example.org");
  Answer answer = guess("ada@example.org");
  EXPECT_EQ(answer.status, 401);
  EXPECT_EQ(answer.text, of_nobody.text) << "nobody learns which accounts there are";
  for (int i = 0; i < 12 && answer.status == 401; ++i) answer = guess("ada@example.org");
  EXPECT_EQ(answer.status, 429);
  EXPECT_NE(answer.text.find("rate_limited"), std::string::npos);
}

TEST_F(Access, WhatIsSecretIsFoundNowhere) {
  const Person ada = Person::sign_up(server_, "ada", "acme");
  Api admin = ada.in("acme");
  ASSERT_EQ(admin.post("/v1/secrets", std::string(R"({"path":"db/password","value":")") + kCanary +
                                          "\"}")
                .status,
            201);
  const std::string token = text_at(ada.api().post("/v1/tokens", kTokenBody).body, "/token");
  const Answer revealed = admin.post("/v1/secrets:reveal", R"({"path":"db/password"})");
  EXPECT_EQ(text_at(revealed.body, "/value"), kCanary);
  ASSERT_EQ(admin.post("/v1/data-keys:rotate", "").status, 200);
  std::string said;
  for (const char* path : {"/v1/secrets", "/v1/audit?limit=200", "/v1/tokens", "/v1/me",
                           "/v1/workspace", "/v1/members", "/v1/sessions"}) {
    said += admin.get(path).text;
  }
  said += api_of(server_, "").get("/metrics").text;
  const std::string session = ada.cookie().substr(ada.cookie().find('=') + 1);
  server_.terminate();
  said += everything_on_disk();
  for (const std::string& secret :
       {std::string(kCanary), token, session, std::string(kGoodPassword)}) {
    EXPECT_EQ(said.find(secret), std::string::npos) << secret.substr(0, 6);
  }
  EXPECT_NE(said.find("db/password"), std::string::npos) << "the test would see it";
  server_.start();
  EXPECT_EQ(text_at(ada.in("acme").post("/v1/secrets:reveal", R"({"path":"db/password"})").body,
                    "/value"),
            kCanary);
}

TEST_F(Access, AnAccountThatIsDisabledIsOutEverywhereUntilItIsLetInAgain) {
  const Person ada = Person::sign_up(server_, "ada", "acme");
  const Person bob = Person::sign_up(server_, "bob", "bobs");
  bring_in(ada.in("acme"), bob, "bob", "tenant_admin");
  const Answer made = bob.api().post("/v1/tokens", R"({"name":"t","scopes":["workspace:read"]})");
  Api program = api_of(server_, text_at(made.body, "/token"), {{"X-Tenant-Id", "acme"}});
  ASSERT_EQ(program.get("/v1/workspace").status, 200);
  Api owner(server_);
  const std::string account = "/v1/users/" + bob.id();
  EXPECT_EQ(ada.in("acme").post(account + "/disable", "").status, 403);
  EXPECT_EQ(owner.post("/v1/users/" + std::string(36, '0') + "/disable", "").status, 404);
  ASSERT_EQ(owner.post(account + "/disable", "").status, 204);
  EXPECT_EQ(bob.in("acme").get("/v1/workspace").status, 401);
  EXPECT_EQ(program.get("/v1/workspace").status, 401);
  const std::string sign_in = R"({"email":"bob@example.org","password":")" +
                              std::string(kGoodPassword) + "\"}";
  EXPECT_EQ(api_of(server_, "").post("/v1/auth/sign-in", sign_in).status, 403);
  EXPECT_EQ(ada.in("acme").get("/v1/workspace").status, 200);
  server_.kill_hard();
  server_.start();
  EXPECT_EQ(api_of(server_, "").post("/v1/auth/sign-in", sign_in).status, 403);
  ASSERT_EQ(Api(server_).post(account + "/enable", "").status, 204);
  const Person again = Person::sign_in(server_, "bob");
  EXPECT_EQ(again.in("acme").get("/v1/workspace").status, 200) << "what he was, he is";
  EXPECT_EQ(api_of(server_, text_at(made.body, "/token"), {{"X-Tenant-Id", "acme"}})
                .get("/v1/workspace")
                .status,
            401)
      << "a token that has ended stays so";
}

TEST(AccessCrash, LeavesNoCoreFileWhereOthersLeaveOne) {
  const TemporaryDirectory directory;
  const auto crash = [&](const std::string& program) {
    Process process({{"/bin/sh", "-c", "ulimit -c unlimited; exec " + program},
                     {},
                     {},
                     directory.path().string()});
    process.wait_for_line("/", 20'000);
    process.signal(SIGABRT);
    EXPECT_EQ(process.finish(20'000).exit, -SIGABRT);
    std::string files;
    for (const auto& entry : std::filesystem::directory_iterator(directory.path())) {
      const std::string name = entry.path().filename().string();
      if (name.starts_with("core")) files += name + " ";
    }
    return files;
  };
  EXPECT_EQ(crash(std::string(TROUPE_BINARY) + " serve --data-dir data --listen 127.0.0.1:0"), "");
  std::ifstream pattern("/proc/sys/kernel/core_pattern");
  std::string where;
  std::getline(pattern, where);
  if (where.starts_with("core")) {
    EXPECT_NE(crash("/bin/sh -c 'echo /; exec tail -f /dev/null'"), "") << "the test would see one";
  }
}

TEST_F(Access, EachChangeIsOneEntryOfAChainThatHolds) {
  const Person ada = Person::sign_up(server_, "ada", "acme");
  Api admin = ada.in("acme");
  Api inside = ada.in("acme", "default");
  const std::string flow = inside.publish(quoted("{@steps@:[") + lua("a", "return {}") + "]}");
  EXPECT_EQ(inside.call("DELETE", "/v1/workflows/" + flow).status, 204);
  EXPECT_EQ(admin.post("/v1/projects", R"({"slug":"web"})").status, 201);
  EXPECT_EQ(admin.post("/v1/projects", R"({"slug":"web"})").status, 409) << "no change, no entry";
  EXPECT_EQ(admin.call("DELETE", "/v1/projects/web").status, 204);
  EXPECT_EQ(admin.call("PATCH", "/v1/workspace", R"({"name":"Acme Inc"})").status, 200);
  const Answer exported = admin.post("/v1/audit:export", "");
  ASSERT_EQ(exported.status, 200) << exported.text;
  const WorkspaceId workspace(*Uuid::parse(text_at(admin.get("/v1/workspace").body, "/id")));
  const system::Blake2bHasher hasher;
  tenancy::AuditCheck check(hasher, tenancy::audit_origin(hasher, workspace));
  std::vector<std::string> actions;
  json::for_each_element(*json::member(exported.text, "items"), [&](std::string_view item) {
    const std::string_view entry = *json::member(item, "entry");
    actions.push_back(json::decode_string(*json::member(entry, "action")));
    store::SealedEntry sealed;
    sealed.json = entry;
    sealed.head.n = static_cast<std::uint64_t>(*json::as_int(*json::member(entry, "n")));
    const std::string hash = json::decode_string(*json::member(item, "hash"));
    for (std::size_t i = 0; i < sealed.head.hash.size(); ++i) {
      sealed.head.hash[i] =
          static_cast<std::uint8_t>(std::stoi(hash.substr(2 * i, 2), nullptr, 16));
    }
    const auto broken = check.next(sealed);
    EXPECT_FALSE(broken) << "entry " << sealed.head.n << " " << (broken ? broken->why : "");
    return true;
  });
  EXPECT_EQ(actions, (std::vector<std::string>{
                         "account.sign_up", "workflow.create", "workflow.publish",
                         "workflow.archive", "project.create", "project.archive",
                         "workspace.change", "audit.export"}));
}

TEST_F(Access, WhatBelongsToTheWorkspaceWorksInEachProjectAndIsChangedByAdminsAlone) {
  const Person ada = Person::sign_up(server_, "ada", "acme");
  const Person bob = Person::sign_up(server_, "bob", "bobs");
  bring_in(ada.in("acme"), bob, "bob", "tenant_member");
  Api admin = ada.in("acme");
  ASSERT_EQ(admin.post("/v1/projects", R"({"slug":"web"})").status, 201);
  const std::string flow = admin.publish(quoted("{@steps@:[") + lua("a", "return {}") + "]}");
  Api web = bob.in("acme", "web");
  EXPECT_EQ(column(web.get("/v1/workflows"), "id"), std::vector<std::string>{flow});
  EXPECT_EQ(web.get("/v1/workflows/" + flow).status, 200);
  const std::string run = text_at(web.run(flow), "/run_id");
  EXPECT_EQ(column(web.get("/v1/runs"), "run_id"), std::vector<std::string>{run});
  EXPECT_TRUE(column(bob.in("acme", "default").get("/v1/runs"), "run_id").empty())
      << "a run belongs to where it was started";
  EXPECT_EQ(text_at(web.get("/v1/analytics").body, "/totals/completed"), "1");
  const std::string path = "/v1/workflows/" + flow;
  for (Api* from : {&web, &admin}) {
    const int changed = from == &admin ? 200 : 403;
    EXPECT_EQ(from->call("PATCH", path, R"({"name":"y"})", {{"If-Match", "*"}}).status, changed);
    EXPECT_EQ(from->post(path + "/versions", "{}").status, from == &admin ? 201 : 403);
    EXPECT_EQ(from->call("DELETE", path).status, from == &admin ? 204 : 403);
  }
  EXPECT_EQ(bob.in("bobs", "default").get(path).status, 404);
}

TEST_F(Access, WhatPeopleDoToRunsStandsInTheAuditLog) {
  const Person ada = Person::sign_up(server_, "ada", "acme");
  Api api = ada.in("acme", "default");
  const std::string flow = api.publish(quoted(
      "{@steps@:[{@id@:@ok@,@type@:@human_task@,@name@:@ok@,@task_type@:@approval@}]}"));
  const std::string run = api.start(flow);
  api.wait_for(run, "human_task_created");
  for (const char* verb : {"pause", "resume"}) {
    ASSERT_EQ(api.control(flow, run, verb).status, 200) << verb;
  }
  const Answer answered =
      api.post("/v1/runs/" + run + "/tasks/ok/complete", R"({"approved":false})");
  ASSERT_EQ(answered.status, 200) << answered.text;
  api.wait_end(run);
  const Answer retried = api.control(flow, run, "retry", R"("from_step":"ok")");
  const std::string again = text_at(retried.body, "/run_id");
  ASSERT_EQ(api.control(flow, again, "stop").status, 200);
  EXPECT_EQ(api.control(flow, again, "pause").status, 409) << "what is refused is not noted";
  std::vector<std::string> entries;
  const Answer log = ada.in("acme").get("/v1/audit");
  for (int i = 0; i < 5; ++i) {
    const std::string entry = "/items/" + std::to_string(i) + "/entry";
    EXPECT_EQ(text_at(log.body, entry + "/actor"), "user:" + ada.id());
    entries.push_back(text_at(log.body, entry + "/action") + " " +
                      text_at(log.body, entry + "/target") + " " +
                      text_at(log.body, entry + "/changed/0"));
  }
  EXPECT_EQ(entries, (std::vector<std::string>{
                         "run.control run:" + again + " stop", "run.retry run:" + again + " null",
                         "task.answer task:" + text_at(answered.body, "/task_id") + " rejected",
                         "run.control run:" + run + " resume",
                         "run.control run:" + run + " pause"}))
      << log.text;
}

}  // namespace
}  // namespace troupe::testing
