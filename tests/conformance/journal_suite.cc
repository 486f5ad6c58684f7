// The journal over its tables, history behind it, and the snapshots that recovery begins with.
#include "tests/conformance/store_suite.h"

#include <algorithm>
#include <set>
#include <vector>

namespace troupe::testing {
namespace {

TEST_F(StoreConformance, RecoveryScansInOrderOverTablesAndEpochs) {
  const auto entity = make.id<RunId>();
  std::vector<Frame> all = fill_tables(entity, 3);
  // A frame that was numbered before a cut and is committed after it belongs where its number says.
  const Frame late = make.frame(entity, 10);
  for (const Frame& frame : fill_tables(entity, 4)) all.push_back(frame);
  begin_epoch();
  for (const Frame& frame : fill_tables(entity, 5)) all.push_back(frame);
  Batch batch;
  batch.frames = {make.frame(entity, 10), late};
  commit(batch);
  all.insert(all.end(), batch.frames.begin(), batch.frames.end());
  EXPECT_EQ(**reader->frame(late.pos), late);

  std::vector<Pos> expected;
  for (const Frame& frame : all) expected.push_back(frame.pos);
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(scanned(), expected);
  const auto middle = expected.begin() + static_cast<std::ptrdiff_t>(expected.size() / 2);
  EXPECT_EQ(scanned_of(entity, *middle - 1), std::vector<Pos>(middle, expected.end()));
  EXPECT_EQ(scanned_of(entity, expected.back()), std::vector<Pos>());
  EXPECT_EQ(scanned_of(make.id<RunId>(), 0), std::vector<Pos>());
  int visited = 0;
  const auto seven = [&](Frame) { return ++visited < 7; };
  ASSERT_TRUE(reader->scan_tail(cluster::all_slots(), seven).ok());
  EXPECT_EQ(visited, 7);
  const auto starts = writer().journal_tables();
  EXPECT_EQ(starts.size(), 5u);
  EXPECT_TRUE(std::is_sorted(starts.begin(), starts.end()));
}

TEST_F(StoreConformance, WhatIsStillToBePublishedStaysInTheJournal) {
  const auto entity = make.id<RunId>();
  EXPECT_EQ(writer().publish_mark(), 0u) << "nobody publishes";
  std::vector<Frame> all = fill_tables(entity, 4);
  const Frame late = make.frame(entity, 10);
  for (const Frame& frame : fill_tables(entity, 5)) all.push_back(frame);
  const auto starts = writer().journal_tables();
  ASSERT_TRUE(writer().set_publish_mark(starts[2]).ok());
  ASSERT_TRUE(writer().set_recovery_mark(starts[4]).ok());
  while (*writer().retire_journal()) {
  }
  EXPECT_EQ(writer().journal_tables(), std::vector<Pos>(starts.begin() + 2, starts.end()));
  std::vector<Pos> expected;
  for (const Frame& frame : all) {
    if (frame.pos >= starts[2]) expected.push_back(frame.pos);
  }
  EXPECT_EQ(journal_of(0, starts[2]), expected);

  ASSERT_TRUE(writer().set_publish_mark(expected.back() + 1).ok());
  Batch batch;
  batch.frames = {late, make.frame(entity)};
  commit(batch);
  EXPECT_EQ(writer().publish_mark(), late.pos) << "it was numbered before, and has just come";
  reopen();
  EXPECT_EQ(writer().publish_mark(), late.pos);
  EXPECT_EQ(journal_of(0, expected.back() + 1), std::vector<Pos>{batch.frames[1].pos});
  while (*writer().retire_journal()) {
  }
  EXPECT_EQ(journal_of(0, late.pos).front(), late.pos);
  ASSERT_TRUE(writer().set_publish_mark(0).ok());
  while (*writer().retire_journal()) {
  }
  EXPECT_EQ(writer().journal_tables(), std::vector<Pos>{starts[4]});
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
  EXPECT_TRUE(*reader->in_journal(mark));
  EXPECT_FALSE(*reader->in_journal(mark - 1));
  EXPECT_EQ(writer().journal_tables(), std::vector<Pos>(starts.begin() + 2, starts.end()));
  EXPECT_EQ(past_of(entity, all), all);
  EXPECT_FALSE(*reader->frame(all.front().pos));
  EXPECT_EQ(reader->history(entity, 0, 1)->size(), 1u) << "at least one, however small the limit";
  EXPECT_TRUE(reader->history(make.id<RunId>(), 0, 1 << 20)->empty());
  std::vector<Pos> rest;
  for (const Frame& frame : all) {
    if (frame.pos >= mark) rest.push_back(frame.pos);
  }
  EXPECT_EQ(scanned(), rest);
  EXPECT_EQ(scanned_of(entity, 0), rest);
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
  EXPECT_FALSE(*reader->in_journal(of_one.front().pos));
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
  const auto insert = [&](Snapshot s) { return runnable.insert(s.entity).second; };
  ASSERT_TRUE(reader->runnable_snapshots(cluster::all_slots(), insert).ok());
  EXPECT_EQ(runnable.size(), 300u);
  const auto due = reader->due(cluster::all_slots(), {700}, {1000}, 1000);
  ASSERT_TRUE(due.ok());
  EXPECT_EQ(due->size(), 100u) << "from 700 on, and 1000 itself is not before 1000";
  EXPECT_TRUE(std::is_sorted(due->begin(), due->end(), [](const Snapshot& a, const Snapshot& b) {
    return a.wake_at < b.wake_at;
  }));
  EXPECT_EQ(reader->due(cluster::all_slots(), {0}, {5000}, 7)->size(), 7u);

  Batch change;
  change.snapshots = {batch.snapshots[0]};
  change.snapshots[0].runnable = false;
  change.snapshots[0].wake_at = {};
  change.snapshots_dropped = {batch.snapshots[6].entity};
  commit(change);
  std::size_t visited = 0;
  const auto count = [&](Snapshot) { return ++visited, true; };
  ASSERT_TRUE(reader->runnable_snapshots(cluster::all_slots(), count).ok());
  EXPECT_EQ(visited, 298u);
  EXPECT_EQ(reader->due(cluster::all_slots(), {0}, {5000}, 1000)->size(), 198u);
}

TEST_F(StoreConformance, ADamagedSnapshotIsToldAsSuchAndHoldsUpNoOther) {
  Batch batch;
  for (int i = 0; i < 3; ++i) {
    batch.snapshots.push_back(make.snapshot(make.scope().workspace));
    batch.snapshots.back().runnable = true;
    batch.snapshots.back().wake_at = {10 + i};
  }
  commit(batch);
  const RunId hit = batch.snapshots[1].entity;
  reader.reset();
  harness->damage_snapshot(hit);
  open_reader();
  EXPECT_EQ(reader->snapshot(hit).error().code, Code::kCorrupt);
  std::vector<Snapshot> runnable;
  const auto keep = [&](Snapshot s) { return runnable.push_back(std::move(s)), true; };
  const Status visited = reader->runnable_snapshots(cluster::all_slots(), keep);
  ASSERT_TRUE(visited.ok()) << visited.error().message;
  const auto due = reader->due(cluster::all_slots(), {0}, {1000}, 10);
  ASSERT_TRUE(due.ok()) << due.error().message;
  ASSERT_EQ(due->size(), 3u);
  for (const std::vector<Snapshot>& rows : {runnable, *due}) {
    ASSERT_EQ(rows.size(), 3u);
    for (const Snapshot& row : rows) {
      EXPECT_EQ(row.damaged, row.entity == hit);
      EXPECT_EQ(row.bytes.empty(), row.entity == hit);
      EXPECT_TRUE(row.runnable);
    }
  }
  EXPECT_EQ((*due)[1].entity, hit);
  EXPECT_EQ((*due)[1].wake_at, TimePoint{11});
}

}  // namespace
}  // namespace troupe::testing
