#include <map>

#include "tests/adapters/sqlite/sqlite_fixture.h"

namespace troupe::testing {
namespace {

using namespace store;
using sqlite::DiskFault;
using sqlite::DiskOperation;
using sqlite::FaultDisk;

class SqliteFaults : public SqliteTest {
 protected:
  sqlite::Options faulty() {
    auto options = options_at(directory.path() / "disk");
    options.vfs = disk.name();
    return options;
  }
  FaultDisk disk;
};

TEST_F(SqliteFaults, AFullDiskRefusesWithNothingWrittenAndHealsByItself) {
  const auto store = open(faulty());
  const auto reader = store->open_reader();
  ASSERT_TRUE(store->writer().commit(batch_of(make.id<RunId>())).ok());
  disk.take_space(100'000);
  std::vector<Batch> kept;
  Batch refused;
  Code code = Code::kInternal;
  for (int i = 0; i < 1000 && refused.runs.empty(); ++i) {
    Batch batch = batch_of(make.id<RunId>(), 5);
    const Status done = store->writer().commit(batch);
    if (done.ok()) {
      kept.push_back(batch);
    } else {
      refused = batch;
      code = done.error().code;
    }
  }
  EXPECT_EQ(code, Code::kStorageFull);
  ASSERT_FALSE(kept.empty());
  Workflow large = make.workflow(scope);
  large.graph = std::string(200'000, ' ');
  const auto created = store->writer().create_workflow(large);
  ASSERT_FALSE(created.ok());
  EXPECT_EQ(created.error().code, Code::kStorageFull);
  EXPECT_FALSE(*reader->run(scope, refused.runs[0].id)) << "reads go on";
  EXPECT_FALSE(*store->writer().landed(refused.frames.back().pos));
  EXPECT_TRUE(*reader->run(scope, kept.back().runs[0].id));
  disk.give_space();
  ASSERT_TRUE(store->writer().commit(refused).ok());
  EXPECT_TRUE(*reader->run(scope, refused.runs[0].id));
  EXPECT_TRUE(*store->writer().landed(refused.frames.back().pos));
}

TEST_F(SqliteFaults, ACheckpointIntoAFullDiskLosesNothing) {
  auto options = faulty();
  options.checkpoint_bytes = 4096;
  const auto store = open(options);
  std::vector<Batch> kept;
  disk.take_space(150'000);
  bool full = false;
  for (int i = 0; i < 100 && !full; ++i) {
    Batch batch = batch_of(make.id<RunId>(), 5);
    if (store->writer().commit(batch).ok()) kept.push_back(batch);
    const Status done = store->writer().checkpoint();
    full = !done.ok() && done.error().code == Code::kStorageFull;
  }
  ASSERT_TRUE(full);
  disk.give_space();
  ASSERT_TRUE(store->writer().checkpoint().ok());
  const auto reader = store->open_reader();
  for (const Batch& batch : kept) EXPECT_TRUE(*reader->run(scope, batch.runs[0].id));
}

TEST_F(SqliteFaults, AFailedSyncIsUnknownAndNeverRetried) {
  for (const auto operation : {DiskOperation::kSync, DiskOperation::kWrite}) {
    auto options = options_at(directory.path() / std::to_string(static_cast<int>(operation)));
    options.vfs = disk.name();
    auto store = open(options);
    const Batch first = batch_of(make.id<RunId>());
    ASSERT_TRUE(store->writer().commit(first).ok());
    disk.fail_nth(operation, 1, DiskFault::kIoError);
    const Batch second = batch_of(make.id<RunId>());
    EXPECT_EQ(store->writer().commit(second).error().code, Code::kOutcomeUnknown);
    const auto syncs = disk.syncs();
    const auto writes = disk.writes();
    EXPECT_EQ(store->writer().commit(second).error().code, Code::kUnavailable);
    EXPECT_EQ(store->writer().landed(second.frames.back().pos).error().code, Code::kUnavailable);
    EXPECT_EQ(store->writer().next_epoch().error().code, Code::kUnavailable);
    EXPECT_EQ(store->writer().checkpoint().error().code, Code::kUnavailable);
    EXPECT_TRUE(*store->open_reader()->run(scope, first.runs[0].id)) << "reads go on";
    store.reset();
    EXPECT_EQ(disk.syncs(), syncs);
    EXPECT_EQ(disk.writes(), writes);

    store = open(options);  // the next process finds out
    const auto landed = store->writer().landed(second.frames.back().pos);
    ASSERT_TRUE(landed.ok());
    EXPECT_EQ(store->open_reader()->run(scope, second.runs[0].id)->has_value(), *landed);
    EXPECT_TRUE(*store->writer().landed(first.frames.back().pos));
  }
}

TEST_F(SqliteFaults, AFailedSyncOfACheckpointEndsTheWriter) {
  auto options = faulty();
  options.checkpoint_bytes = 4096;
  const auto store = open(options);
  ASSERT_TRUE(store->writer().commit(batch_of(make.id<RunId>(), 20)).ok());
  disk.fail_nth(DiskOperation::kSync, 2, DiskFault::kIoError);  // the first is the WAL's
  EXPECT_FALSE(store->writer().checkpoint().ok());
  EXPECT_EQ(store->writer().commit(batch_of(make.id<RunId>())).error().code, Code::kUnavailable);
}

TEST_F(SqliteFaults, ThePowerCutModelForgetsWhatWasNotSynced) {
  const auto options = faulty();
  auto db = sqlite::Database::open(options.path, sqlite::Database::Mode::kWrite, disk.name());
  ASSERT_TRUE(db.ok());
  ASSERT_TRUE((*db)->execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                             "CREATE TABLE t(x); INSERT INTO t VALUES(1);"
                             "PRAGMA synchronous=NORMAL; INSERT INTO t VALUES(2)")
                  .ok());
  const auto image = directory.path() / "image";
  disk.power_cut_image(directory.path() / "disk", image);
  auto after =
      sqlite::Database::open((image / "store.db").string(), sqlite::Database::Mode::kWrite, "");
  ASSERT_TRUE(after.ok());
  EXPECT_EQ(*(*after)->query_integer("SELECT count(*) FROM t"), 1);
}

/// What the workload was told, by the last frame of each batch.
struct Told {
  std::vector<Batch> tried;
  std::vector<bool> acknowledged;
  std::uint64_t epoch = 0;
  bool finished = false;
};

class SqliteCrash : public SqliteFaults {
 protected:
  /// A short life with everything in it; stops at the first error, as a process would.
  Told live(const sqlite::Options& options) {
    Told told;
    auto opened = sqlite::SqliteStore::open(options, hasher);
    if (!opened) return told;
    Writer& writer = (*opened)->writer();
    const auto epoch = writer.next_epoch();
    if (!epoch) return told;
    told.epoch = *epoch;
    for (int i = 0; i < 9; ++i) {
      told.tried.push_back(batch_of(entity, 4));
      const bool done = writer.commit(told.tried.back()).ok();
      told.acknowledged.push_back(done);
      if (!done) return told;
      if (i % 3 == 2 && !writer.checkpoint().ok()) return told;
      const Pos behind = told.tried[static_cast<std::size_t>(i / 2)].frames.front().pos;
      if (!writer.set_recovery_mark(behind).ok()) return told;
      if (!writer.retire_journal()) return told;
    }
    told.finished = true;
    return told;
  }

  /// Opens what a crash left and holds it against what was promised.
  void check(const std::filesystem::path& image, const Told& told) {
    FaultDisk healthy;  // its syncs cost nothing, and there are thousands
    auto options = options_at(image);
    options.vfs = healthy.name();
    const auto store = open(options);
    ASSERT_NE(store, nullptr);
    ASSERT_EQ(integrity(options.path), "ok");
    const auto reader = store->open_reader();
    const auto history = reader->history(entity, 0, 1 << 30);
    ASSERT_TRUE(history.ok());
    std::map<Pos, int> seen;
    for (const Frame& frame : *history) ++seen[frame.pos];
    for (const Batch& batch : told.tried) {
      for (const Frame& frame : batch.frames) {
        if (!*reader->in_journal(frame.pos)) continue;
        seen[frame.pos] += (*reader->frame(frame.pos)).has_value();
      }
    }
    for (std::size_t i = 0; i < told.tried.size(); ++i) {
      const bool there = reader->run(scope, told.tried[i].runs[0].id)->has_value();
      EXPECT_TRUE(there || !told.acknowledged[i]) << "an acknowledged commit is lost";
      for (const Frame& frame : told.tried[i].frames) {
        EXPECT_EQ(seen[frame.pos], there ? 1 : 0) << "a frame is lost, doubled or half there";
      }
    }
    EXPECT_GT(*store->writer().next_epoch(), told.epoch);
    while (*store->writer().retire_journal()) {
    }
  }

  RunId entity = make.id<RunId>();
};

TEST_F(SqliteCrash, AtEveryWriteAndSyncNothingAcknowledgedIsLost) {
  Told told;
  for (std::uint64_t nth = 1; !told.finished; ++nth) {
    ASSERT_LT(nth, 2000u);
    SCOPED_TRACE("death at operation " + std::to_string(nth));
    const auto root = directory.path() / std::to_string(nth);
    FaultDisk own;
    auto options = options_at(root / "disk");
    options.vfs = own.name();
    options.checkpoint_bytes = 4096;
    own.crash_at(nth);
    told = live(options);
    own.power_cut_image(root / "disk", root / "power");
    check(root / "power", told);
    std::filesystem::copy(root / "disk", root / "kill");
    std::filesystem::remove(root / "kill" / "store.db-shm");
    check(root / "kill", told);
    std::filesystem::remove_all(root);
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace troupe::testing
