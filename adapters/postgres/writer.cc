#include "adapters/postgres/writer.h"

#include "adapters/postgres/schema.h"

namespace troupe::postgres {

using store::Batch;
using store::Pos;

Writer::Writer(const Options& options, const Hasher& hasher)
    : options_(options),
      hasher_(hasher),
      db_(options_, Connection::Use::kWrite),
      journal_(db_, options_),
      scopes_(db_) {}

Result<std::unique_ptr<Writer>> Writer::open(const Options& options, const Hasher& hasher) {
  if (Status good = check_name(options.schema); !good) return good.error();
  std::unique_ptr<Writer> writer(new Writer(options, hasher));
  if (Status done = writer->connect(); !done) return done.error();
  return writer;
}

Status Writer::connect() {
  if (db_.is_open()) return ok();
  if (Status opened = db_.open(); !opened) return opened;
  const Status taken = take_over();
  if (!taken) db_.close();
  return taken;
}

Status Writer::take_over() {
  if (Status strong = require_durable(db_); !strong) return strong;
  constexpr const char* kBackendStart = "(extract(epoch FROM backend_start)*1000000)::int8";
  if (backend_ != 0) {
    // Its client is gone, but it may not have noticed. Should it be out of our reach, the lock
    // below decides.
    static_cast<void>(db_.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
                              "pid=$1 AND " + std::string(kBackendStart) + "=$2",
                              Parameters().integer(backend_).integer(backend_start_)).ok());
  }
  const auto start = db_.query_integer("SELECT " + std::string(kBackendStart) +
                                       " FROM pg_stat_activity WHERE pid=pg_backend_pid()");
  if (!start) return start.error();
  backend_ = db_.backend();
  backend_start_ = *start;
  const Status patient =
      db_.execute("SET lock_timeout TO " + std::to_string(options_.writer_wait_ms));
  if (!patient) return patient;
  Status locked = db_.run("SELECT pg_advisory_lock(hashtextextended('troupe writer " +
                          options_.schema + "', 0))");
  if (!locked && db_.is_open() && locked.error().code == Code::kUnavailable) {
    locked.error().message = "Another writer holds the schema " + options_.schema + ".";
  }
  if (!locked) return locked;
  if (Status done = migrate(db_, options_.schema); !done) return done;
  scopes_.rolled_back();
  buckets_.clear();
  if (Status done = journal_.load(); !done) return done;
  const auto mark = read_meta(db_, "recovery_mark");
  if (!mark) return mark.error();
  recovery_mark_ = static_cast<Pos>(*mark);
  return ok();
}

Status Writer::transact(const std::function<Status(std::vector<Request>& last)>& body) {
  if (Status is = connect(); !is) return is;
  db_.begin();
  std::vector<Request> last;
  Status done = body(last);
  if (done) done = db_.commit(last);
  if (done) {
    journal_.committed();
    return done;
  }
  db_.roll_back();
  journal_.rolled_back();
  scopes_.rolled_back();
  buckets_.clear();
  return done;
}

Status Writer::commit(const Batch& batch) {
  const Status done = transact([&](std::vector<Request>& last) -> Status {
    if (Status put = put_runs(batch.runs, last); !put) return put;
    put_snapshots(batch, last);
    if (Status put = put_payloads(batch.payloads, last); !put) return put;
    if (Status put = put_tasks(batch.tasks, last); !put) return put;
    if (Status put = put_waiters(batch.waiters, last); !put) return put;
    return journal_.append(batch.frames, last);
  });
  // Rows replace each other; only a frame's address can be in the way.
  if (!done && done.error().code == Code::kConflict) {
    return Error{Code::kInternal, "A frame's address is taken.", {}};
  }
  return done;
}

Result<bool> Writer::landed(Pos last) {
  if (Status is = connect(); !is) return is.error();
  return journal_.contains(last);
}

Result<std::uint64_t> Writer::next_epoch() {
  std::int64_t epoch = 0;
  const Status done = transact([&](std::vector<Request>& last) -> Status {
    const auto before = read_meta(db_, "epoch");
    if (!before) return before.error();
    epoch = *before + 1;
    last.push_back(write_meta("epoch", epoch));
    return ok();
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
  const Status done = transact([&](std::vector<Request>& last) {
    last.push_back(write_meta("recovery_mark", static_cast<std::int64_t>(mark)));
    return ok();
  });
  if (done) recovery_mark_ = mark;
  return done;
}

std::string Writer::settings() { return describe_settings(db_); }

std::string Writer::server_version() const {
  constexpr int kMajor = 10'000;
  const int version = db_.server_version();
  return std::to_string(version / kMajor) + "." + std::to_string(version % kMajor);
}

}  // namespace troupe::postgres
