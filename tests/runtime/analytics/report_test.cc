#include "runtime/analytics/report.h"

#include <gtest/gtest.h>

#include "runtime/store/tally.h"

namespace troupe::testing {
namespace {

using analytics::Figures;
using analytics::Interval;
using store::RunStatus;
using store::Tally;

constexpr std::int64_t kHourUs = 3'600'000'000;

TimePoint at(const char* text) { return parse_rfc3339(text).value_or(TimePoint{}); }
std::int64_t hour(const char* text) { return at(text).us / kHourUs; }

Tally ended(RunStatus status, std::uint64_t ms, std::uint64_t runs = 1) {
  return {{}, 0, store::kind_of_ended(status, ms), runs, runs, ms * runs};
}

TEST(AnalyticsIntervals, BeginWhereTheCalendarSays) {
  struct Case {
    const char* time;
    Interval interval;
    const char* begin;
    const char* next;
  };
  const Case cases[] = {
      {"2026-11-23T08:59:59Z", Interval::kHour, "2026-11-23T08:00:00Z", "2026-11-23T09:00:00Z"},
      {"2026-11-23T23:59:59Z", Interval::kDay, "2026-11-23T00:00:00Z", "2026-11-24T00:00:00Z"},
      {"2026-11-29T23:00:00Z", Interval::kWeek, "2026-11-23T00:00:00Z", "2026-11-30T00:00:00Z"},
      {"2026-11-23T00:00:00Z", Interval::kWeek, "2026-11-23T00:00:00Z", "2026-11-30T00:00:00Z"},
      {"2024-02-29T12:00:00Z", Interval::kMonth, "2024-02-01T00:00:00Z", "2024-03-01T00:00:00Z"},
      {"2026-12-31T23:00:00Z", Interval::kMonth, "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"},
      {"1969-12-31T23:00:00Z", Interval::kWeek, "1969-12-29T00:00:00Z", "1970-01-05T00:00:00Z"},
      {"1969-11-30T01:00:00Z", Interval::kMonth, "1969-11-01T00:00:00Z", "1969-12-01T00:00:00Z"},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(analytics::floor_of(hour(one.time), one.interval), hour(one.begin)) << one.time;
    EXPECT_EQ(analytics::next_of(hour(one.time), one.interval), hour(one.next)) << one.time;
  }
  for (const char* word : {"hour", "day", "week", "month"}) {
    EXPECT_EQ(analytics::name(*analytics::parse_interval(word)), word);
  }
  EXPECT_FALSE(analytics::parse_interval("year"));
}

TEST(AnalyticsIntervals, ARangeHasEverythingThatWasAskedForAndHasABound) {
  const auto days = analytics::range_of(at("2026-11-01T05:30:00Z"), at("2026-11-03T00:00:00.001Z"),
                                        Interval::kDay);
  ASSERT_TRUE(days.ok());
  EXPECT_EQ(days->from, hour("2026-11-01T00:00:00Z"));
  EXPECT_EQ(days->until, hour("2026-11-04T00:00:00Z"));
  EXPECT_FALSE(analytics::range_of({5}, {5}, Interval::kDay).ok());
  EXPECT_FALSE(analytics::range_of({6}, {5}, Interval::kDay).ok());
  const TimePoint most{2000 * kHourUs};
  EXPECT_TRUE(analytics::range_of({0}, most, Interval::kHour).ok());
  EXPECT_FALSE(analytics::range_of({0}, {most.us + 1}, Interval::kHour).ok());
}

TEST(AnalyticsFigures, ARateNeedsThreeEnds) {
  Figures figures;
  figures.add({{}, 0, store::kStartedRuns, 9, 0, 0});
  EXPECT_EQ(figures.started(), 9u);
  EXPECT_FALSE(figures.mean_ms());
  EXPECT_FALSE(figures.percentile_ms(0.5));
  figures.add(ended(RunStatus::kCompleted, 10, 2));
  EXPECT_FALSE(figures.success_rate());
  figures.add(ended(RunStatus::kStopped, 40));
  EXPECT_DOUBLE_EQ(*figures.success_rate(), 2.0 / 3);
  figures.add(ended(RunStatus::kFailed, 100));
  EXPECT_DOUBLE_EQ(*figures.success_rate(), 0.5);
  EXPECT_DOUBLE_EQ(*figures.mean_ms(), 40);
  EXPECT_EQ(figures.ended(), 4u);
  EXPECT_EQ(figures.steps(), 4u);
}

TEST(AnalyticsFigures, PercentilesAreWithinTheWidthOfAClass) {
  Figures figures;
  for (std::uint64_t ms = 1; ms <= 100'000; ++ms) figures.add(ended(RunStatus::kCompleted, ms));
  for (const double part : {0.01, 0.5, 0.9, 0.95, 0.99, 1.0}) {
    const double exact = part * 100'000;
    EXPECT_NEAR(*figures.percentile_ms(part), exact, exact * 0.19) << part;
  }
}

TEST(AnalyticsFigures, TimesHaveTheClassThatTheyLieIn) {
  for (const std::uint64_t ms : {0ull, 1ull, 2ull, 3ull, 1000ull, 86'400'000ull, 1ull << 50}) {
    const auto kind = store::kind_of_ended(RunStatus::kFailed, ms);
    const auto span = store::span_of(store::time_class_of(kind));
    EXPECT_LE(span.from, static_cast<double>(ms) * 1.000001);
    EXPECT_GT(span.to * 1.000001, static_cast<double>(ms));
    EXPECT_EQ(store::status_of(kind), RunStatus::kFailed);
  }
  EXPECT_FALSE(store::status_of(store::kStartedRuns));
}

TEST(AnalyticsReport, EachIntervalAndWorkflowHasItsOwn) {
  const auto range =
      *analytics::range_of(at("2026-11-01T00:00:00Z"), at("2026-11-04T00:00:00Z"), Interval::kDay);
  const WorkflowId a{Uuid{1, 1}};
  const WorkflowId b{Uuid{2, 2}};
  std::vector<Tally> tallies;
  const auto add = [&](WorkflowId workflow, const char* time, std::uint64_t runs) {
    tallies.push_back({workflow, hour(time), store::kStartedRuns, runs, 0, 0});
  };
  add(a, "2026-11-01T00:00:00Z", 1);
  add(b, "2026-11-01T23:00:00Z", 2);
  add(b, "2026-11-03T23:00:00Z", 4);
  const analytics::Report report = analytics::report_of(range, tallies);
  ASSERT_EQ(report.timeseries.size(), 3u);
  EXPECT_EQ(report.timeseries[0].at, at("2026-11-01T00:00:00Z"));
  EXPECT_EQ(report.timeseries[0].figures.started(), 3u);
  EXPECT_EQ(report.timeseries[1].figures.started(), 0u);
  EXPECT_EQ(report.timeseries[2].figures.started(), 4u);
  EXPECT_EQ(report.totals.started(), 7u);
  ASSERT_EQ(report.workflows.size(), 2u);
  EXPECT_EQ(report.workflows[0].id, b);
  EXPECT_EQ(report.workflows[0].figures.started(), 6u);
}

}  // namespace
}  // namespace troupe::testing
