// Damage in the database file: every page is held against its seal, whoever wrote or copied it.
#include "adapters/sqlite/examination.h"
#include "adapters/sqlite/page_seal.h"
#include "tests/adapters/sqlite/sqlite_fixture.h"

namespace troupe::testing {
namespace {

using namespace store;

constexpr std::size_t kPage = 4096;

class PageDamage : public SqliteTest {
 protected:
  sqlite::Options healthy_at(const std::filesystem::path& path) {
    auto options = options_at(path);
    options.vfs = disk.name();  // its syncs cost nothing
    return options;
  }
  /// A store with something in every kind of table, and its end.
  void live(const sqlite::Options& options) {
    const auto store = open(options);
    for (int i = 0; i < 6; ++i) {
      Batch batch = batch_of(make.id<RunId>(), 4);
      batch.snapshots = {make.snapshot(scope.workspace)};
      batch.tasks = {make.task(scope, batch.runs[0].id)};
      batch.waiters = {make.waiter(scope, "e", "k")};
      const std::string body = make.bytes(9000);  // over several pages
      batch.payloads = {{1, *scope.project, hasher.hash(body), body}};
      ASSERT_TRUE(store->writer().commit(batch).ok());
      batches.push_back(std::move(batch));
    }
  }
  /// Reads everything; each answer is right or kCorrupt. True if all were right.
  bool all_right(sqlite::SqliteStore& store) {
    const auto reader = store.open_reader();
    bool right = true;
    const auto judge = [&right](const auto& result, const auto& is_right) {
      if (!result.ok()) {
        EXPECT_EQ(result.error().code, Code::kCorrupt) << result.error().message;
        EXPECT_NE(result.error().message.find("store.db"), std::string::npos);
        right = false;
      } else {
        EXPECT_TRUE(is_right(*result));
      }
    };
    for (const Batch& batch : batches) {
      judge(reader->run(scope, batch.runs[0].id),
            [&](const auto& row) { return row && *row == batch.runs[0]; });
      judge(reader->snapshot(batch.snapshots[0].entity),
            [&](const auto& row) { return row && *row == batch.snapshots[0]; });
      judge(reader->task(scope, batch.tasks[0].id),
            [&](const auto& row) { return row && *row == batch.tasks[0]; });
      judge(reader->payload(1, *scope.project, batch.payloads[0].hash),
            [&](const auto& body) { return body && *body == batch.payloads[0].bytes; });
      for (const Frame& frame : batch.frames) {
        judge(reader->frame(frame.pos),
              [&](const auto& found) { return found && found->bytes == frame.bytes; });
      }
    }
    judge(reader->runs(scope, {}, {50, ""}),
          [&](const auto& rows) { return rows.items.size() == batches.size(); });
    judge(reader->waiters(scope, "e", "k"),
          [&](const auto& rows) { return rows.size() == batches.size(); });
    return right;
  }

