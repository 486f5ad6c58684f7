#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/simulation/simulation.h"

namespace troupe::simulation {
namespace {

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

std::string told(const Report& report) {
  return "seed " + std::to_string(report.seed) + ": " + report.violation + "\n" + report.programs +
         report.last_notes;
}

TEST(Simulation, EverySeedKeepsTheInvariants) {
  const std::uint64_t first = from_environment("TROUPE_SIM_FIRST", 1);
  const std::uint64_t seeds = from_environment("TROUPE_SIM_SEEDS", 2000);
  std::uint64_t steps = 0, crashes = 0, runs = 0, failures = 0;
  for (std::uint64_t seed = first; seed < first + seeds && failures < 5; ++seed) {
    const Report report = Simulation(seed, {}).run();
    steps += report.steps;
    crashes += report.crashes;
    runs += report.runs;
    if (report.ok()) continue;
    ++failures;
    ADD_FAILURE() << told(report);
  }
  RecordProperty("steps", std::to_string(steps));
  RecordProperty("crashes", std::to_string(crashes));
  RecordProperty("runs", std::to_string(runs));
  EXPECT_GT(runs, seeds);
}

TEST(Simulation, OneSeedTwiceIsTheSameTrace) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const Report once = Simulation(seed, {}).run();
    const Report again = Simulation(seed, {}).run();
    EXPECT_EQ(once.trace, again.trace) << "seed " << seed;
    EXPECT_EQ(once.steps, again.steps) << "seed " << seed;
  }
}

}  // namespace
}  // namespace troupe::simulation
