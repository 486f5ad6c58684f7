#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "runtime/port/paging.h"
#include "tests/conformance/store_rows.h"

// What every store must do, whatever it is made of. The tests stand in *_suite.cc; one executable
// per store links them and defines make_harness().
namespace troupe::testing {

/// A store under test: journal tables of 4 KiB, none kept beyond those that recovery needs.
class StoreHarness {
 public:
  virtual ~StoreHarness() = default;
  virtual store::Store& store() = 0;
  /// Ends the store and opens it again over the same disk.
  virtual void reopen() = 0;
  virtual const Hasher& hasher() const = 0;
  /// Its body is not what was written. Nobody reads meanwhile.
  virtual void damage_snapshot(RunId entity) = 0;
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
  void SetUp() override {
    open_reader();
    begin_epoch();
  }
  /// Frames have their addresses in it from now on.
  void begin_epoch() { make.next_pos((*writer().next_epoch() << store::kEpochShift) + 1); }
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
  std::vector<Pos> scanned() {
    std::vector<Pos> seen;
    const Status done = reader->scan_tail(cluster::all_slots(), [&](Frame frame) {
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
  std::vector<Pos> scanned_of(RunId entity, Pos after) {
    std::vector<Pos> seen;
    const Status done = reader->scan_tail_of(entity, after, [&](Frame frame) {
      EXPECT_EQ(frame.entity, entity);
      seen.push_back(frame.pos);
      return true;
    });
    EXPECT_TRUE(done.ok());
    return seen;
  }
  /// Addresses in the journal of `node`, read in small pieces.
  std::vector<Pos> journal_of(store::NodeNumber node, Pos from) {
    std::vector<Pos> seen;
    for (;;) {
      const auto piece = reader->journal_of(node, seen.empty() ? from : seen.back() + 1, 700);
      EXPECT_TRUE(piece.ok());
      if (!piece.ok() || piece->empty()) return seen;
      for (const Frame& frame : *piece) seen.push_back(frame.pos);
    }
  }
  /// What a reader of an entity's past sees: history, then what is in the journal. A new reader,
  /// which has not seen frames in the journal that have left it.
  std::vector<Frame> past_of(RunId entity, const std::vector<Frame>& all) {
    open_reader();
    std::vector<Frame> seen;
    for (Pos after = 0;;) {
      const auto piece = reader->history(entity, after, 700);
      EXPECT_TRUE(piece.ok());
      if (!piece.ok() || piece->empty()) break;
      seen.insert(seen.end(), piece->begin(), piece->end());
      after = piece->back().pos;
    }
    for (const Frame& frame : all) {
      if (!*reader->in_journal(frame.pos)) continue;
      const auto found = reader->frame(frame.pos);
      if (found.ok() && *found) seen.push_back(**found);
    }
    return seen;
  }

  std::unique_ptr<StoreHarness> harness = make_harness();
  std::unique_ptr<Reader> reader;
  RowMaker make;
};

}  // namespace troupe::testing
