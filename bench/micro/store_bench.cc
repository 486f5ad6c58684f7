// How fast the embedded store writes beside the bare library on the same disk in the same run.
//   store_bench [directory] [frames]
// Prints one line per measurement: what, rate, and where the time went.
#include <sqlite3.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "adapters/sqlite/sqlite_store.h"
#include "adapters/system/entropy.h"
#include "adapters/system/hasher.h"
#include "runtime/base/ensure.h"
#include "runtime/base/random.h"

namespace {

using namespace troupe;
using namespace troupe::store;

constexpr std::size_t kFrameBytes = 250;

double now_s() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}
double cpu_s() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

/// One measurement: counts units and the slowest single call.
class Meter {
 public:
  void call(const std::function<void()>& body) {
    const double from = now_s();
    body();
    times_.push_back(now_s() - from);
  }
  void report(const char* what, double units) {
    const double wall = now_s() - wall_;
    const double cpu = cpu_s() - cpu_;
    std::sort(times_.begin(), times_.end());
    const auto at = [&](double q) {
      return times_[static_cast<std::size_t>(q * static_cast<double>(times_.size() - 1))] * 1e3;
    };
    std::printf("%-44s %9.0f /s  cpu %5.2f us each  call p50 %.2f p99 %.2f max %.2f ms\n", what,
                units / wall, cpu / units * 1e6, at(0.5), at(0.99), at(1));
  }

 private:
  double wall_ = now_s();
  double cpu_ = cpu_s();
  std::vector<double> times_;
};

std::string random_bytes(Random& random, std::size_t size) {
  std::string bytes(size, '\0');
  for (char& c : bytes) c = static_cast<char>(random.next());
  return bytes;
}

void must(int code) { TROUPE_ENSURE(code == SQLITE_OK || code == SQLITE_DONE); }

/// The ceiling: the bare library with the same settings, the same table and the same checkpoints.
void bare(const std::string& directory, int frames, int batch) {
  std::filesystem::remove_all(directory);
  std::filesystem::create_directories(directory);
  sqlite3* db = nullptr;
  must(sqlite3_open((directory + "/bare.db").c_str(), &db));
  must(sqlite3_exec(db,
                    "PRAGMA page_size=8192; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                    "PRAGMA secure_delete=OFF; PRAGMA wal_autocheckpoint=0;"
                    "PRAGMA cache_size=-65536;"
                    "CREATE TABLE j(pos INTEGER PRIMARY KEY, entity BLOB, slot INTEGER, b BLOB)",
                    nullptr, nullptr, nullptr));
  sqlite3_stmt* insert = nullptr;
  must(sqlite3_prepare_v2(db, "INSERT INTO j VALUES(?,?,?,?)", -1, &insert, nullptr));
  Random random(1);
  const std::string body = random_bytes(random, kFrameBytes);
  Meter meter;
  int pos = 0;
  for (int done = 0; done < frames; done += batch) {
    meter.call([&] {
      must(sqlite3_exec(db, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr));
      for (int i = 0; i < batch; ++i) {
        sqlite3_bind_int64(insert, 1, ++pos);
        sqlite3_bind_blob(insert, 2, body.data(), 16, SQLITE_STATIC);
        sqlite3_bind_int(insert, 3, 7);
        sqlite3_bind_blob(insert, 4, body.data(), kFrameBytes, SQLITE_STATIC);
        must(sqlite3_step(insert));
        sqlite3_reset(insert);
      }
      must(sqlite3_exec(db, "COMMIT", nullptr, nullptr, nullptr));
      if (done / batch % 12 == 11) sqlite3_wal_checkpoint_v2(db, nullptr, 0, nullptr, nullptr);
    });
  }
  meter.report(("bare SQLite, frames, batch " + std::to_string(batch)).c_str(), frames);
  sqlite3_finalize(insert);
  sqlite3_close(db);
}

class Bench {
 public:
  explicit Bench(std::string directory, int page_bytes = 8192) : directory_(std::move(directory)) {
    std::filesystem::remove_all(directory_);
    std::filesystem::create_directories(directory_);
    sqlite::Options options;
    options.path = directory_ + "/store.db";
    options.page_bytes = page_bytes;
    auto store = sqlite::SqliteStore::open(options, hasher_);
    TROUPE_ENSURE(store.ok());
    store_ = *std::move(store);
  }
  ~Bench() {
    store_.reset();
    std::filesystem::remove_all(directory_);
  }
  Writer& writer() { return store_->writer(); }
  store::Store& store() { return *store_; }
  void commit(const Batch& batch) {
    TROUPE_ENSURE(writer().commit(batch).ok());
    TROUPE_ENSURE(writer().checkpoint().ok());
  }
  RunRow run(std::int64_t ms) {
    RunRow row;
    row.id = RunId(Uuid::v7({ms * 1000}, random_.next(), random_.next()));
    row.workspace = WorkspaceId(Uuid{1, 1});
    row.project = ProjectId(Uuid{2, 1 + random_.below(4)});
    row.workflow = WorkflowId(Uuid{3, 1 + random_.below(50)});
    row.created = {ms * 1000};
    row.trigger_type = "api";
    return row;
  }
  Frame frame() { return {++pos_, RunId(Uuid{9, pos_ / 10}), 7, body_}; }

