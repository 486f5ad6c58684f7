// A whole store on its way from a file into PostgreSQL.
#include <gtest/gtest.h>

#include <algorithm>

#include "adapters/postgres/importer.h"
#include "adapters/postgres/postgres_store.h"
#include "adapters/sqlite/exporter.h"
#include "adapters/sqlite/sqlite_store.h"
#include "adapters/system/hasher.h"
#include "tests/conformance/document_rows.h"
#include "tests/conformance/temporary_directory.h"
#include "tests/support/postgres_server.h"

namespace troupe::testing {
namespace {

using store::Frame;
using store::Pos;

/// Small tables and small pieces, so that little data has all the boundaries.
class StoreMove : public ::testing::Test {
 protected:
  StoreMove() {
    file.path = folder.file("troupe.db");
    file.journal_table_bytes = 4000;
    file.journal_tables_kept = 0;
    server.conninfo = postgres_server().conninfo();
    server.schema = fresh_schema();
    server.journal_table_bytes = 4000;
    server.journal_tables_kept = 0;
    server.writer_lock_ms = 300;
    auto opened = sqlite::SqliteStore::open(file, hasher);
    TROUPE_ENSURE(opened.ok());
    source = *std::move(opened);
  }

  /// Three lives of a node that worked on three runs; the last one retired what the first one and
  /// a half had written.
  void fill_journal() {
    for (int i = 0; i < 3; ++i) runs.push_back(make.run(scope));
    for (int life = 1; life <= 3; ++life) {
      const std::uint64_t epoch = *source->writer().next_epoch();
      make.next_pos((static_cast<Pos>(epoch) << store::kEpochShift) + 1);
      for (int i = 0; i < 60; ++i) {
        store::Batch batch;
        batch.frames = {make.frame(runs[static_cast<std::size_t>(i % 3)].id, 200)};
        if (life == 1 && i == 0) batch.runs = runs;
        TROUPE_ENSURE(source->writer().commit(batch).ok());
        frames.push_back(batch.frames.front());
      }
    }
    mark = frames[90].pos;
    TROUPE_ENSURE(source->writer().set_recovery_mark(mark).ok());
    while (*source->writer().retire_journal()) {
    }
  }
  void fill_rows() {
    TROUPE_ENSURE(source->writer().create_workspace(workspace).ok());
    TROUPE_ENSURE(source->writer().create_project(project).ok());
    workflow = *source->writer().create_workflow(make.workflow(scope));
    version.workflow = workflow.id;
    version.graph = workflow.graph;
    version.published = make.time();
    version = *source->writer().publish(scope, version);
    workflow.description = "changed since";
    workflow = *source->writer().update_workflow(workflow, 0);
    batch.snapshots = {make.snapshot(scope.workspace), make.snapshot(scope.workspace)};
    batch.snapshots[0].wake_at = make.time();
    batch.snapshots[1].runnable = true;
    batch.tasks = {make.task(scope, runs[0].id)};
    batch.waiters = {make.waiter(scope, "paid", "o-1")};
    const std::string body = make.bytes(5000);
    batch.payloads = {{5, *scope.project, hasher.hash(body), body},
                      {6, *scope.project, hasher.hash(body), body}};
    TROUPE_ENSURE(source->writer().commit(batch).ok());
  }
  /// More of everything than a piece holds.
  void fill_documents() {
    for (int i = 0; i < 30; ++i) {
      documents.push_back(document(make, store::DocumentKind::kSecret, workspace.id,
                                   "key " + std::to_string(i)));
    }
    documents[3].expires = make.time();
    documents[4].key.clear();
    for (int i = 0; i < 30; ++i) {
      store::Change change;
      if (i == 0) change.put = documents;
      if (i == 1) change.put = {documents[1]};
      for (const WorkspaceId log : {workspace.id, WorkspaceId()}) {
        change.audit.push_back(line(hasher, log, "entry " + std::to_string(i)));
      }
      TROUPE_ENSURE(source->writer().change({}, {1}, always(change)).ok());
    }
    documents[1].etag = 2;
  }
  std::unique_ptr<postgres::Importer> importer() {
    auto made = postgres::Importer::open(server, hasher);
    TROUPE_ENSURE(made.ok());
    return *std::move(made);
  }
  void move_all(store::Import& target) {
    source.reset();
    auto from = sqlite::Exporter::open(file, hasher);
    ASSERT_TRUE(from.ok()) << from.error().message;
    ASSERT_TRUE(target.begin(7, *(*from)->bounds()).ok());
    for (;;) {
      auto piece = (*from)->next(1500);
      ASSERT_TRUE(piece.ok()) << piece.error().message;
      if (!*piece) break;
      const Status put = target.put(**piece);
      ASSERT_TRUE(put.ok()) << put.error().message;
    }
    const Status finished = target.finish();
    ASSERT_TRUE(finished.ok()) << finished.error().message;
  }
  std::unique_ptr<postgres::PostgresStore> open() {
    auto opened = postgres::PostgresStore::open(server, hasher);
    TROUPE_ENSURE(opened.ok());
    return *std::move(opened);
  }
  std::vector<Frame> of(RunId run) const {
    std::vector<Frame> own;
    for (const Frame& frame : frames) {
      if (frame.entity == run) own.push_back(frame);
    }
    return own;
  }

