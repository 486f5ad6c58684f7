// A node that was declared gone ends before anybody reads its counters: the next life tells of it.

#include <gtest/gtest.h>

#include <map>

#include "actors/node/services.h"
#include "adapters/memory/memory_store.h"
#include "adapters/system/clock.h"
#include "adapters/system/hasher.h"
#include "tests/simulation/ports.h"

namespace troupe::actors {
namespace {

class NoExecutor final : public ScriptExecutor {
 public:
  void submit(ScriptJob, Done) override {}
  void cancel(std::uint64_t) override {}
};

/// Outlives the process, as the file does.
class Box final : public BlackBox {
 public:
  void enter(const Uuid&) noexcept override {}
  void leave() noexcept override {}
  int crashes_of(const Uuid&) const override { return 0; }
  void note_fenced() noexcept override { ++fenced; }
  std::uint64_t times_fenced() const override { return fenced; }
  std::uint64_t fenced = 0;
};

class Counts final : public Metrics {
 public:
  Counter& counter(std::string_view name, std::string_view, std::string_view) override {
    return counters_[std::string(name)];
  }
  Gauge& gauge(std::string_view a, std::string_view b, std::string_view c) override {
    return none_.gauge(a, b, c);
  }
  Histogram& histogram(std::string_view a, std::string_view b, std::string_view c) override {
    return none_.histogram(a, b, c);
  }
  double of(const std::string& name) { return counters_[name].sum; }

 private:
  struct Sum final : Counter {
    void add(double amount) override { sum += amount; }
    double sum = 0;
  };
  std::map<std::string, Sum> counters_;
  simulation::NoMetrics none_;
};

TEST(Fenced, TheNextLifeCountsThatThisOneWasDeclaredGone) {
  memory::MemoryStore store;
  NoExecutor executor;
  simulation::AnySyntax syntax;
  simulation::NoPatterns patterns;
  system::SystemClock clock;
  simulation::SimEntropy entropy{7};
  system::Blake2bHasher hasher;
  simulation::SimLog log;
  Box box;
  const auto live = [&](bool is_fenced) {
    Counts counts;
    int ends = 0;
    Ports ports{store, executor, syntax, patterns, clock, entropy, hasher, log, counts, &box};
    ports.end_process = [&ends] { ++ends; };
    Services services({}, ports);
    const double before = counts.of("fenced_commits_total");
    if (is_fenced) services.fenced("a commit");
    EXPECT_EQ(ends, is_fenced ? 1 : 0);
    return before;
  };
  EXPECT_EQ(live(true), 0);
  EXPECT_EQ(live(false), 1);
  EXPECT_EQ(live(true), 1);
  EXPECT_EQ(live(false), 2);
}

}  // namespace
}  // namespace troupe::actors
