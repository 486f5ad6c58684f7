#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <set>

#include "runtime/port/paging.h"
#include "tests/conformance/store_rows.h"

// What every store must do, whatever it is made of. One executable per store includes this header
// and defines make_harness().
namespace troupe::testing {

/// A store under test: journal tables of 4 KiB, none kept beyond those that recovery needs.
class StoreHarness {
 public:
  virtual ~StoreHarness() = default;
  virtual store::Store& store() = 0;
  /// Ends the store and opens it again over the same disk.
  virtual void reopen() = 0;
  virtual const Hasher& hasher() const = 0;
};
std::unique_ptr<StoreHarness> make_harness();

using store::Batch;
using store::Frame;
using store::Page;
using store::Pos;
using store::Project;
using store::Reader;
using store::RunFilter;
using store::RunRow;
using store::RunStatus;
using store::Snapshot;
using store::TaskRow;
using store::TenantScope;
using store::Version;
using store::Workflow;
using store::Workspace;
using store::Writer;

class StoreConformance : public ::testing::Test {
 protected:
  void SetUp() override { open_reader(); }
  Writer& writer() { return harness->store().writer(); }
  void open_reader() { reader = harness->store().open_reader(); }
  void reopen() {
    reader.reset();
    harness->reopen();
    open_reader();
  }
  void commit(const Batch& batch) {
    const Status done = writer().commit(batch);
    ASSERT_TRUE(done.ok()) << done.error().message;
  }
  Batch of_runs(std::vector<RunRow> runs) {
    Batch batch;
    batch.runs = std::move(runs);
    return batch;
  }
  /// Every row of a list, page by page.
  template <class Row, class List>
  std::vector<Row> all_pages(std::size_t limit, List list) {
    std::vector<Row> rows;
    Page page{limit, ""};
    do {
      const auto got = list(page);
      EXPECT_TRUE(got.ok()) << (got.ok() ? "" : got.error().message);
      if (!got.ok()) return rows;
      EXPECT_LE(got->items.size(), limit);
      rows.insert(rows.end(), got->items.begin(), got->items.end());
      page.cursor = got->next_cursor;
    } while (!page.cursor.empty());
    return rows;
  }
  std::vector<RunRow> all_runs(const TenantScope& scope, const RunFilter& filter,
                               std::size_t limit = 3) {
    return all_pages<RunRow>(limit, [&](const Page& page) {
      return reader->runs(scope, filter, page);
    });
  }
  std::vector<Pos> scanned(Pos from) {
    std::vector<Pos> seen;
    const Status done = reader->scan_journal(from, [&](Frame frame) {
      seen.push_back(frame.pos);
      return true;
    });
    EXPECT_TRUE(done.ok());
    return seen;
  }
  /// Commits batches of frames of `entity` until the journal has `tables` tables.
  std::vector<Frame> fill_tables(RunId entity, std::size_t tables) {
    std::vector<Frame> frames;
    while (writer().journal_tables().size() < tables) {
      Batch batch;
      for (int i = 0; i < 5; ++i) batch.frames.push_back(make.frame(entity, 300));
      frames.insert(frames.end(), batch.frames.begin(), batch.frames.end());
      const Status done = writer().commit(batch);
      EXPECT_TRUE(done.ok());
      if (!done.ok()) break;
    }
    return frames;
  }
  /// What a reader of an entity's past sees: history, then the journal from its start on.
  std::vector<Frame> past_of(RunId entity, const std::vector<Frame>& all) {
    std::vector<Frame> seen;
    const Pos start = *reader->journal_start();
    for (Pos after = 0;;) {
      const auto piece = reader->history(entity, after, 700);
      EXPECT_TRUE(piece.ok());
      if (!piece.ok() || piece->empty()) break;
      seen.insert(seen.end(), piece->begin(), piece->end());
      after = piece->back().pos;
    }
    for (const Frame& frame : all) {
      if (frame.pos < start) continue;
      const auto found = reader->frame(frame.pos);
      if (found.ok() && *found) seen.push_back(**found);
    }
    return seen;
  }

