// Damage in the write-ahead log: refused before SQLite would silently drop what lies behind it.
#include "adapters/sqlite/page_seal.h"
#include "adapters/sqlite/wal_damage.h"
#include "adapters/sqlite/wal_format.h"
#include "tests/adapters/sqlite/sqlite_fixture.h"

namespace troupe::testing {
namespace {

using namespace store;

constexpr std::size_t kPage = 4096;
constexpr std::size_t kFrame = sqlite::kWalFrameHeaderBytes + kPage;

std::size_t frame_at(std::size_t frame) { return sqlite::kWalHeaderBytes + frame * kFrame; }

class WalDamage : public SqliteTest {
 protected:
  sqlite::Options healthy_at(const std::filesystem::path& path) {
    auto options = options_at(path);
    options.vfs = disk.name();
    return options;
  }
  /// Six commits and a kill.
  void live_and_die() {
    const auto store = open(healthy_at(alive));
    for (int i = 0; i < 6; ++i) {
      batches.push_back(batch_of(make.id<RunId>(), 30));
      ASSERT_TRUE(store->writer().commit(batches.back()).ok());
    }
    copy_files(alive, killed);
    const std::string wal = bytes_of(killed / "store.db-wal");
    for (std::size_t frame = 0; frame_at(frame + 1) <= wal.size(); ++frame) {
      const auto header = std::string_view(wal).substr(frame_at(frame));
      if (sqlite::read_wal_frame(header).pages_after_commit != 0) commits.push_back(frame);
    }
    ASSERT_EQ(frame_at(commits.back() + 1), wal.size());
  }
  std::size_t runs_in(sqlite::SqliteStore& store) {
    const auto rows = store.open_reader()->runs(scope, {}, {200, ""});
    EXPECT_TRUE(rows.ok());
    return rows.ok() ? rows->items.size() : 0;
  }

  sqlite::FaultDisk disk;
  std::filesystem::path alive = directory.path() / "alive";
  std::filesystem::path killed = directory.path() / "killed";
  std::vector<Batch> batches;
  std::vector<std::size_t> commits;  ///< frames
};

TEST_F(WalDamage, IsRefusedWhereItIsNoTornTail) {
  live_and_die();
  const std::size_t first = commits[0] + 1;               // of the second transaction
  const std::size_t late = commits[commits.size() - 2];  // the commit before the last
  const std::size_t last = commits.back();
  enum Expected { kRefused, kAll, kWithoutTheLast };
  struct Case {
    const char* what;
    std::size_t offset;
    bool after_a_kill;  ///< the shared memory is still there
    Expected expected;
  };
  const Case cases[] = {
      {"magic of the header", 3, false, kRefused},
      {"version in the header", 5, false, kRefused},
      {"page size in the header", 10, false, kRefused},
      {"salt of the header", 17, false, kRefused},
      {"sum of the header", 25, false, kRefused},
      {"the first frame's page", frame_at(0) + 24 + 100, false, kRefused},
      {"a frame's page", frame_at(first) + 24 + 100, false, kRefused},
      {"a frame's page number", frame_at(first) + 3, false, kRefused},
      {"a frame's mark of a commit", frame_at(first) + 7, false, kRefused},
      {"a frame's salt", frame_at(first) + 9, false, kRefused},
      {"a frame's sum", frame_at(first) + 17, false, kRefused},
      {"a seal in a frame", frame_at(first + 1) - 3, false, kRefused},
      {"the page of the commit before the last", frame_at(late) + 24 + 100, false, kRefused},
      {"the salt of the commit before the last", frame_at(late) + 9, true, kRefused},
      {"the last transaction's page, power cut", frame_at(last) + 24 + 100, false, kWithoutTheLast},
      {"the last transaction's sum, power cut", frame_at(last) + 20, false, kWithoutTheLast},
      {"the last transaction's page, kill", frame_at(last) + 24 + 100, true, kRefused},
      {"the last transaction's mark, kill", frame_at(last) + 7, true, kRefused},
  };
  for (const Case& each : cases) {
    SCOPED_TRACE(each.what);
    const auto image = directory.path() / "image";
    std::filesystem::remove_all(image);
    copy_files(killed, image, each.after_a_kill);
    flip_bit(image / "store.db-wal", each.offset, 0);
    const std::string wal = bytes_of(image / "store.db-wal");
    const std::string file = bytes_of(image / "store.db");
    auto store = sqlite::SqliteStore::open(healthy_at(image), hasher);
    ASSERT_EQ(store.ok(), each.expected != kRefused);
    if (store) {
      EXPECT_EQ(runs_in(**store), batches.size() - 1);
      continue;
    }
    EXPECT_EQ(store.error().code, Code::kCorrupt);
    EXPECT_NE(store.error().message.find("store.db-wal at byte "), std::string::npos)
        << store.error().message;
    EXPECT_EQ(bytes_of(image / "store.db-wal"), wal) << "nothing may change";
    EXPECT_EQ(bytes_of(image / "store.db"), file) << "nothing may change";
  }
}

TEST_F(WalDamage, EveryByteOfAHeaderIsSeenAfterAKill) {
  live_and_die();
  std::vector<std::size_t> offsets;
  for (std::size_t at = 0; at < sqlite::kWalHeaderBytes; ++at) offsets.push_back(at);
  for (const std::size_t frame : {std::size_t{0}, commits[1], commits.back()}) {
    for (std::size_t at = 0; at < sqlite::kWalFrameHeaderBytes; ++at) {
      offsets.push_back(frame_at(frame) + at);
    }
  }
  const auto image = directory.path() / "image";
  copy_files(killed, image);
  const auto path = (image / "store.db").string();
  EXPECT_TRUE(sqlite::check_wal(path).ok());
  for (const std::size_t offset : offsets) {
    for (int bit = 0; bit < 8; ++bit) {
      flip_bit(image / "store.db-wal", offset, bit);
      EXPECT_FALSE(sqlite::check_wal(path).ok()) << "offset " << offset << " bit " << bit;
      flip_bit(image / "store.db-wal", offset, bit);
    }
  }
  // The claim has sums of its own: damaged, it says nothing, and SQLite makes it anew.
  flip_bit(image / "store.db-shm", 17, 1);
  flip_bit(image / "store.db-shm", 48 + 17, 1);
  EXPECT_TRUE(sqlite::check_wal(path).ok());
  EXPECT_EQ(runs_in(*open(healthy_at(image))), batches.size());
}

TEST_F(WalDamage, ATornTailIsNone) {
  live_and_die();
  const std::size_t begin = commits[commits.size() - 2] + 1;
  const std::size_t end = commits.back() + 1;
  ASSERT_GT(end - begin, 3u);
  const std::string wal = bytes_of(killed / "store.db-wal");
  const auto image = directory.path() / "image";
  const auto expect_torn = [&](const std::string& bytes) {
    std::filesystem::remove_all(image);
    copy_files(killed, image, false);
    std::ofstream(image / "store.db-wal", std::ios::binary) << bytes;
    EXPECT_EQ(runs_in(*open(healthy_at(image))), batches.size() - 1);
  };
  for (std::size_t cut = frame_at(begin) + 8; cut < wal.size(); cut += 512) {
    SCOPED_TRACE("cut at " + std::to_string(cut));
    expect_torn(wal.substr(0, cut));
  }
  // A power cut may keep any sectors of what was not synced, and lose those before them.
  for (std::size_t frame = begin; frame < end; ++frame) {
    for (const std::size_t sector : {std::size_t{0}, std::size_t{3}}) {
      SCOPED_TRACE("a sector lost in frame " + std::to_string(frame));
      std::string bytes = wal;
      const std::size_t at = (frame_at(frame) / 512 + sector) * 512;
      const std::size_t from = std::max(at, frame_at(begin));
      std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(from), at + 512 - from, '\x5a');
      expect_torn(bytes);
    }
  }
}

TEST_F(WalDamage, FramesOfTheLastRoundAreNone) {
  const auto options = healthy_at(alive);
  const auto store = open(options);
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(store->writer().commit(batch_of(make.id<RunId>(), 60)).ok());
  }
  {
    auto db = sqlite::Database::open(options.path, sqlite::Database::Mode::kWrite, disk.name());
    ASSERT_TRUE((*db)->execute("PRAGMA wal_checkpoint(RESTART)").ok());
  }
  const auto before = std::filesystem::file_size(options.path + "-wal");
  ASSERT_TRUE(store->writer().commit(batch_of(make.id<RunId>(), 5)).ok());
  ASSERT_EQ(std::filesystem::file_size(options.path + "-wal"), before) << "it began anew";
  copy_files(alive, killed);
  EXPECT_EQ(runs_in(*open(healthy_at(killed))), 6u);
}

