// Serves the HTTP edge over an engine that answers at once (or, with "--threads", from another
// thread as the real one does), so that wrk measures what the edge alone costs. Prints its port;
// ends on EOF.
#include <cstdio>
#include <cstring>
#include <deque>
#include <thread>

#include "adapters/http/server.h"
#include "adapters/metrics/registry.h"
#include "tests/support/fake_engine.h"

namespace troupe::bench {
namespace {

class AnyToken final : public tenancy::Access {
 public:
  Result<tenancy::Principal> authenticate(std::string_view token) const override {
    if (token == "secret") return tenancy::Principal(tenancy::Operator{});
    return {Code::kUnauthorized, "no"};
  }
};
class NoHasher final : public Hasher {
 public:
  Digest hash(std::string_view) const override { return {}; }
};
class StoppedClock final : public Clock {
 public:
  TimePoint now() const override { return {1'700'000'000'000'000}; }
};
class PlainEntropy final : public Entropy {
 public:
  std::uint64_t next() override { return last_ += 0x9E3779B97F4A7C15ull; }

 private:
  std::uint64_t last_ = 0;
};

/// Answers starts from a thread of its own, in groups, as a commit does.
class Committer {
 public:
  Committer() : thread_([this] { run(); }) {}
  ~Committer() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_one();
    thread_.join();
  }
  void add(std::function<void()> work) {
    {
      const std::lock_guard lock(mutex_);
      queue_.push_back(std::move(work));
    }
    changed_.notify_one();
  }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
      changed_.wait(lock, [&] { return stopping_ || !queue_.empty(); });
      std::vector<std::function<void()>> batch = std::exchange(queue_, {});
      lock.unlock();
      for (const auto& work : batch) work();
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::function<void()>> queue_;
  bool stopping_ = false;
  std::thread thread_;
};

class BenchEngine final : public testing::FakeEngine {
 public:
  explicit BenchEngine(Committer* committer) : committer_(committer) {}
  void start(StartRequest request, Callback<Started> done) override {
    Started started{.run = RunId(*Uuid::parse(kRun)),
                    .status = store::RunStatus::kRunning,
                    .workflow = request.workflow,
                    .version = 1,
                    .started_at = {1'700'000'000'000'000}};
    if (committer_ == nullptr) return done(started);
    committer_->add([done = std::move(done), started] { done(started); });
  }

 private:
  Committer* committer_;
};

int run(bool threads) {
  Committer committer;
  BenchEngine engine(threads ? &committer : nullptr);
  store::Workspace workspace{.id = WorkspaceId(*Uuid::parse(testing::FakeEngine::kRun)),
                             .slug = "default",
                             .name = "default",
                             .product_code = {},
                             .created = {}};
  engine.rows.workspace_rows.push_back(workspace);
  store::Workflow workflow;
  workflow.id = WorkflowId(*Uuid::parse(testing::FakeEngine::kWorkflow));
  workflow.workspace = workspace.id;
  workflow.graph = "{}";
  engine.rows.workflow_rows.push_back(workflow);
  AnyToken access;
  NoHasher hasher;
  StoppedClock clock;
  PlainEntropy entropy;
  metrics::Registry metrics("bench");
  http::Options options;
  options.port = 0;
  options.limits.drain_time = milliseconds(500);
  http::Server server(options, {engine, access, hasher, clock, entropy, metrics, metrics});
  const auto port = server.start();
  if (!port.ok()) return 1;
  std::printf("%u\n", *port);
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
  return 0;
}

}  // namespace
}  // namespace troupe::bench

int main(int argc, char** argv) {
  return troupe::bench::run(argc > 1 && std::strcmp(argv[1], "--threads") == 0);
}