  std::unique_ptr<StoreHarness> harness = make_harness();
  std::unique_ptr<Reader> reader;
  RowMaker make;
};

TEST_F(StoreConformance, EveryFieldComesBackAlsoAfterReopening) {
  const TenantScope scope = make.scope();
  Batch batch;
  batch.runs = {make.run(scope), make.run(scope)};
  batch.runs[1].workflow = WorkflowId();
  const RunId run = batch.runs[0].id;
  batch.frames = {make.frame(run), make.frame(run, 0)};
  batch.snapshots = {make.snapshot(scope.workspace)};
  batch.snapshots[0].wake_at = make.time();
  batch.snapshots[0].runnable = true;
  const std::string body = make.bytes(5000);
  batch.payloads = {{9, *scope.project, harness->hasher().hash(body), body}};
  batch.tasks = {make.task(scope, run)};
  batch.waiters = {make.waiter(scope, "paid", "order-1")};
  commit(batch);
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(**reader->run(scope, run), batch.runs[0]);
    EXPECT_EQ(**reader->run_unscoped(batch.runs[1].id), batch.runs[1]);
    EXPECT_EQ(**reader->frame(batch.frames[0].pos), batch.frames[0]);
    EXPECT_EQ(**reader->frame(batch.frames[1].pos), batch.frames[1]);
    EXPECT_EQ(**reader->snapshot(batch.snapshots[0].entity), batch.snapshots[0]);
    EXPECT_EQ(**reader->payload(9, *scope.project, batch.payloads[0].hash), body);
    EXPECT_EQ(**reader->task(scope, batch.tasks[0].id), batch.tasks[0]);
    EXPECT_EQ(*reader->waiters(scope, "paid", "order-1"), batch.waiters);
    EXPECT_TRUE(*writer().landed(batch.frames[1].pos));
    EXPECT_FALSE(*writer().landed(batch.frames[1].pos + 1));
    reopen();
  }
}

TEST_F(StoreConformance, ABatchThatCannotBeWrittenLeavesNothing) {
  const TenantScope scope = make.scope();
  Batch first;
  first.frames = {make.frame(make.id<RunId>())};
  commit(first);
  Batch second;
  second.runs = {make.run(scope)};
  second.frames = {make.frame(second.runs[0].id), first.frames[0]};  // its address is taken
  second.payloads = {{77, *scope.project, harness->hasher().hash("x"), "x"}};
  EXPECT_EQ(writer().commit(second).error().code, Code::kInternal);
  EXPECT_FALSE(*reader->run_unscoped(second.runs[0].id));
  EXPECT_FALSE(*reader->frame(second.frames[0].pos));
  EXPECT_FALSE(*reader->payload(77, *scope.project, second.payloads[0].hash));
  second.frames.pop_back();
  commit(second);
  EXPECT_TRUE(*reader->run(scope, second.runs[0].id));
  EXPECT_TRUE(*reader->payload(77, *scope.project, second.payloads[0].hash));
}

