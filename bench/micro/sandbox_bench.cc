// Jobs per second through the Lua sandbox, and the CPU of parent and children per job.
//   sandbox_bench [jobs] [in_flight] [children]
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string>

#include "adapters/lua_sandbox/pool.h"

namespace {

using namespace troupe;

class SteadyClock final : public Clock {
 public:
  TimePoint now() const override {
    const auto since = std::chrono::steady_clock::now().time_since_epoch();
    return {std::chrono::duration_cast<std::chrono::microseconds>(since).count()};
  }
};

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

double own_cpu_s() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
}

/// CPU of every process named troupe-lua whose ancestor this process is: children of our zygote.
double children_cpu_s() {
  const std::string command =
      "z=$(pgrep -P " + std::to_string(getpid()) +
      " -x troupe-zygote); for p in $(pgrep -P $z); do cat /proc/$p/stat; done";
  double ticks = 0;
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return 0;
  char line[1024];
  while (std::fgets(line, sizeof line, pipe) != nullptr) {
    unsigned long user = 0;
    unsigned long system = 0;
    const char* rest = std::strrchr(line, ')');
    if (rest != nullptr &&
        std::sscanf(rest + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
                    &system) == 2) {
      ticks += static_cast<double>(user + system);
    }
  }
  pclose(pipe);
  return ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
}

/// Keeps `in_flight` jobs going until `jobs` have ended.
class Load {
 public:
  Load(ScriptExecutor& pool, std::uint64_t jobs) : pool_(pool), jobs_(jobs) {
    auto script = std::make_shared<Script>();
    script->id = 1;
    script->source = "local p=steps.a.result return {total=p.price*2}";
    script->name = "calc";
    script_ = std::move(script);
    globals_ = R"({"input":{"customer":"c-1842","region":"eu"},"steps":{"a":{"result":)"
               R"({"price":19.99,"name":"Widget","tags":["x","y"],"stock":17}}},)"
               R"("run":{"id":"018f3a5e-7c1d-7000-8000-000000000001","external_id":"o-77"}})";
  }

  double run(std::uint64_t in_flight) {
    const auto start = std::chrono::steady_clock::now();
    for (std::uint64_t i = 0; i < in_flight; ++i) submit();
    std::unique_lock lock(mutex_);
    finished_.wait(lock, [&] { return ended_ == jobs_; });
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }
  std::size_t globals_bytes() const { return globals_.size(); }
  std::uint64_t failed() const { return failed_; }

 private:
  void submit() {
    const std::uint64_t id = next_++;
    if (id > jobs_) return;
    ScriptJob job;
    job.job = id;
    job.workspace = WorkspaceId(Uuid{1, id % 4});
    job.script = script_;
    job.globals = globals_;
    job.timeout = seconds(5);
    pool_.submit(std::move(job), [this](std::uint64_t, ScriptResult result) {
      if (!result.ok) ++failed_;
      submit();
      const std::uint64_t ended = ++ended_;
      if (ended != jobs_) return;
      const std::lock_guard lock(mutex_);
      finished_.notify_all();
    });
  }

  ScriptExecutor& pool_;
  const std::uint64_t jobs_;
  std::shared_ptr<const Script> script_;
  std::string globals_;
  std::atomic<std::uint64_t> next_{1};
  std::atomic<std::uint64_t> ended_{0};
  std::atomic<std::uint64_t> failed_{0};
  std::mutex mutex_;
  std::condition_variable finished_;
};

void measure(std::uint64_t jobs, std::uint64_t in_flight, std::size_t children) {
  auto zygote = lua_sandbox::Zygote::start();
  if (!zygote) return;
  const SteadyClock clock;
  lua_sandbox::Options options;
  options.children = children;
  lua_sandbox::Pool pool(std::move(zygote).value(), clock, options);
  Load(pool, 1000).run(in_flight);
  const double parent_before = own_cpu_s();
  const double children_before = children_cpu_s();
  Load load(pool, jobs);
  const double wall = load.run(in_flight);
  const double parent = own_cpu_s() - parent_before;
  const double child = children_cpu_s() - children_before;
  const auto n = static_cast<double>(jobs);
  std::printf(
      "{\"workload\":\"sandbox\",\"n\":%llu,\"in_flight\":%llu,\"children\":%zu,"
      "\"globals_bytes\":%zu,\"failed\":%llu,\"jobs_per_s\":%.0f,\"parent_us\":%.2f,"
      "\"child_us\":%.2f,\"wall_us_per_job\":%.2f}\n",
      static_cast<unsigned long long>(jobs), static_cast<unsigned long long>(in_flight), children,
      load.globals_bytes(), static_cast<unsigned long long>(load.failed()), n / wall,
      parent / n * 1e6, child / n * 1e6, wall / n * 1e6);
}

}  // namespace

int main(int argc, char** argv) {
  const auto argument = [&](int i, std::uint64_t otherwise) {
    return argc > i ? std::strtoull(argv[i], nullptr, 10) : otherwise;
  };
  const std::uint64_t jobs = argument(1, 200'000);
  const std::size_t children = argument(3, 2);
  if (argc > 2) {
    measure(jobs, argument(2, 256), children);
    return 0;
  }
  measure(jobs, 256, children);
  measure(jobs, 32, children);
  measure(jobs / 20, 1, children);
}
