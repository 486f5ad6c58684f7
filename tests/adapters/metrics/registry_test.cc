#include "adapters/metrics/registry.h"

#include <gtest/gtest.h>

#include "adapters/metrics/names.h"

namespace troupe::metrics {
namespace {

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST(MetricsRegistry, ShowsEveryFamilyWithoutLabelsFromTheStart) {
  Registry registry("1.0");
  const std::string text = registry.exposition();
  for (const Name& name : names()) {
    if (!name.label1.empty()) continue;
    const std::string help = "# HELP troupe_" + std::string(name.name) + " ";
    EXPECT_TRUE(has(text, help)) << name.name;
  }
  EXPECT_TRUE(has(text, "troupe_build_info{version=\"1.0\"} 1"));
  EXPECT_TRUE(has(text, "# TYPE troupe_commit_duration_seconds histogram"));
}

TEST(MetricsRegistry, SameLabelsAreTheSameChild) {
  Registry registry("1");
  Counter& first = registry.counter("steps_finished_total", "lua_script", "completed");
  EXPECT_EQ(&first, &registry.counter("troupe_steps_finished_total", "lua_script", "completed"));
  EXPECT_NE(&first, &registry.counter("steps_finished_total", "lua_script", "failed"));
  first.add();
  first.add(2);
  registry.gauge("runs_open", "paused", {}).set(7);
  registry.histogram("commit_records", {}, {}).observe(5);
  const std::string text = registry.exposition();
  EXPECT_TRUE(has(text, "troupe_steps_finished_total{status=\"completed\",type=\"lua_script\"} 3"));
  EXPECT_TRUE(has(text, "troupe_runs_open{status=\"paused\"} 7"));
  EXPECT_TRUE(has(text, "troupe_commit_records_bucket{le=\"4\"} 0"));
  EXPECT_TRUE(has(text, "troupe_commit_records_bucket{le=\"16\"} 1"));
}

TEST(MetricsRegistry, FamilyStopsGrowingAtItsBound) {
  Registry registry("1");
  for (int i = 0; i < 2500; ++i) {
    registry.counter("sandbox_kills_total", "reason" + std::to_string(i), {}).add();
  }
  const std::string text = registry.exposition();
  EXPECT_TRUE(has(text, "troupe_sandbox_kills_total{reason=\"reason1999\"} 1"));
  EXPECT_FALSE(has(text, "reason=\"reason2000\""));
  EXPECT_TRUE(has(text, "troupe_sandbox_kills_total{reason=\"other\"} 500"));
}

TEST(MetricsRegistryDeath, UnknownNameIsABug) {
  Registry registry("1");
  EXPECT_DEATH(registry.counter("no_such_total", {}, {}), "");
  EXPECT_DEATH(registry.gauge("runs_started_total", {}, {}), "");
}

}  // namespace
}  // namespace troupe::metrics
