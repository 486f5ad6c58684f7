#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "actors/node/node.h"
#include "adapters/lua_sandbox/syntax.h"
#include "adapters/metrics/registry.h"
#include "adapters/re2/pattern_compiler.h"
#include "adapters/system/clock.h"
#include "adapters/system/entropy.h"
#include "adapters/system/hasher.h"
#include "adapters/system/log.h"

namespace troupe::bench {

/// Passes everything on, and counts ended runs where a driver can read them without a scrape.
class CountingMetrics final : public Metrics {
 public:
  explicit CountingMetrics(Metrics& next) : next_(next) {}
  Counter& counter(std::string_view name, std::string_view a, std::string_view b) override;
  Gauge& gauge(std::string_view name, std::string_view a, std::string_view b) override {
    return next_.gauge(name, a, b);
  }
  Histogram& histogram(std::string_view name, std::string_view a, std::string_view b) override {
    return next_.histogram(name, a, b);
  }
  std::uint64_t runs_ended() const { return runs_ended_.load(std::memory_order_relaxed); }

 private:
  struct Ended final : Counter {
    Ended(Counter& next, std::atomic<std::uint64_t>& count) : next(next), count(count) {}
    void add(double amount) override {
      next.add(amount);
      count.fetch_add(static_cast<std::uint64_t>(amount), std::memory_order_relaxed);
    }
    Counter& next;
    std::atomic<std::uint64_t>& count;
  };
  Metrics& next_;
  std::atomic<std::uint64_t> runs_ended_{0};
  std::vector<std::unique_ptr<Ended>> ended_;
};

/// What a node stands on besides its store and its executor, as a process of its own has it. Owned
/// by who owns the node, and outlives it.
struct NodeParts {
  system::SystemClock clock;
  system::SystemEntropy entropy;
  system::Blake2bHasher hasher;
  system::StderrLogger log{LogLevel::kError, system::LogFormat::kText, clock};
  metrics::Registry metrics{"bench"};
  CountingMetrics counting{metrics};
  lua_sandbox::Syntax syntax;
  re2::Re2PatternCompiler patterns;

  actors::Ports ports(store::Store& store, ScriptExecutor& executor) {
    return {store, executor, syntax, patterns, clock, entropy, hasher, log, counting};
  }
};

}  // namespace troupe::bench
