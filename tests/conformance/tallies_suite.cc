// What a store counts of runs: the same as a count of all their rows, whatever is written twice.
#include "runtime/store/tally.h"
#include "tests/conformance/store_suite.h"

namespace troupe::store {

void PrintTo(const Tally& tally, std::ostream* out) {
  *out << tally.workflow.to_string() << " hour " << tally.hour << " kind " << tally.kind << ": "
       << tally.runs << " runs, " << tally.steps << " steps, " << tally.ms << " ms";
}

}  // namespace troupe::store

namespace troupe::testing {
namespace {

using store::Tally;
using store::TallyQuery;

constexpr std::int64_t kHourUs = 3'600'000'000;

class TallyConformance : public StoreConformance {
 protected:
  /// A run of this hour that is queued.
  RunRow queued(WorkflowId workflow, std::int64_t hour) {
    RunRow row = make.run(scope);
    row.workflow = workflow;
    row.status = RunStatus::kQueued;
    row.created = {hour * kHourUs + ++last_us_};
    row.started = row.finished = {};
    row.steps_done = 0;
    return row;
  }
  static RunRow ended(RunRow row, RunStatus status, std::int64_t after_ms, std::uint32_t steps) {
    row.status = status;
    row.started = row.created;
    row.finished = {row.created.us + after_ms * 1000};
    row.steps_done = steps;
    return row;
  }
  std::vector<Tally> tallies(const TallyQuery& query, std::optional<TenantScope> of = {}) {
    const auto found = reader->tallies(of.value_or(scope), query);
    EXPECT_TRUE(found.ok()) << (found.ok() ? "" : found.error().message);
    return found.ok() ? *found : std::vector<Tally>();
  }

  const TenantScope scope = make.scope();
  const WorkflowId a{make.id<RunId>()};
  const WorkflowId b{make.id<RunId>()};
  const TallyQuery all{{}, 0, 1'000'000, false};
  std::int64_t last_us_ = 0;
};

TEST_F(TallyConformance, ARunCountsOnceWhenItComesAndOnceWhenItEnds) {
  RunRow run = queued(a, 7);
  commit(of_runs({run}));
  const Tally start{{}, 7, store::kStartedRuns, 1, 0, 0};
  EXPECT_EQ(tallies(all), std::vector<Tally>{start});
  run.status = RunStatus::kRunning;
  commit(of_runs({run}));
  commit(of_runs({run}));
  EXPECT_EQ(tallies(all), std::vector<Tally>{start});
  const RunRow end = ended(run, RunStatus::kFailed, 1500, 3);
  const Tally fallen{{}, 7, store::kind_of_ended(RunStatus::kFailed, 1500), 1, 3, 1500};
  commit(of_runs({end}));
  commit(of_runs({end}));
  EXPECT_EQ(tallies(all), (std::vector<Tally>{start, fallen}));
  reopen();
  commit(of_runs({end}));
  EXPECT_EQ(tallies(all), (std::vector<Tally>{start, fallen}));
}

TEST_F(TallyConformance, WhatHasEndedStaysAsItEnded) {
  const RunRow end = ended(queued(a, 7), RunStatus::kCompleted, 10, 1);
  commit(of_runs({end}));
  RunRow other = end;
  other.status = RunStatus::kPaused;
  commit(of_runs({other}));
  EXPECT_EQ(**reader->run(scope, end.id), end);
  EXPECT_EQ(tallies(all).size(), 2u);
}

TEST_F(TallyConformance, ManyAtOnceAreWhatACountOfTheirRowsGives) {
  store::TallySums wanted;
  store::TallySums by_workflow;
  std::vector<RunRow> rows;
  for (int i = 0; i < 300; ++i) {
    const WorkflowId workflow = i % 3 == 0 ? a : i % 3 == 1 ? b : WorkflowId();
    RunRow row = queued(workflow, 100 + i % 4);
    if (i % 5 != 0) {
      row = ended(row, static_cast<RunStatus>(4 + i % 3), (i % 7) * 40'000 + i, i % 11);
    }
    rows.push_back(row);
    std::vector<Tally> own = {store::tally_of_start(row)};
    if (store::ended(row.status)) own.push_back(store::tally_of_end(row));
    for (Tally& tally : own) {
      by_workflow.add(tally);
      tally.workflow = {};
      wanted.add(tally);
    }
  }
  commit(of_runs({rows.begin(), rows.begin() + 100}));
  commit(of_runs({rows.begin() + 50, rows.end()}));  // some for the second time
  EXPECT_EQ(tallies(all), wanted.list());
  EXPECT_EQ(tallies({{}, 0, 1'000'000, true}), by_workflow.list());
  EXPECT_EQ(tallies(all, TenantScope{scope.workspace, std::nullopt}), wanted.list());
  EXPECT_TRUE(tallies(all, TenantScope{scope.workspace, make.id<ProjectId>()}).empty());
  EXPECT_TRUE(tallies(all, make.scope()).empty());

  const auto keeps = [](std::vector<Tally> list, const auto& drop) {
    std::erase_if(list, drop);
    return list;
  };
  EXPECT_EQ(tallies({{}, 101, 103, false}), keeps(wanted.list(), [](const Tally& tally) {
              return tally.hour < 101 || tally.hour >= 103;
            }));
  EXPECT_EQ(tallies({b, 0, 1'000'000, true}), keeps(by_workflow.list(), [&](const Tally& tally) {
              return tally.workflow != b;
            }));

  std::vector<std::uint64_t> open(4);
  for (const RunRow& row : rows) open[0] += row.status == RunStatus::kQueued;
  EXPECT_EQ(*reader->open_runs_of(scope, std::nullopt), open);
  EXPECT_EQ(*reader->open_runs_of({scope.workspace, std::nullopt}, std::nullopt), open);
  EXPECT_EQ(*reader->open_runs_of(make.scope(), std::nullopt), std::vector<std::uint64_t>(4));
  EXPECT_EQ(reader->open_runs_of(scope, a)->at(0), open[0] / 3);
}

TEST_F(TallyConformance, PartsOfRunsAreInNone) {
  RunRow part = ended(queued(a, 7), RunStatus::kCompleted, 10, 1);
  part.part = true;
  commit(of_runs({part}));
  EXPECT_TRUE(tallies(all).empty());
}

}  // namespace
}  // namespace troupe::testing
