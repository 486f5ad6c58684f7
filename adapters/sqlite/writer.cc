#include "adapters/sqlite/writer.h"

#include <algorithm>

#include "adapters/sqlite/schema.h"
#include "adapters/sqlite/stored_file.h"
#include "adapters/sqlite/wal_damage.h"

namespace troupe::sqlite {

using store::Batch;
using store::Pos;

namespace {

constexpr int kWalFrameHeaderBytes = 24;

Error lost() {
  return {Code::kUnavailable,
          "The disk has failed under the store; the process must be started again.",
          {}};
}

bool is_io_error(int extended_code) { return (extended_code & 0xFF) == SQLITE_IOERR; }

}  // namespace

Writer::Writer(std::unique_ptr<Database> db, const Options& options, const Hasher& hasher)
    : db_(std::move(db)),
      options_(options),
      hasher_(hasher),
      journal_(*db_, options.journal_table_bytes),
      scopes_(*db_) {}

Result<std::unique_ptr<Writer>> Writer::open(const Options& options, const Hasher& hasher) {
  if (Status intact = check_wal(options.path); !intact) return intact.error();
  if (Status ready = make_file_ready(options.path); !ready) return ready.error();
  auto db = Database::open(options.path, Database::Mode::kWrite, options.vfs, options.log);
  if (!db) return db.error();
  std::unique_ptr<Writer> writer(new Writer(*std::move(db), options, hasher));
  if (Status done = configure_writer(*writer->db_, options); !done) return done.error();
  sqlite3_wal_hook(writer->db_->handle(), &Writer::on_wal_grown, writer.get());
  if (Status done = migrate(*writer->db_); !done) return done.error();
  if (Status done = writer->journal_.load(); !done) return done.error();
  const auto mark = read_meta(*writer->db_, "recovery_mark");
  if (!mark) return mark.error();
  writer->recovery_mark_ = static_cast<Pos>(*mark);
  const auto published = read_meta(*writer->db_, "publish_mark");
  if (!published) return published.error();
  writer->publish_mark_ = static_cast<Pos>(*published);
  const auto page = writer->db_->query_integer("PRAGMA page_size");
  if (!page) return page.error();
  writer->page_bytes_ = *page;
  writer->checkpoint_at_ = static_cast<int>(options.checkpoint_bytes / *page);
  return writer;
}

Writer::~Writer() {
  if (lost_) return;
  // So that the file alone is complete after an orderly end. The WAL is emptied as well: a byte
  // flipped in a frame left behind would end it there, and the older frames before that place would
  // hide newer pages of the file. If it fails, the WAL has everything.
  sqlite3_wal_checkpoint_v2(db_->handle(), nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
}

int Writer::on_wal_grown(void* self, sqlite3*, const char*, int frames) {
  auto& writer = *static_cast<Writer*>(self);
  if (frames < writer.wal_frames_) {  // the WAL began anew
    writer.wal_frames_ = 0;
    writer.checkpoint_at_ =
        static_cast<int>(writer.options_.checkpoint_bytes / std::max<std::int64_t>(
                                                                writer.page_bytes_, 512));
  }
  const auto grown = static_cast<std::uint64_t>(frames - writer.wal_frames_);
  writer.wal_frames_ = frames;
  writer.wal_bytes_.fetch_add(
      grown * static_cast<std::uint64_t>(writer.page_bytes_ + kWalFrameHeaderBytes),
      std::memory_order_relaxed);
  return SQLITE_OK;
}

Status Writer::transact(const std::function<Status()>& body) {
  if (lost_) return lost();
  if (Status begun = db_->prepare("BEGIN IMMEDIATE").run(); !begun) return begun;
  const Status done = body();
  if (!done) {
    roll_back();
    return done;
  }
  return commit_transaction();
}

Status Writer::commit_transaction() {
  const Status committed = db_->prepare("COMMIT").run();
  if (committed) {
    journal_.committed();
    return ok();
  }
  const int code = sqlite3_extended_errcode(db_->handle());
  roll_back();
  if (!is_io_error(code)) return committed;
  // The frames may be on the disk or not, and the next fsync may say yes without having written
  // them.
  lost_ = true;
  return Error{Code::kOutcomeUnknown, committed.error().message, {}};
}

void Writer::roll_back() {
  if (sqlite3_get_autocommit(db_->handle()) == 0 && !db_->prepare("ROLLBACK").run()) lost_ = true;
  journal_.rolled_back();
  scopes_.rolled_back();
  buckets_.clear();
}

Status Writer::commit(const Batch& batch) {
  Pos published = publish_mark_;
  for (const store::Frame& frame : batch.frames) published = std::min(published, frame.pos);
  const Status done = transact([&]() -> Status {
    if (published < publish_mark_) {
      const Status set = write_meta(*db_, "publish_mark", static_cast<std::int64_t>(published));
      if (!set) return set;
    }
    if (Status done = journal_.append(batch.frames); !done) return done;
    if (Status done = put_runs(batch.runs); !done) return done;
    if (Status done = put_snapshots(batch); !done) return done;
    if (Status done = put_payloads(batch.payloads); !done) return done;
    if (Status done = put_tasks(batch.tasks); !done) return done;
    return put_waiters(batch.waiters);
  });
  if (done) publish_mark_ = published;
  return done;
}

Result<bool> Writer::landed(Pos last) {
  // Only a new process can tell: this one's view was fixed before the failed fsync.
  if (lost_) return lost();
  return journal_.contains(last);
}

Result<std::uint64_t> Writer::next_epoch() {
  std::int64_t epoch = 0;
  const Status done = transact([&]() -> Status {
    const auto last = read_meta(*db_, "epoch");
    if (!last) return last.error();
    epoch = *last + 1;
    return write_meta(*db_, "epoch", epoch);
  });
  if (!done) return done.error();
  return static_cast<std::uint64_t>(epoch);
}

std::vector<Pos> Writer::journal_tables() const {
  std::vector<Pos> starts;
  for (const JournalTable& table : journal_.tables()) starts.push_back(table.start);
  return starts;
}

Status Writer::set_recovery_mark(Pos mark) {
  if (mark <= recovery_mark_) return ok();
  const Status done = transact(
      [&] { return write_meta(*db_, "recovery_mark", static_cast<std::int64_t>(mark)); });
  if (done) recovery_mark_ = mark;
  return done;
}

Status Writer::set_publish_mark(Pos mark) {
  if (mark == publish_mark_) return ok();
  const Status done = transact(
      [&] { return write_meta(*db_, "publish_mark", static_cast<std::int64_t>(mark)); });
  if (done) publish_mark_ = mark;
  return done;
}

void Writer::rest() {
  if (!lost_) sqlite3_db_release_memory(db_->handle());
}

Status Writer::checkpoint() {
  if (lost_) return lost();
  if (wal_frames_ < checkpoint_at_) return ok();
  const auto wal_bytes = static_cast<std::size_t>(wal_frames_) *
                         static_cast<std::size_t>(page_bytes_ + kWalFrameHeaderBytes);
  const int mode = wal_bytes > options_.wal_bytes_max ? SQLITE_CHECKPOINT_RESTART
                                                      : SQLITE_CHECKPOINT_PASSIVE;
  const int code = sqlite3_wal_checkpoint_v2(db_->handle(), nullptr, mode, nullptr, nullptr);
  checkpoint_at_ = wal_frames_ + static_cast<int>(options_.checkpoint_bytes /
                                                  static_cast<std::size_t>(page_bytes_));
  // Busy: readers still need the WAL, and the next piece will get further.
  if (code == SQLITE_OK || (code & 0xFF) == SQLITE_BUSY) return ok();
  const Error error = error_of(code, "a checkpoint", sqlite3_errmsg(db_->handle()),
                               sqlite3_system_errno(db_->handle()));
  // The database file may lack pages that the WAL is about to give up.
  if (is_io_error(code)) lost_ = true;
  return error;
}

std::string Writer::settings() { return describe_settings(*db_); }

}  // namespace troupe::sqlite
