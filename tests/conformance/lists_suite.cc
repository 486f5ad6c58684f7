// Lists of rows: their order, their pages, their filters, and whose rows they show.
#include "tests/conformance/store_suite.h"

#include <algorithm>
#include <string>
#include <tuple>
#include <vector>

namespace troupe::testing {
namespace {

TEST_F(StoreConformance, RunsComeNewestFirstAndPagesAreStableUnderInserts) {
  const TenantScope scope = make.scope();
  std::vector<RunRow> rows;
  for (int i = 0; i < 10; ++i) {
    rows.push_back(make.run(scope));
    rows.back().status = static_cast<RunStatus>(i % 7);
  }
  rows[4].created = rows[3].created;  // the id breaks the tie
  // An id that is a hash is older or newer than it looks.
  rows[9].id = RunId(Uuid{1, 1});
  commit(of_runs(rows));
  std::sort(rows.begin(), rows.end(), [](const RunRow& a, const RunRow& b) {
    return std::tie(b.created, b.id) < std::tie(a.created, a.id);
  });
  EXPECT_EQ(all_runs(scope, {}), rows);
  EXPECT_EQ(all_runs(scope, {}, 200), rows);

  const auto first = reader->runs(scope, {}, {4, ""});
  ASSERT_TRUE(first.ok());
  commit(of_runs({make.run(scope)}));
  const auto second = reader->runs(scope, {}, {200, first->next_cursor});
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(second->items, std::vector<RunRow>(rows.begin() + 4, rows.end()));
  EXPECT_EQ(second->next_cursor, "");
}

TEST_F(StoreConformance, EachRunFilterSelectsWhatItSays) {
  const TenantScope scope = make.scope();
  std::vector<RunRow> rows;
  const auto flow = make.id<WorkflowId>();
  for (int i = 0; i < 24; ++i) {
    RunRow row = make.run(scope);
    if (i % 2 == 0) row.workflow = flow;
    if (i % 8 == 7) row.workflow = WorkflowId();
    row.status = static_cast<RunStatus>(i % 3 + 1);
    if (i % 4 != 3) row.external_id = "order-" + std::to_string(i / 6);
    rows.push_back(row);
  }
  rows[5].external_id = rows[6].id.to_string();  // found by q in two ways, listed once each
  commit(of_runs(rows));
  std::reverse(rows.begin(), rows.end());
  const std::string id = rows[3].id.to_string();
  std::vector<RunFilter> filters(13);
  filters[1].workflow = flow;
  filters[2].status = RunStatus::kPaused;
  filters[3].external_id = "order-1";
  filters[4].from = rows[10].created;
  filters[4].to = rows[4].created;
  filters[5].q = "order-";
  filters[6].q = id;
  filters[7].q = id.substr(0, 12);
  filters[8].q = "no such";
  filters[9] = {flow, RunStatus::kRunning, "order-2", rows[20].created, rows[2].created, "ord"};
  filters[10] = {flow, RunStatus::kPaused, std::nullopt, rows[20].created, {}, ""};
  filters[11] = {flow, std::nullopt, std::nullopt, {}, rows[5].created, id.substr(0, 9)};
  filters[12] = {std::nullopt, std::nullopt, rows[3].external_id, {}, {}, id.substr(0, 20)};
  for (const RunFilter& filter : filters) {
    std::vector<RunRow> expected;
    for (const RunRow& row : rows) {
      if (matches(filter, row)) expected.push_back(row);
    }
    SCOPED_TRACE(&filter - filters.data());
    EXPECT_EQ(all_runs(scope, filter, 2), expected);
    EXPECT_EQ(all_runs({scope.workspace, std::nullopt}, filter, 200), expected);
    EXPECT_EQ(expected.empty(), &filter == &filters[8]);
  }
}

TEST_F(StoreConformance, APartOfARunIsFoundByItsIdAndInNoList) {
  const TenantScope scope = make.scope();
  const RunRow whole = make.run(scope);
  RunRow part = make.run(scope);
  part.part = true;
  part.external_id = "order-1";
  const auto open_before = reader->open_runs();
  ASSERT_TRUE(open_before.ok());
  commit(of_runs({whole, part}));
  EXPECT_EQ(all_runs(scope, {}, 10), std::vector<RunRow>{whole});
  RunFilter by_external;
  by_external.external_id = part.external_id;
  EXPECT_TRUE(all_runs(scope, by_external, 10).empty());
  RunFilter by_id;
  by_id.q = part.id.to_string();
  EXPECT_TRUE(all_runs(scope, by_id, 10).empty());
  const auto found = reader->run(scope, part.id);
  ASSERT_TRUE(found.ok() && *found);
  EXPECT_EQ(**found, part);
  const auto open = reader->open_runs();
  ASSERT_TRUE(open.ok());
  const auto paused = static_cast<std::size_t>(RunStatus::kPaused);
  EXPECT_EQ(open->at(paused), open_before->at(paused) + 1);
}

TEST_F(StoreConformance, WorkflowAndTaskListsPageInTheirOrder) {
  const TenantScope scope = make.scope();
  const auto run = make.id<RunId>();
  std::vector<Workflow> flows;
  Batch batch;
  for (int i = 0; i < 7; ++i) {
    flows.push_back(*writer().create_workflow(
        make.workflow(i % 3 == 0 ? TenantScope{scope.workspace, std::nullopt} : scope)));
    batch.tasks.push_back(make.task(scope, i % 2 == 0 ? run : make.id<RunId>()));
  }
  commit(batch);
  std::reverse(flows.begin(), flows.end());
  const TenantScope whole{scope.workspace, std::nullopt};
  EXPECT_EQ(
      all_pages<Workflow>(2, [&](const Page& p) { return reader->workflows(whole, p, false); }),
      flows);
  const TenantScope global{scope.workspace, ProjectId()};
  EXPECT_EQ(reader->workflows(global, {}, false)->items.size(), 3u);
  EXPECT_EQ(
      all_pages<TaskRow>(3, [&](const Page& p) { return reader->tasks_pending(scope, {}, p); }),
      batch.tasks);
  std::vector<TaskRow> of_run;
  for (std::size_t i = 0; i < batch.tasks.size(); i += 2) of_run.push_back(batch.tasks[i]);
  EXPECT_EQ(
      all_pages<TaskRow>(3, [&](const Page& p) { return reader->tasks_pending(scope, run, p); }),
      of_run);
}

TEST_F(StoreConformance, ATextThatIsNoCursorIsRefused) {
  const TenantScope scope = make.scope();
  commit(of_runs({make.run(scope), make.run(scope)}));
  const std::string runs = reader->runs(scope, {}, {1, ""})->next_cursor;
  ASSERT_NE(runs, "");
  for (const std::string& text : {std::string("x"), runs + "0", std::string(runs.size(), 'r')}) {
    EXPECT_EQ(reader->runs(scope, {}, {1, text}).error().code, Code::kInvalidRequest);
  }
  EXPECT_EQ(reader->tasks_pending(scope, {}, {1, runs}).error().code, Code::kInvalidRequest);
  EXPECT_EQ(reader->workflows(scope, {1, runs}, false).error().code, Code::kInvalidRequest);
  EXPECT_EQ(reader->versions(scope, {}, {1, runs}).error().code, Code::kInvalidRequest);
}

TEST_F(StoreConformance, NoScopedReadShowsAnotherTenantsRows) {
  const TenantScope mine = make.scope();
  const TenantScope sibling{mine.workspace, make.id<ProjectId>()};
  // A foreign workspace that names the same project must not reach it either.
  const TenantScope foreign{make.id<WorkspaceId>(), mine.project};
  const TenantScope whole{mine.workspace, std::nullopt};
  Batch batch;
  batch.runs = {make.run(mine)};
  batch.runs[0].external_id = "x";
  batch.tasks = {make.task(mine, batch.runs[0].id)};
  batch.waiters = {make.waiter(mine, "e", "k")};
  const std::string body = "body";
  batch.payloads = {{1, *mine.project, harness->hasher().hash(body), body}};
  commit(batch);
  const Workflow flow = *writer().create_workflow(make.workflow(mine));
  ASSERT_TRUE(writer().publish(mine, {flow.id, 0, "{}", "", "", make.time()}).ok());

  const auto seen = [&](const TenantScope& scope) {
    RunFilter external;
    external.external_id = "x";
    RunFilter prefix;
    prefix.q = batch.runs[0].id.to_string();
    RunFilter by_flow;
    by_flow.workflow = batch.runs[0].workflow;
    return std::vector<bool>{
        reader->run(scope, batch.runs[0].id)->has_value(),
        !reader->runs(scope, {}, {})->items.empty(),
        !reader->runs(scope, external, {})->items.empty(),
        !reader->runs(scope, prefix, {})->items.empty(),
        !reader->runs(scope, by_flow, {})->items.empty(),
        reader->task(scope, batch.tasks[0].id)->has_value(),
        !reader->tasks_pending(scope, {}, {})->items.empty(),
        !reader->tasks_pending(scope, batch.runs[0].id, {})->items.empty(),
        !reader->waiters(scope, "e", "k")->empty(),
        reader->workflow(scope, flow.id)->has_value(),
        !reader->workflows(scope, {}, false)->items.empty(),
        !reader->versions(scope, flow.id, {})->items.empty(),
        writer().publish(scope, {flow.id, 0, "{}", "", "", make.time()}).ok(),
    };
  };
  EXPECT_EQ(seen(mine), std::vector<bool>(13, true));
  EXPECT_EQ(seen(whole), std::vector<bool>(13, true));
  EXPECT_EQ(seen(sibling), std::vector<bool>(13, false));
  EXPECT_EQ(seen(foreign), std::vector<bool>(13, false));
  EXPECT_FALSE(*reader->payload(1, *sibling.project, batch.payloads[0].hash));
  EXPECT_FALSE(*reader->payload(2, *mine.project, batch.payloads[0].hash));
  Workflow stolen = flow;
  stolen.workspace = foreign.workspace;
  EXPECT_EQ(writer().update_workflow(stolen, 0).error().code, Code::kNotFound);
}

TEST_F(StoreConformance, OpenRunsAreCountedByStatusOverAllTenants) {
  std::vector<RunRow> rows;
  for (int i = 0; i < 12; ++i) {
    rows.push_back(make.run(make.scope()));
    rows.back().status = i < 3   ? RunStatus::kQueued
                         : i < 5 ? RunStatus::kPaused
                                 : RunStatus::kFailed;
  }
  commit(of_runs(rows));
  EXPECT_EQ(*reader->open_runs(), (std::vector<std::uint64_t>{3, 0, 2, 0}));
}

}  // namespace
}  // namespace troupe::testing
