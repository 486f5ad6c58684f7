// The executor: errors, logs, fairness, lost children, cancelling, host calls.
#include "adapters/lua_sandbox/pool.h"

#include <sys/wait.h>
#include <unistd.h>

#include <condition_variable>
#include <csignal>
#include <mutex>
#include <vector>

#include "tests/adapters/lua_sandbox/processes.h"
#include "tests/adapters/lua_sandbox/sandbox_fixture.h"

namespace troupe::lua_sandbox {
namespace {

using std::chrono::steady_clock;

constexpr char kForever[] = "while true do end";

/// Host calls that a test answers when it likes.
class Host {
 public:
  HostCallHandler handler() {
    return [this](HostCall call, HostCallReply reply) {
      const std::lock_guard lock(mutex_);
      calls_.emplace_back(std::move(call), std::move(reply));
      arrived_.notify_all();
    };
  }
  std::pair<HostCall, HostCallReply> next() {
    std::unique_lock lock(mutex_);
    if (!arrived_.wait_for(lock, std::chrono::seconds(20), [&] { return !calls_.empty(); })) {
      ADD_FAILURE() << "no host call came";
      return {};
    }
    auto call = std::move(calls_.front());
    calls_.erase(calls_.begin());
    return call;
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<std::pair<HostCall, HostCallReply>> calls_;
};

class LuaPool : public SandboxTest {
 protected:
  ScriptJob endless(Duration timeout) {
    ScriptJob made = job(script(kForever));
    made.timeout = timeout;
    return made;
  }
  ScriptJob of(std::uint64_t number, ScriptJob made) {
    made.workspace = workspace(number);
    return made;
  }
  /// Returns when `holds` does; a child or the pool's thread makes it true, nothing here does.
  template <class Condition>
  static bool eventually(const Condition& holds) {
    const auto end = steady_clock::now() + std::chrono::seconds(20);
    while (!holds()) {
      if (steady_clock::now() > end) return false;
      std::this_thread::yield();
    }
    return true;
  }
};

TEST_F(LuaPool, AnErrorNamesItsLineAndText) {
  start();
  EXPECT_EQ(value("local x = 1\nerror('kaput')"), "lua_error: line 2: kaput");
  EXPECT_EQ(value("error({message='kaput', n=1})"), "lua_error: kaput");
  EXPECT_EQ(value("error({n=1})"), R"(lua_error: {"n":1})");
  EXPECT_EQ(value("\n\nreturn nothing.x"),
            "lua_error: line 3: attempt to index a nil value (global 'nothing')");
  EXPECT_EQ(value("return }").substr(0, 19), "lua_syntax: line 1:");
}

TEST_F(LuaPool, TimesAreOfTheScriptItself) {
  start();
  const TimePoint before = clock.now();
  const ScriptResult result = run("return {}");
  EXPECT_LE(before.us - 1000, result.started.us);
  EXPECT_LE(result.started, result.finished);
  EXPECT_LE(result.finished.us, clock.now().us + 1000);
}

TEST_F(LuaPool, PrintedLinesArriveInOrderWithTheirTimes) {
  start();
  const ScriptResult result = run("print('a', 1, nil, true)\nprint('b\\nc')\nprint() error('x')");
  ASSERT_EQ(result.logs.size(), 4U);
  EXPECT_EQ(result.logs[0].message, "a\t1\tnil\ttrue");
  EXPECT_EQ(result.logs[1].message, "b");
  EXPECT_EQ(result.logs[2].message, "c");
  EXPECT_EQ(result.logs[3].message, "");
  EXPECT_LE(result.logs[0].at, result.logs[3].at);
  EXPECT_FALSE(result.logs_truncated);
}

TEST_F(LuaPool, PrintingTooMuchIsCutOffAndMarked) {
  start();
  const ScriptResult result = run("for i = 1, 20 do print(('é'):rep(50000)) end return {}");
  ASSERT_TRUE(result.ok);
  EXPECT_TRUE(result.logs_truncated);
  std::size_t bytes = 0;
  for (const LogLine& line : result.logs) bytes += line.message.size();
  EXPECT_LE(bytes, (1U << 20) + 100);
  EXPECT_GT(bytes, 900'000U);
  EXPECT_NE(result.logs.back().message.find("truncated"), std::string::npos);
}

TEST_F(LuaPool, LargeGlobalsAndResultsPass) {
  start();
  const std::string large(5 << 20, 'x');
  const ScriptResult result =
      run("return {input.s, #input.s}", R"({"input":{"s":")" + large + R"("}})");
  ASSERT_TRUE(result.ok) << shown(result);
  EXPECT_EQ(result.value.size(), large.size() + 12);
}

TEST_F(LuaPool, MoreScriptsThanAChildKeepsStillRun) {
  Options options;
  options.children = 1;
  start(options);
  std::vector<std::future<ScriptResult>> results;
  const auto first = script("return {0}");
  results.push_back(submit(job(first)));
  for (int i = 1; i <= 2200; ++i) {
    results.push_back(submit(job(script("return {" + std::to_string(i) + "}"))));
  }
  results.push_back(submit(job(first)));
  for (int i = 0; i <= 2200; ++i) {
    EXPECT_EQ(shown(get(std::move(results[static_cast<std::size_t>(i)]))),
              "[" + std::to_string(i) + "]");
  }
  EXPECT_EQ(shown(get(std::move(results.back()))), "[0]");
}

TEST_F(LuaPool, ShortJobsDoNotWaitForALongOne) {
  Options options;
  options.children = 1;
  start(options);
  ASSERT_TRUE(run("return {}").ok);
  const auto quick = script("return {1}");
  auto before = submit(job(quick));
  auto slow = submit(endless(seconds(25)));
  std::vector<std::future<ScriptResult>> behind;
  for (int i = 0; i < 100; ++i) behind.push_back(submit(job(quick)));
  EXPECT_TRUE(get(std::move(before)).ok);
  for (auto& result : behind) EXPECT_TRUE(get(std::move(result)).ok);
  EXPECT_NE(slow.wait_for(std::chrono::seconds(0)), std::future_status::ready);
  EXPECT_GT(pool->metrics().jobs_requeued.load(), 0U);
  pool.reset();
  EXPECT_EQ(get(std::move(slow)).error.code, Code::kRunStopped);
}

TEST_F(LuaPool, AWorkspaceOfLongScriptsLeavesRoomForOthers) {
  start();
  std::vector<std::future<ScriptResult>> greedy;
  for (int i = 0; i < 12; ++i) greedy.push_back(submit(endless(milliseconds(400))));
  ASSERT_TRUE(eventually([&] { return pool->metrics().children_long.load() >= 4; }));
  for (int i = 0; i < 50; ++i) {
    EXPECT_TRUE(get(submit(of(2, job(script("return {1}"))))).ok);
    EXPECT_LE(pool->metrics().children_long.load(), 4);
  }
  for (auto& result : greedy) EXPECT_EQ(get(std::move(result)).error.code, Code::kTimeout);
}

TEST_F(LuaPool, OnlyTheJobThatRanIsLostWithItsProcess) {
  Options options;
  options.children = 1;
  options.long_after = seconds(60);  // so that the jobs behind it stay in the child
  start(options);
  ASSERT_TRUE(run("return {}").ok);
  auto culprit = submit(endless(seconds(20)));
  std::vector<std::future<ScriptResult>> others;
  for (int i = 0; i < 5; ++i) others.push_back(submit(job(script("return {1}"))));
  const std::vector<pid_t> children = sandbox_pids();
  ASSERT_EQ(children.size(), 1U);
  const unsigned long used = cpu_ticks(children[0]);
  ASSERT_TRUE(eventually([&] { return cpu_ticks(children[0]) > used + 2; }));
  kill(children[0], SIGKILL);
  for (auto& result : others) EXPECT_TRUE(get(std::move(result)).ok);
  EXPECT_EQ(get(std::move(culprit)).error.code, Code::kSandboxLost);
  EXPECT_EQ(pool->metrics().children_lost.load(), 1U);
}

TEST_F(LuaPool, CancelEndsAJobWhereverItIs) {
  Options options;
  options.children = 1;
  options.children_max = 1;
  start(options);
  ScriptJob running = endless(seconds(20));
  const std::uint64_t running_id = running.job;
  auto first = submit(std::move(running));
  ASSERT_TRUE(eventually([&] { return pool->metrics().children_long.load() == 1; }));
  ScriptJob queued = job(script("return {}"));
  const std::uint64_t queued_id = queued.job;
  auto second = submit(std::move(queued));
  pool->cancel(queued_id);
  EXPECT_EQ(get(std::move(second)).error.code, Code::kRunStopped);
  pool->cancel(running_id);
  pool->cancel(running_id);
  pool->cancel(999'999);
  EXPECT_EQ(get(std::move(first)).error.code, Code::kRunStopped);
  ScriptJob again = job(script("return {}"));
  again.job = running_id;  // the number is free as soon as the caller heard
  EXPECT_TRUE(get(submit(std::move(again))).ok);
}

TEST_F(LuaPool, AHostCallSuspendsOnlyItsOwnJob) {
  Host host;
  Options options;
  options.children = 1;
  options.host_calls = host.handler();
  start(options);
  ScriptJob asking =
      job(script("local x = host.call('add', 1, {2}) local ok, m = pcall(host.call, 'no') "
                 "return {x.sum, ok, m}"));
  asking.timeout = milliseconds(100);
  auto answer = submit(std::move(asking));
  auto [call, reply] = host.next();
  EXPECT_EQ(call.name, "add");
  EXPECT_EQ(call.arguments, "[1,[2]]");
  // Its clock stands still: this takes longer than the job may.
  auto slow = endless(milliseconds(300));
  EXPECT_EQ(get(submit(std::move(slow))).error.code, Code::kTimeout);
  EXPECT_TRUE(run("return {1}").ok);
  reply(json::Text::trusted(R"({"sum":3})"));
  auto [second, refuse] = host.next();
  EXPECT_EQ(second.name, "no");
  refuse(Error{Code::kForbidden, "not for you", {}});
  EXPECT_EQ(shown(get(std::move(answer))), R"([3,false,"not for you"])");
}

TEST_F(LuaPool, AJobThatWaitsForItsHostCanBeCancelled) {
  Host host;
  Options options;
  options.host_calls = host.handler();
  start(options);
  ScriptJob asking = job(script("return host.call('x')"));
  const std::uint64_t id = asking.job;
  auto answer = submit(std::move(asking));
  auto [call, reply] = host.next();
  pool->cancel(id);
  EXPECT_EQ(get(std::move(answer)).error.code, Code::kRunStopped);
  reply(json::Text::trusted("{}"));  // comes too late and falls into nothing
  EXPECT_TRUE(run("return {}").ok);
}

TEST_F(LuaPool, WithoutAHandlerHostCallsAreErrors) {
  start();
  EXPECT_EQ(value("return host.call('x')"), "lua_error: line 1: no host calls here");
}

TEST_F(LuaPool, DestructionEndsEveryJob) {
  Host host;
  Options options;
  options.host_calls = host.handler();
  start(options);
  std::vector<std::future<ScriptResult>> results;
  for (int i = 0; i < 30; ++i) results.push_back(submit(endless(seconds(20))));
  results.push_back(submit(of(2, job(script("return host.call('x')")))));
  const auto waiting = host.next();
  pool.reset();
  for (auto& result : results) EXPECT_EQ(get(std::move(result)).error.code, Code::kRunStopped);
  waiting.second(json::Text::trusted("{}"));
  EXPECT_TRUE(sandbox_pids().empty());
}

TEST_F(LuaPool, WithoutItsZygoteJobsEndAsUnavailable) {
  start();
  ASSERT_TRUE(run("return {}").ok);
  kill(zygote_pid(), SIGKILL);
  ASSERT_TRUE(eventually([&] { return pool->metrics().children.load() == 0; }));
  EXPECT_EQ(run("return {}").error.code, Code::kUnavailable);
}

TEST_F(LuaPool, ChildrenDieWithTheServer) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t server = fork();
  if (server == 0) {
    start();
    const bool ran = run("return {}").ok;
    auto endless_job = submit(endless(seconds(30)));
    while (pool->metrics().children_long.load() == 0) std::this_thread::yield();
    const std::vector<pid_t> children = sandbox_pids();
    const pid_t child = ran && !children.empty() ? children[0] : 0;
    if (write(ends[1], &child, sizeof child) != sizeof child) _exit(1);
    pause();
    _exit(0);
  }
  pid_t child = 0;
  ASSERT_EQ(read(ends[0], &child, sizeof child), static_cast<ssize_t>(sizeof child));
  ASSERT_GT(child, 0);
  kill(server, SIGKILL);
  waitpid(server, nullptr, 0);
  EXPECT_TRUE(eventually([&] { return name_of(child) != "troupe-lua"; }));
  close(ends[0]);
  close(ends[1]);
}

}  // namespace
}  // namespace troupe::lua_sandbox
