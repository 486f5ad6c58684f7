#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "adapters/http/server.h"
#include "adapters/http_client/client.h"
#include "adapters/metrics/registry.h"
#include "adapters/vault/password_hasher.h"
#include "adapters/vault/sealer.h"
#include "runtime/json/read.h"
#include "tests/support/fake_engine.h"

namespace troupe::testing {

class TokenAccess final : public tenancy::Access {
 public:
  Result<tenancy::Principal> authenticate(std::string_view token) const override {
    if (token == "secret") return tenancy::Principal(tenancy::Operator{});
    return {Code::kUnauthorized, "no"};
  }
};
class SumHasher final : public Hasher {
 public:
  Digest hash(std::string_view bytes) const override {
    Digest digest{};
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      digest[i % 16] = static_cast<std::uint8_t>(digest[i % 16] * 31 + bytes[i]);
    }
    return digest;
  }
};
class FixedClock final : public Clock {
 public:
  TimePoint now() const override { return {1'700'000'000'000'000}; }
};
class CountingEntropy final : public Entropy {
 public:
  std::uint64_t next() override { return ++last_; }

 private:
  std::atomic<std::uint64_t> last_{0};
};

/// A server over a FakeEngine on a free port of the loopback address, with a client that has the
/// token.
class HttpFixture : public ::testing::Test {
 protected:
  HttpFixture() {
    options.port = 0;
    options.limits.drain_time = milliseconds(2000);
    workspace.id = WorkspaceId(*Uuid::parse("01890000-0000-7000-8000-000000000010"));
    workspace.slug = workspace.name = "default";
    project.id = ProjectId(*Uuid::parse("01890000-0000-7000-8000-000000000011"));
    project.workspace = workspace.id;
    project.slug = project.name = "default";
    engine.rows.workspace_rows.push_back(workspace);
    engine.rows.project_rows.push_back(project);
    workflow.id = WorkflowId(*Uuid::parse(FakeEngine::kWorkflow));
    workflow.workspace = workspace.id;
    workflow.project = project.id;
    workflow.name = "first";
    workflow.graph = R"({"steps":[]})";
    workflow.created = workflow.updated = clock.now();
    engine.rows.workflow_rows.push_back(workflow);
    run.id = RunId(*Uuid::parse(FakeEngine::kRun));
    run.workspace = workspace.id;
    run.project = project.id;
    run.workflow = workflow.id;
    run.version = 1;
    run.status = store::RunStatus::kRunning;
    run.trigger_type = "api";
    run.created = clock.now();
    engine.rows.run_rows.push_back(run);
  }
  void TearDown() override { server.reset(); }

  void serve() {
    server = std::make_unique<http::Server>(
        options, services(access));
    const auto bound = server->start();
    ASSERT_TRUE(bound.ok()) << bound.error().message;
    port = *bound;
    client = std::make_unique<http_client::Client>(client_options());
  }
  http::Services services(const tenancy::Access& known) {
    return {engine,  known,   hasher,     clock,  entropy,    metrics,
            metrics, *passwords, sealer, keys.get(), certificate, log};
  }
  http_client::Options client_options(std::string token = "secret") const {
    http_client::Options out;
    out.port = port;
    if (!token.empty()) out.headers = {{"Authorization", "Bearer " + token}};
    return out;
  }
  http_client::Response call(std::string_view method, std::string_view path,
                             std::string_view body = {}, http_client::Headers headers = {}) {
    if (!server) serve();
    auto response = client->request(method, path, headers, body);
    EXPECT_TRUE(response.ok()) << response.error().message;
    return response.ok() ? *response : http_client::Response{};
  }
  static std::string text_at(std::string_view json, std::string_view pointer) {
    const auto value = json::at_pointer(json, pointer);
    if (!value) return "(absent)";
    return json::kind(*value) == json::Kind::kString ? json::decode_string(*value)
                                                     : std::string(*value);
  }
  /// Adds a workflow to the path: "/v1/workflows/<id>" + tail.
  static std::string in_workflow(const std::string& tail) {
    return std::string("/v1/workflows/") + FakeEngine::kWorkflow + tail;
  }
  static std::string in_run(const std::string& tail) {
    return std::string("/v1/runs/") + FakeEngine::kRun + tail;
  }

  http::Options options;
  FakeEngine engine;
  TokenAccess access;
  SumHasher hasher;
  FixedClock clock;
  CountingEntropy entropy;
  metrics::Registry metrics{"test"};
  std::unique_ptr<vault::Argon2PasswordHasher> passwords =
      *vault::Argon2PasswordHasher::make(vault::PasswordOptions{});
  vault::XChaChaSealer sealer;
  std::unique_ptr<KeyRing> keys;
  http::Certificate* certificate = nullptr;
  Logger* log = nullptr;
  store::Workspace workspace;
  store::Project project;
  store::Workflow workflow;
  store::RunRow run;
  std::unique_ptr<http::Server> server;
  std::unique_ptr<http_client::Client> client;
  std::uint16_t port = 0;
};

}  // namespace troupe::testing