TEST_F(WalDamage, ManyLivesWriteOneWalWithoutABreakInItsSums) {
  std::filesystem::path now = alive;
  std::size_t runs = 0;
  for (int life = 0; life < 12; ++life) {
    const auto store = open(healthy_at(now));
    ASSERT_NE(store, nullptr);
    ASSERT_EQ(runs_in(*store), runs) << "life " << life;
    for (int i = 0; i <= life % 3; ++i, ++runs) {
      ASSERT_TRUE(store->writer().commit(batch_of(make.id<RunId>())).ok());
    }
    disk.fail_nth(sqlite::DiskOperation::kWrite, 2, sqlite::DiskFault::kNoSpace);
    ASSERT_FALSE(store->writer().commit(batch_of(make.id<RunId>(), 30)).ok());
    ASSERT_TRUE(store->writer().commit(batch_of(make.id<RunId>(), 2)).ok());
    ++runs;
    const auto next = directory.path() / ("life" + std::to_string(life));
    copy_files(now, next, life % 2 == 0);
    now = next;
  }
  EXPECT_EQ(runs_in(*open(healthy_at(now))), runs);
}

TEST_F(WalDamage, WhileItIsOpenItIsSeenByReadsAndByTheCheckpoint) {
  auto options = healthy_at(alive);
  options.checkpoint_bytes = 4096;
  const auto store = open(options);
  Batch batch = batch_of(make.id<RunId>());
  const std::string body = make.bytes(9000);
  batch.payloads = {{1, *scope.project, hasher.hash(body), body}};
  ASSERT_TRUE(store->writer().commit(batch).ok());
  const auto at = bytes_of(options.path + "-wal").find(body.substr(5000, 50));
  ASSERT_NE(at, std::string::npos);
  flip_bit(options.path + "-wal", at, 2);
  const auto read = store->open_reader()->payload(1, *scope.project, batch.payloads[0].hash);
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code, Code::kCorrupt);
  EXPECT_NE(read.error().message.find("store.db-wal"), std::string::npos) << read.error().message;
  const Status done = store->writer().checkpoint();
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().code, Code::kCorrupt);
  EXPECT_FALSE(store->writer().commit(batch_of(make.id<RunId>())).ok()) << "no more may come in";
}

}  // namespace
}  // namespace troupe::testing
