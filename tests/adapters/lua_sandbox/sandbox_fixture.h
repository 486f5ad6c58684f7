#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <utility>

#include "adapters/lua_sandbox/pool.h"

namespace troupe::lua_sandbox {

/// Wall time that tests can reason about: the steady clock behind a fixed start.
class SteadyClock final : public Clock {
 public:
  TimePoint now() const override {
    const auto since = std::chrono::steady_clock::now().time_since_epoch();
    return {1'700'000'000'000'000 +
            std::chrono::duration_cast<std::chrono::microseconds>(since).count()};
  }
};

inline WorkspaceId workspace(std::uint64_t number) { return WorkspaceId(Uuid{1, number}); }

inline std::shared_ptr<const Script> script(std::string source, std::string name = "calc") {
  static std::atomic<std::uint64_t> next_id{1};
  auto made = std::make_shared<Script>();
  made->id = next_id++;
  made->source = std::move(source);
  made->name = std::move(name);
  return made;
}

/// A pool per test. The zygote is forked before the pool's thread exists; gtest itself has none.
class SandboxTest : public ::testing::Test {
 protected:
  void start(Options options = {}) {
    Result<Zygote> zygote = Zygote::start();
    ASSERT_TRUE(zygote.ok()) << zygote.error().message;
    pool = std::make_unique<Pool>(std::move(zygote).value(), clock, std::move(options));
  }

  ScriptJob job(std::shared_ptr<const Script> code, std::string globals = "{}") {
    ScriptJob made;
    made.job = next_job++;
    made.workspace = workspace(1);
    made.script = std::move(code);
    made.globals = std::move(globals);
    made.timeout = seconds(5);
    return made;
  }

  std::future<ScriptResult> submit(ScriptJob work) {
    auto promise = std::make_shared<std::promise<ScriptResult>>();
    auto future = promise->get_future();
    pool->submit(std::move(work), [promise](std::uint64_t, ScriptResult result) {
      promise->set_value(std::move(result));
    });
    return future;
  }

  static ScriptResult get(std::future<ScriptResult> future) {
    if (future.wait_for(std::chrono::seconds(30)) != std::future_status::ready) {
      ADD_FAILURE() << "the job did not end";
      return {};
    }
    return future.get();
  }

  ScriptResult run(std::string source, std::string globals = "{}") {
    return get(submit(job(script(std::move(source)), std::move(globals))));
  }

  /// The result as text, or the code and message of the failure.
  static std::string shown(const ScriptResult& result) {
    if (result.ok) return std::string(result.value.view());
    return std::string(info(result.error.code).name) + ": " + result.error.message;
  }

  std::string value(std::string source, std::string globals = "{}") {
    return shown(run(std::move(source), std::move(globals)));
  }

  SteadyClock clock;
  std::unique_ptr<Pool> pool;
  std::uint64_t next_job = 1;
};

}  // namespace troupe::lua_sandbox