  sqlite::FaultDisk disk;
  std::vector<Batch> batches;
};

TEST_F(PageDamage, AFlippedBitIsSeenOrHarmlessWhereverItIs) {
  const auto root = directory.path();
  live(healthy_at(root / "whole"));
  const auto pages = std::filesystem::file_size(root / "whole" / "store.db") / kPage;
  ASSERT_GT(pages, 20u);
  int refused = 0, seen = 0, unread = 0;
  for (std::uint64_t page = 0; page < pages; ++page) {
    // Of the page: its kind, where its cells lie, pointers to them, cells, the seal itself. Of the
    // file: magic, page size, room for seals, application.
    for (const std::uint64_t at : {0u, 6u, 8u, 16u, 20u, 68u, 100u, 2000u, 4000u, 4089u, 4093u}) {
      const std::uint64_t offset = page * kPage + at;
      SCOPED_TRACE("flip at " + std::to_string(offset));
      const auto image = root / ("flip" + std::to_string(offset));
      copy_files(root / "whole", image);
      flip_bit(image / "store.db", offset, static_cast<int>(offset % 8));
      auto store = sqlite::SqliteStore::open(healthy_at(image), hasher);
      if (!store) {
        EXPECT_TRUE(store.error().code == Code::kCorrupt ||
                    (page == 0 && store.error().code == Code::kConfigInvalid))
            << store.error().message;
        ++refused;
      } else if (!all_right(**store)) {
        ++seen;
      } else {
        ++unread;
        store->reset();
        const auto examination = sqlite::examine(healthy_at(image));
        EXPECT_TRUE(!examination || !examination->damage.empty()) << "nobody would ever know";
      }
      std::filesystem::remove_all(image);
    }
  }
  EXPECT_GE(refused, 11) << "page 1 is needed for everything";
  EXPECT_GT(seen, refused);
  EXPECT_GT(unread, 0) << "some indexes are not used here";
}

TEST_F(PageDamage, APageInAnothersPlaceIsSeen) {
  const auto options = healthy_at(directory.path() / "whole");
  live(options);
  std::string bytes = bytes_of(options.path);
  const std::string last = bytes.substr(bytes.size() - kPage);
  for (std::size_t at = kPage; at + kPage < bytes.size(); at += kPage) {
    bytes.replace(at, kPage, last);
  }
  std::ofstream(options.path, std::ios::binary) << bytes;
  const auto store = sqlite::SqliteStore::open(options, hasher);
  ASSERT_FALSE(store.ok());
  EXPECT_EQ(store.error().code, Code::kCorrupt);
}

TEST_F(PageDamage, AnExaminationNamesTheDamagedPageAndChangesNothing) {
  const auto options = healthy_at(directory.path() / "whole");
  live(options);
  const auto healthy = sqlite::examine(options);
  ASSERT_TRUE(healthy.ok()) << healthy.error().message;
  EXPECT_EQ(healthy->pages, std::filesystem::file_size(options.path) / kPage);
  EXPECT_TRUE(healthy->damage.empty()) << healthy->damage.front();
  const std::string body = batches.back().payloads[0].bytes.substr(5000, 50);
  const auto at = bytes_of(options.path).find(body);
  ASSERT_NE(at, std::string::npos);
  flip_bit(options.path, at, 3);
  const std::string before = bytes_of(options.path);
  const auto damaged = sqlite::examine(options);
  ASSERT_TRUE(damaged.ok()) << damaged.error().message;
  ASSERT_FALSE(damaged->damage.empty());
  std::string told;
  for (const std::string& line : damaged->damage) told += line + "\n";
  EXPECT_NE(told.find(std::to_string(at / kPage + 1)), std::string::npos) << told;
  EXPECT_EQ(bytes_of(options.path), before);
}

/// Plain SQLite, as its command line is.
void plainly(const std::string& path, const std::string& sql) {
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &db), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
      << sqlite3_errmsg(db);
  sqlite3_close(db);
}

TEST_F(PageDamage, ACopyThatPlainSqliteMadeIsSealedWhenItIsOpened) {
  const auto options = healthy_at(directory.path() / "whole");
  live(options);
  const auto copy = healthy_at(directory.path() / "copy");
  plainly(options.path, "VACUUM INTO '" + copy.path + "'");
  const std::string unsealed = bytes_of(copy.path);
  EXPECT_TRUE(sqlite::examine(copy)->damage.empty());
  EXPECT_TRUE(all_right(*open(copy)));
  const std::string sealed = bytes_of(copy.path);
  for (std::size_t at = 0; at < sealed.size(); at += kPage) {
    EXPECT_TRUE(sqlite::is_sealed(std::string_view(sealed).substr(at, kPage),
                                  static_cast<std::uint32_t>(at / kPage) + 1));
  }
  // A sealing that was cut short: page 1 comes last.
  ASSERT_TRUE(sqlite::lacks_seal(std::string_view(unsealed).substr(0, kPage)));
  std::ofstream(copy.path, std::ios::binary)
      << unsealed.substr(0, 3 * kPage) + sealed.substr(3 * kPage);
  std::filesystem::remove(copy.path + "-wal");
  EXPECT_TRUE(all_right(*open(copy)));
}

TEST_F(PageDamage, PlainSqliteMayReadAndCheckpointWhatAKillLeft) {
  const auto options = healthy_at(directory.path() / "alive");
  const auto image = directory.path() / "killed";
  {
    const auto store = open(options);
    batches.push_back(batch_of(make.id<RunId>(), 40));
    ASSERT_TRUE(store->writer().commit(batches.back()).ok());
    batches.clear();
    copy_files(directory.path() / "alive", image);
  }
  plainly((image / "store.db").string(), "SELECT count(*) FROM runs");  // the last one checkpoints
  ASSERT_FALSE(std::filesystem::exists(image / "store.db-wal"));
  const auto after = healthy_at(image);
  EXPECT_TRUE(sqlite::examine(after)->damage.empty());
  EXPECT_EQ(open(after)->open_reader()->runs(scope, {}, {50, ""})->items.size(), 1u);
}

}  // namespace
}  // namespace troupe::testing