  void frames(int total, int size) {
    Batch batch;
    for (int i = 0; i < size; ++i) batch.frames.push_back(frame());
    Meter meter;
    for (int done = 0; done < total; done += size) {
      for (Frame& f : batch.frames) f.pos = ++pos_;
      meter.call([&] { commit(batch); });
    }
    meter.report(("Writer::commit, frames, batch " + std::to_string(size)).c_str(), total);
  }

  /// Each run is inserted by one batch and updated to its end by a later one.
  void runs(int total, int size) {
    Meter meter;
    std::vector<RunRow> open;
    for (int done = 0; done < total; done += size) {
      Batch batch;
      for (RunRow& row : open) {
        row.status = RunStatus::kCompleted;
        row.output = R"({"answer":"forty-two, as one would have thought"})";
        batch.runs.push_back(std::move(row));
      }
      open.clear();
      for (int i = 0; i < size; ++i) {
        open.push_back(run(1'700'000'000'000 + done / 25));
        open.back().status = RunStatus::kRunning;
        batch.runs.push_back(open.back());
      }
      meter.call([&] { commit(batch); });
    }
    meter.report(("runs inserted then updated, batch " + std::to_string(size)).c_str(), total);
  }

  void payloads(int total, int size, std::size_t bytes) {
    Meter meter;
    for (int done = 0; done < total; done += size) {
      Batch batch;
      for (int i = 0; i < size; ++i) {
        const std::string body = random_bytes(random_, bytes);
        batch.payloads.push_back({1, ProjectId(Uuid{2, 1}), hasher_.hash(body), body});
      }
      meter.call([&] { commit(batch); });
    }
    meter.report(("payloads of " + std::to_string(bytes) + " B, batch " + std::to_string(size))
                     .c_str(),
                 total);
  }

  void snapshots(int total, int size, std::size_t bytes) {
    const std::string body = random_bytes(random_, bytes);
    Meter meter;
    for (int done = 0; done < total; done += size) {
      Batch batch;
      for (int i = 0; i < size; ++i) {
        batch.snapshots.push_back({RunId(Uuid{random_.below(20'000), 7}), WorkspaceId(), pos_,
                                   {i % 3 == 0 ? 5'000'000 + i : 0}, i % 5 == 0, body});
      }
      meter.call([&] { commit(batch); });
    }
    meter.report(("snapshots of " + std::to_string(bytes) + " B").c_str(), total);
  }

  /// All the tables that the frames above filled.
  void retire() {
    TROUPE_ENSURE(writer().set_recovery_mark(pos_).ok());
    Meter meter;
    int pieces = 0;
    for (bool more = true; more; ++pieces) {
      meter.call([&] {
        const auto done = writer().retire_journal();
        TROUPE_ENSURE(done.ok());
        more = *done;
      });
      TROUPE_ENSURE(writer().checkpoint().ok());
    }
    meter.report("pieces of retire_journal", pieces);
  }

  void scan() {
    const auto reader = store_->open_reader();
    std::size_t count = 0;
    Meter meter;
    const auto visit = [&](Frame) { return ++count, true; };
    meter.call([&] {
      TROUPE_ENSURE(reader->scan_tail(cluster::all_slots(), visit).ok());
    });
    meter.report("frames read by scan_tail", static_cast<double>(count));
  }

  void list() {
    const auto reader = store_->open_reader();
    Meter meter;
    for (int i = 0; i < 2000; ++i) {
      meter.call([&] {
        const TenantScope scope{WorkspaceId(Uuid{1, 1}), ProjectId(Uuid{2, 1})};
        TROUPE_ENSURE(reader->runs(scope, {}, {50, ""}).ok());
      });
    }
    meter.report("pages of 50 runs", 2000);
  }

 private:
  std::string directory_;
  system::Blake2bHasher hasher_;
  std::unique_ptr<sqlite::SqliteStore> store_;
  Random random_{7};
  std::string body_ = random_bytes(random_, kFrameBytes);
  Pos pos_ = Pos{1} << 40;
};

}  // namespace

int main(int argc, char** argv) {
  const std::string directory = argc > 1 ? argv[1] : "/tmp/troupe-store-bench";
  const int frames = argc > 2 ? std::atoi(argv[2]) : 1'000'000;
  std::printf("SQLite %s, %s\n", sqlite3_libversion(), directory.c_str());
  for (const int batch : {500, 2000}) bare(directory, frames, batch);
  {
    Bench bench(directory);
    std::printf("%s\n", bench.store().info().settings.c_str());
    bench.frames(frames, 500);
    bench.frames(frames, 2000);
    bench.scan();
    bench.retire();
  }
  for (const int page : {4096, 8192}) {
    Bench bench(directory, page);
    std::printf("page size %d:\n", page);
    bench.frames(2000, 1);
    bench.frames(20'000, 10);
    bench.runs(100'000, 500);
    bench.runs(200'000, 2000);
    bench.list();
    bench.payloads(20'000, 200, 1500);
    bench.payloads(10'000, 100, 8000);
    bench.snapshots(20'000, 200, 2000);
  }
  system::SystemEntropy entropy;
  std::uint64_t sum = 0;
  Meter meter;
  meter.call([&] {
    for (int i = 0; i < 10'000'000; ++i) sum += entropy.next();
  });
  meter.report(sum == 0 ? "entropy (impossible)" : "words of entropy", 1e7);
  return 0;
}