TEST_F(StoreConformance, UpsertsReplaceAndDropsRemove) {
  const TenantScope scope = make.scope();
  Batch batch;
  batch.runs = {make.run(scope)};
  batch.snapshots = {make.snapshot(scope.workspace), make.snapshot(scope.workspace)};
  batch.tasks = {make.task(scope, batch.runs[0].id)};
  batch.waiters = {make.waiter(scope, "paid", "a")};
  const Digest hash = harness->hasher().hash("body");
  batch.payloads = {{1, *scope.project, hash, "body"}};
  commit(batch);

  Batch change;
  change.runs = batch.runs;
  change.runs[0].status = RunStatus::kCompleted;
  change.runs[0].output = std::string(70'000, 'x');
  change.snapshots = {batch.snapshots[0]};
  change.snapshots[0].bytes = make.bytes(20'000);
  change.snapshots_dropped = {batch.snapshots[1].entity};
  change.tasks = batch.tasks;
  change.tasks[0].pending = false;
  change.tasks[0].decision = R"({"approved":true})";
  change.waiters = batch.waiters;
  change.waiters[0].waiting = false;
  change.payloads = batch.payloads;
  commit(change);
  EXPECT_EQ(**reader->run(scope, change.runs[0].id), change.runs[0]);
  EXPECT_EQ(**reader->snapshot(change.snapshots[0].entity), change.snapshots[0]);
  EXPECT_FALSE(*reader->snapshot(batch.snapshots[1].entity));
  EXPECT_EQ(**reader->task(scope, change.tasks[0].id), change.tasks[0]);
  EXPECT_TRUE(reader->tasks_pending(scope, {}, {})->items.empty());
  EXPECT_TRUE(reader->waiters(scope, "paid", "a")->empty());
  EXPECT_EQ(**reader->payload(1, *scope.project, hash), "body");
}

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

TEST_F(StoreConformance, CatalogKeepsSlugsEtagsAndVersions) {
  const Workspace workspace = make.workspace("acme");
  ASSERT_TRUE(writer().create_workspace(workspace).ok());
  EXPECT_EQ(writer().create_workspace(make.workspace("acme")).error().code, Code::kConflict);
  const Project project = make.project(workspace.id, "main");
  ASSERT_TRUE(writer().create_project(project).ok());
  EXPECT_EQ(writer().create_project(make.project(workspace.id, "main")).error().code,
            Code::kConflict);
  ASSERT_TRUE(writer().create_project(make.project(make.id<WorkspaceId>(), "main")).ok());

  const TenantScope scope{workspace.id, project.id};
  Workflow flow = *writer().create_workflow(make.workflow(scope));
  EXPECT_EQ(writer().create_workflow(flow).error().code, Code::kConflict);
  flow.graph = R"({"steps":[1]})";
  const auto updated = writer().update_workflow(flow, flow.etag);
  ASSERT_TRUE(updated.ok());
  EXPECT_GT(updated->etag, flow.etag);
  EXPECT_EQ(writer().update_workflow(flow, flow.etag).error().code, Code::kPreconditionFailed);
  EXPECT_TRUE(writer().update_workflow(flow, 0).ok());
  EXPECT_EQ(writer().update_workflow(make.workflow(scope), 0).error().code, Code::kNotFound);
  for (int n = 1; n <= 5; ++n) {
    const Version version{flow.id, 0, "{\"n\":" + std::to_string(n) + "}", "s", "c", make.time()};
    EXPECT_EQ(writer().publish(scope, version)->version, n);
  }
  Workflow gone = *writer().create_workflow(make.workflow(scope));
  gone.archived = true;
  ASSERT_TRUE(writer().update_workflow(gone, 0).ok());

  reopen();
  EXPECT_EQ(*reader->workspaces(), std::vector{workspace});
  EXPECT_EQ(*reader->projects(workspace.id), std::vector{project});
  EXPECT_EQ((*reader->workflow(scope, flow.id))->latest_version, 5);
  EXPECT_EQ((*reader->workflow(scope, flow.id))->graph, flow.graph);
  EXPECT_EQ(reader->workflows(scope, {}, false)->items.size(), 1u);
  EXPECT_EQ(reader->workflows(scope, {}, true)->items.at(0).id, gone.id);
  EXPECT_EQ((*reader->version(flow.id, 3))->graph, R"({"n":3})");
  EXPECT_FALSE(*reader->version(flow.id, 6));
  std::vector<int> numbers;
  for (const Version& v : all_pages<Version>(2, [&](const Page& page) {
         return reader->versions(scope, flow.id, page);
       })) {
    numbers.push_back(v.version);
  }
  EXPECT_EQ(numbers, (std::vector<int>{5, 4, 3, 2, 1}));
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

TEST_F(StoreConformance, EpochsOnlyGrowAlsoOverReopening) {
  const auto first = *writer().next_epoch();
  EXPECT_GE(first, 1u);
  EXPECT_GT(*writer().next_epoch(), first);
  reopen();
  EXPECT_GT(*writer().next_epoch(), first + 1);
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

TEST_F(StoreConformance, RecoveryScansInOrderOverTablesAndEpochs) {
  const auto entity = make.id<RunId>();
  std::vector<Frame> all = fill_tables(entity, 3);
  // A frame that was numbered before a cut and is committed after it belongs where its number says.
  const Frame late = make.frame(entity, 10);
  for (const Frame& frame : fill_tables(entity, 4)) all.push_back(frame);
  make.next_pos((Pos{2} << 40) + 1);
  for (const Frame& frame : fill_tables(entity, 5)) all.push_back(frame);
  Batch batch;
  batch.frames = {make.frame(entity, 10), late};
  commit(batch);
  all.insert(all.end(), batch.frames.begin(), batch.frames.end());
  EXPECT_EQ(**reader->frame(late.pos), late);

  std::vector<Pos> expected;
  for (const Frame& frame : all) expected.push_back(frame.pos);
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(scanned(0), expected);
  const auto middle = expected.begin() + static_cast<std::ptrdiff_t>(expected.size() / 2);
  EXPECT_EQ(scanned(*middle), std::vector<Pos>(middle, expected.end()));
  EXPECT_EQ(scanned(expected.back() + 1), std::vector<Pos>());
  int visited = 0;
  ASSERT_TRUE(reader->scan_journal(0, [&](Frame) { return ++visited < 7; }).ok());
  EXPECT_EQ(visited, 7);
  const auto starts = writer().journal_tables();
  EXPECT_EQ(starts.size(), 5u);
  EXPECT_TRUE(std::is_sorted(starts.begin(), starts.end()));
}

TEST_F(StoreConformance, RetiringTheJournalLosesAndDoublesNoFrame) {
  const auto entity = make.id<RunId>();
  Batch batch;
  batch.runs = {make.run(make.scope())};
  batch.runs[0].id = entity;
  commit(batch);
  std::vector<Frame> all = fill_tables(entity, 4);
  EXPECT_FALSE(*writer().retire_journal()) << "nothing is behind the mark yet";
  const auto starts = writer().journal_tables();
  const Pos mark = starts[2];
  ASSERT_TRUE(writer().set_recovery_mark(mark).ok());
  ASSERT_TRUE(writer().set_recovery_mark(1).ok()) << "an older mark changes nothing";
  EXPECT_EQ(past_of(entity, all), all);
  for (int piece = 0; *writer().retire_journal(); ++piece) {
    ASSERT_LT(piece, 1000);
    ASSERT_EQ(past_of(entity, all), all) << "after piece " << piece;
    if (piece % 3 == 1) reopen();
  }
  reopen();
  EXPECT_EQ(*reader->recovery_mark(), mark);
  EXPECT_EQ(*reader->journal_start(), mark);
  EXPECT_EQ(writer().journal_tables(), std::vector<Pos>(starts.begin() + 2, starts.end()));
  EXPECT_EQ(past_of(entity, all), all);
  EXPECT_FALSE(*reader->frame(all.front().pos));
  EXPECT_EQ(reader->history(entity, 0, 1)->size(), 1u) << "at least one, however small the limit";
  EXPECT_TRUE(reader->history(make.id<RunId>(), 0, 1 << 20)->empty());
  std::vector<Pos> rest;
  for (const Frame& frame : all) {
    if (frame.pos >= mark) rest.push_back(frame.pos);
  }
  EXPECT_EQ(scanned(0), rest);
  Batch into_history;
  into_history.frames = {{all.front().pos, entity, 0, "again"}};
  EXPECT_EQ(writer().commit(into_history).error().code, Code::kInternal);
}

TEST_F(StoreConformance, HistoryKeepsInterleavedEntitiesApart) {
  const auto one = make.id<RunId>();
  const auto two = make.id<RunId>();
  std::vector<Frame> of_one;
  std::vector<Frame> of_two;
  while (writer().journal_tables().size() < 3) {
    Batch batch;
    batch.frames = {make.frame(one, 500), make.frame(two, 20), make.frame(one, 5)};
    of_one.insert(of_one.end(), {batch.frames[0], batch.frames[2]});
    of_two.push_back(batch.frames[1]);
    commit(batch);
  }
  ASSERT_TRUE(writer().set_recovery_mark(make.last_pos()).ok());
  while (*writer().retire_journal()) {
  }
  EXPECT_GT(*reader->journal_start(), of_one.front().pos);
  EXPECT_EQ(past_of(one, of_one), of_one);
  EXPECT_EQ(past_of(two, of_two), of_two);
}

TEST_F(StoreConformance, SnapshotsAreFoundByWorkAndByDueTime) {
  const auto workspace = make.id<WorkspaceId>();
  Batch batch;
  for (int i = 0; i < 600; ++i) {
    batch.snapshots.push_back(make.snapshot(workspace));
    batch.snapshots.back().bytes = "state";
    batch.snapshots.back().runnable = i % 2 == 0;
    if (i % 3 == 0) batch.snapshots.back().wake_at = {1000 - i};
  }
  commit(batch);
  std::set<RunId> runnable;
  ASSERT_TRUE(
      reader->runnable_snapshots([&](Snapshot s) { return runnable.insert(s.entity).second; })
          .ok());
  EXPECT_EQ(runnable.size(), 300u);
  const auto due = reader->due({700}, {1000}, 1000);
  ASSERT_TRUE(due.ok());
  EXPECT_EQ(due->size(), 100u) << "from 700 on, and 1000 itself is not before 1000";
  EXPECT_TRUE(std::is_sorted(due->begin(), due->end(), [](const Snapshot& a, const Snapshot& b) {
    return a.wake_at < b.wake_at;
  }));
  EXPECT_EQ(reader->due({0}, {5000}, 7)->size(), 7u);

  Batch change;
  change.snapshots = {batch.snapshots[0]};
  change.snapshots[0].runnable = false;
  change.snapshots[0].wake_at = {};
  change.snapshots_dropped = {batch.snapshots[6].entity};
  commit(change);
  std::size_t visited = 0;
  ASSERT_TRUE(reader->runnable_snapshots([&](Snapshot) { return ++visited, true; }).ok());
  EXPECT_EQ(visited, 298u);
  EXPECT_EQ(reader->due({0}, {5000}, 1000)->size(), 198u);
}

TEST_F(StoreConformance, AReaderSeesACommitThatReturnedBeforeItsRead) {
  const auto other = harness->store().open_reader();
  const TenantScope scope = make.scope();
  for (int i = 0; i < 20; ++i) {
    const RunRow row = make.run(scope);
    commit(of_runs({row}));
    ASSERT_TRUE(*reader->run(scope, row.id));
    ASSERT_TRUE(*other->run(scope, row.id));
  }
  Batch frames;
  frames.frames = {make.frame(make.id<RunId>(), 123)};
  const auto before = harness->store().journal_bytes();
  commit(frames);
  EXPECT_EQ(harness->store().journal_bytes() - before, 123u);
}

}  // namespace troupe::testing
