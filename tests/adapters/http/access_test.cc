// Every route, asked by those who may not: the answer, and that nothing was done.
#include "adapters/http/route.h"
#include "tests/adapters/http/http_fixture.h"

namespace troupe::testing {
namespace {

/// Beside the operator's token, one of a user who is a member of nothing.
class StrangerAccess final : public tenancy::Access {
 public:
  Result<tenancy::Principal> authenticate(std::string_view token) const override {
    if (token == "stranger") return tenancy::Principal(tenancy::SessionUser{UserId{kUser}, {}});
    return {Code::kUnauthorized, "no"};
  }

 private:
  static constexpr const char* kBytes = "0123456789abcdef";
  const Uuid kUser = Uuid::from_bytes(kBytes);
};

class HttpAccess : public HttpFixture {
 protected:
  HttpAccess() {
    server = std::make_unique<http::Server>(
        options, services(strangers));
    port = *server->start();
  }
  static constexpr const char* kSomeId = "01890000-0000-7000-8000-0000000000ff";
  /// The path with an id of this engine's in each place, so that it leads to something that is.
  static std::string path_of(const http::Route& route) {
    std::string path(route.pattern);
    const std::pair<std::string, std::string> ids[] = {{"{id}", FakeEngine::kWorkflow},
                                                       {"{run}", FakeEngine::kRun},
                                                       {"{version}", "1"},
                                                       {"{step}", "a"},
                                                       {"{task}", "a"},
                                                       {"{name}", "node"},
                                                       {"{reference}", "x"},
                                                       {"{project}", "default"},
                                                       {"{environment}", "production"},
                                                       {"{user}", kSomeId},
                                                       {"{session}", kSomeId}, {"{job}", kSomeId},
                                                       {"{token}", kSomeId},
                                                       {"{invite}", kSomeId},
                                                       {"{identity}", kSomeId},
                                                       {"{key}", kSomeId},
                                                       {"{model}", "best"},
                                                       {"{connection}", kSomeId}};
    for (const auto& [name, id] : ids) {
      const std::size_t at = path.find(name);
      if (at != std::string::npos) path.replace(at, name.size(), id);
    }
    EXPECT_EQ(path.find('{'), std::string::npos) << path << ": name an id for it";
    return path;
  }
  http_client::Response ask(const http::Route& route, const std::string& token,
                            const std::string& workspace = "default") {
    http_client::Client client(client_options(token));
    const bool has_body = route.body != http::Body::kNone;
    auto response = client.request(http::name(route.method), path_of(route),
                                   {{"X-Tenant-Id", workspace}}, has_body ? "{}" : "");
    EXPECT_TRUE(response.ok()) << route.pattern;
    return response.ok() ? *response : http_client::Response{};
  }

  StrangerAccess strangers;
};

TEST_F(HttpAccess, WhoHasNoTokenReachesNoRouteThatNeedsOne) {
  for (const http::Route& route : http::routes()) {
    if (route.needs_nobody() || route.free_on_loopback) continue;
    for (const char* const token : {"", "wrong"}) {
      const auto answer = ask(route, token);
      EXPECT_EQ(answer.status, 401) << route.pattern;
      EXPECT_EQ(text_at(answer.body, "/code"), "unauthorized") << route.pattern;
    }
  }
}

TEST_F(HttpAccess, AStrangerSeesNeitherTheServerNorAnybodysWorkspace) {
  for (const http::Route& route : http::routes()) {
    const tenancy::Reach reach = route.needs.rule().need.reach;
    if (reach == tenancy::Reach::kServer && !route.free_on_loopback) {
      EXPECT_EQ(ask(route, "stranger").status, 403) << route.pattern;
    }
    if (!route.is_in_tenant()) continue;
    const auto foreign = ask(route, "stranger");
    const auto absent = ask(route, "stranger", "nowhere");
    EXPECT_EQ(foreign.status, 404) << route.pattern;
    EXPECT_EQ(absent.status, 404) << route.pattern;
    EXPECT_EQ(foreign.body, absent.body) << route.pattern;
  }
  EXPECT_EQ(engine.rows.workflow_rows.size(), 1u) << "something was made for a stranger";
  EXPECT_EQ(engine.rows.project_rows.size(), 1u);
}

}  // namespace
}  // namespace troupe::testing