  TemporaryDirectory folder;
  system::Blake2bHasher hasher;
  sqlite::Options file;
  postgres::Options server;
  std::unique_ptr<sqlite::SqliteStore> source;
  RowMaker make;
  store::Workspace workspace = make.workspace("acme");
  store::Project project = make.project(workspace.id, "web");
  store::TenantScope scope{workspace.id, project.id};
  store::Workflow workflow;
  store::Version version;
  store::Batch batch;
  std::vector<store::RunRow> runs;
  std::vector<store::Document> documents;
  std::vector<Frame> frames;
  Pos mark = 0;
};

TEST_F(StoreMove, FramesKeepTheirAddressesInJournalAndHistory) {
  fill_journal();
  std::vector<bool> was_in_journal;
  {
    const auto reader = source->open_reader();
    for (const Frame& frame : frames) was_in_journal.push_back(*reader->in_journal(frame.pos));
  }
  ASSERT_TRUE(std::count(was_in_journal.begin(), was_in_journal.end(), false) > 60);
  move_all(*importer());

  const auto target = open();
  const auto reader = target->open_reader();
  for (std::size_t i = 0; i < frames.size(); ++i) {
    EXPECT_EQ(*reader->in_journal(frames[i].pos), was_in_journal[i]) << i;
    const auto found = *reader->frame(frames[i].pos);
    ASSERT_EQ(found.has_value(), was_in_journal[i]) << i;
    if (found) {
      EXPECT_EQ(*found, frames[i]);
    }
  }
  std::vector<Frame> tail;
  ASSERT_TRUE(reader->scan_tail(cluster::all_slots(), [&](Frame frame) {
    tail.push_back(std::move(frame));
    return true;
  }).ok());
  EXPECT_EQ(tail, std::vector<Frame>(frames.begin() + 90, frames.end()));

  // Once its slots are settled the moved journal goes the way of any other.
  const auto members = target->open_membership();
  const auto self = members->join({"node", "", seconds(60)});
  ASSERT_TRUE(self.ok());
  const auto view = members->renew(0);
  const std::vector<store::NodeNumber> plan(cluster::kSlotCount, *self);
  ASSERT_TRUE(members->take_over(0, plan, view->version).ok());
  EXPECT_GT(*target->writer().next_epoch(), 3u);
  ASSERT_TRUE(members->settle(cluster::all_slots()).ok());
  while (*target->writer().retire_journal()) {
  }
  for (const store::RunRow& run : runs) {
    EXPECT_EQ(*reader->history(run.id, 0, 1 << 20), of(run.id));
  }
}

TEST_F(StoreMove, WhatWasNotPublishedIsLeftToANodeOfTheNewPlace) {
  fill_journal();
  ASSERT_TRUE(source->writer().set_publish_mark(frames[100].pos).ok());
  move_all(*importer());

  const auto target = open();
  ASSERT_TRUE(target->open_membership()->join({"node", "", seconds(60)}).ok());
  const auto left = target->writer().claim_unpublished();
  ASSERT_TRUE(left.ok()) << left.error().message;
  ASSERT_EQ(left->size(), 1u);
  std::vector<Frame> unpublished;
  for (Pos from = left->front().mark;;) {
    const auto piece = target->open_reader()->journal_of(left->front().node, from, 1 << 20);
    ASSERT_TRUE(piece.ok()) << piece.error().message;
    if (piece->empty()) break;
    unpublished.insert(unpublished.end(), piece->begin(), piece->end());
    from = piece->back().pos + 1;
  }
  EXPECT_EQ(unpublished, std::vector<Frame>(frames.begin() + 100, frames.end()));
}

TEST_F(StoreMove, NothingIsLeftToBePublishedWhereNobodyMeantTo) {
  fill_journal();
  move_all(*importer());
  const auto target = open();
  ASSERT_TRUE(target->open_membership()->join({"node", "", seconds(60)}).ok());
  EXPECT_TRUE(target->writer().claim_unpublished()->empty());
}

TEST_F(StoreMove, EveryRowArrivesUnchanged) {
  fill_journal();
  fill_rows();
  move_all(*importer());
  const auto reader = open()->open_reader();
  EXPECT_EQ(*reader->workspaces(), std::vector{workspace});
  EXPECT_EQ(*reader->projects(workspace.id), std::vector{project});
  EXPECT_EQ(**reader->workflow(scope, workflow.id), workflow);
  EXPECT_GT(workflow.etag, 1u);
  EXPECT_EQ(**reader->version(workflow.id, 1), version);
  for (const store::RunRow& run : runs) EXPECT_EQ(**reader->run(scope, run.id), run);
  for (const store::Snapshot& row : batch.snapshots) {
    EXPECT_EQ(**reader->snapshot(row.entity), row);
  }
  EXPECT_EQ(**reader->task(scope, batch.tasks[0].id), batch.tasks[0]);
  EXPECT_EQ(*reader->waiters(scope, "paid", "o-1"), batch.waiters);
  for (const store::Payload& row : batch.payloads) {
    EXPECT_EQ(**reader->payload(row.bucket, row.project, row.hash), row.bytes);
  }
}

TEST_F(StoreMove, DocumentsArriveAndAuditLogsGoOnWhereTheyEnded) {
  fill_documents();
  move_all(*importer());
  const auto target = open();
  const auto reader = target->open_reader();
  auto& moved = reader->documents(store::DocumentScope::all());
  for (const store::Document& row : documents) {
    EXPECT_EQ(*moved.find(row.kind, row.id), row);
    if (row.key.empty()) continue;
    EXPECT_EQ(*moved.find_by_key(row.kind, row.workspace, row.project, row.key), row);
  }
  EXPECT_EQ(moved.all({store::DocumentKind::kSecret, workspace.id, {}, {}})->size(), 30u);

  ASSERT_TRUE(target->open_membership()->join({"node", "", seconds(60)}).ok());
  const auto next = always({.audit = {line(hasher, workspace.id, "entry 30")}});
  ASSERT_TRUE(target->writer().change({workspace.id}, {1}, next).ok());
  for (const WorkspaceId log : {workspace.id, WorkspaceId()}) {
    const auto rows = reader->audit({.workspace = log});
    ASSERT_TRUE(rows.ok()) << rows.error().message;
    EXPECT_EQ(rows->size(), log.set() ? 31u : 30u);
    store::AuditHead last;
    for (const store::AuditRow& row : *rows) {
      EXPECT_EQ(row.entry.head.n, last.n + 1);
      EXPECT_EQ(row.entry.json, "entry " + std::to_string(last.n));
      EXPECT_EQ(row.entry.head.hash, chained(hasher, last.hash, row.entry.json));
      last = row.entry.head;
    }
    EXPECT_EQ(*reader->audit_head(log), last);
  }
}

TEST_F(StoreMove, NobodyJoinsAPartAndTheNextMoveBeginsAnew) {
  fill_journal();
  {
    const auto first = importer();
    ASSERT_TRUE(first->begin(6, {}).ok());
    store::Piece piece;
    piece.workspaces = {make.workspace("left-behind")};
    ASSERT_TRUE(first->put(piece).ok());
    EXPECT_EQ(importer()->check().error().code, Code::kConflict) << "while another one works";
  }
  const auto joined = open()->open_membership()->join({"node", "", seconds(60)});
  ASSERT_FALSE(joined.ok());
  EXPECT_EQ(joined.error().code, Code::kConfigInvalid);
  EXPECT_NE(joined.error().message.find("holds a part of a store"), std::string::npos);

  const auto second = importer();
  EXPECT_FALSE(*second->holds(6));
  move_all(*second);
  EXPECT_TRUE(*second->holds(7));
  const auto target = open();
  EXPECT_TRUE(target->open_reader()->workspaces()->empty());
  EXPECT_TRUE(target->open_membership()->join({"node", "", seconds(60)}).ok());
  EXPECT_EQ(importer()->check().error().code, Code::kConflict) << "a store is there now";
}

TEST_F(StoreMove, ADamagedRowEndsIt) {
  fill_journal();
  source.reset();
  {
    auto db = sqlite::Database::open(file.path, sqlite::Database::Mode::kWrite, "");
    ASSERT_TRUE((*db)->execute("UPDATE runs SET body=zeroblob(100)").ok());
  }
  auto from = sqlite::Exporter::open(file, hasher);
  ASSERT_TRUE(from.ok()) << from.error().message;
  auto piece = (*from)->next(1 << 20);
  ASSERT_FALSE(piece.ok());
  EXPECT_EQ(piece.error().code, Code::kCorrupt);
}

}  // namespace
}  // namespace troupe::testing
