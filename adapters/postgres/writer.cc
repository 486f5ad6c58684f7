#include "adapters/postgres/writer.h"

#include <poll.h>

#include <algorithm>
#include <chrono>

#include "adapters/postgres/publication.h"
#include "adapters/postgres/schema.h"

namespace troupe::postgres {

using store::Batch;
using store::Pos;

namespace {

constexpr int kLookAgainMs = 100;
constexpr const char* kBackendStart = "(extract(epoch FROM backend_start)*1000000)::int8";

Error gone() { return {Code::kStaleEpoch, "This node has been declared gone.", {}}; }

}  // namespace

Writer::Writer(const Options& options, const Hasher& hasher, Life& life)
    : options_(options),
      hasher_(hasher),
      life_(life),
      db_(options_, Connection::Use::kWrite),
      journal_(db_, options_),
      rows_(db_, options_, hasher) {}

Result<std::unique_ptr<Writer>> Writer::open(const Options& options, const Hasher& hasher,
                                             Life& life) {
  if (Status good = check_name(options.schema); !good) return good.error();
  std::unique_ptr<Writer> writer(new Writer(options, hasher, life));
  using Clock = std::chrono::steady_clock;
  const auto give_up_at = Clock::now() + std::chrono::milliseconds(options.start_patience_ms);
  Status done = writer->connect();
  const auto is_over = [&] {
    return Clock::now() >= give_up_at || (options.start_is_over && options.start_is_over());
  };
  for (bool was_starting = false; !done && !is_over();) {
    const bool is_starting = Connection::server_is_starting(options);
    // Once more behind it: it has come up since.
    if (!is_starting && !was_starting) break;
    if (is_starting) ::poll(nullptr, 0, kLookAgainMs);  // it gives no signal of its own
    was_starting = is_starting;
    done = writer->connect();
  }
  if (!done) return done.error();
  return writer;
}

Status Writer::connect() {
  const store::NodeNumber node = life_.node;
  const bool was_open = db_.is_open();
  if (was_open && bound_ == node) return ok();
  Status done = was_open ? ok() : open_connection();
  if (done) done = bind(node);
  if (!done && done.error().code != Code::kStaleEpoch) db_.close();
  return done;
}

Status Writer::open_connection() {
  if (Status opened = db_.open(); !opened) return opened;
  if (Status strong = require_durable(db_); !strong) return strong;
  if (Status ended = end_earlier_backend(); !ended) return ended;
  const auto start = db_.query_integer("SELECT " + std::string(kBackendStart) +
                                       " FROM pg_stat_activity WHERE pid=pg_backend_pid()");
  if (!start) return start.error();
  backend_ = db_.backend();
  backend_start_ = *start;
  bound_ = 0;
  rows_.rolled_back();
  return migrate(db_, options_.schema);
}

Status Writer::end_earlier_backend() {
  // Its client is gone, but it may not have noticed, or not have read all that was sent to it: a
  // whole batch with its COMMIT, which would pass the fence.
  if (backend_ == 0) return ok();
  const auto left = db_.query("SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity WHERE "
                              "pid=$1 AND " + std::string(kBackendStart) + "=$2",
                              Parameters().integer(backend_).integer(backend_start_));
  if (!left) return left.error();
  const bool is_gone = left->rows() == 0 || left->integer_at(0, 0) != 0;
  if (is_gone) return ok();
  return Error{Code::kUnavailable, "The backend of a lost connection has not ended yet.", {}};
}

Status Writer::bind(store::NodeNumber node) {
  if (node == 0) return ok();
  // Who has to wait for this node finds here whom to end.
  const auto mark = db_.query("UPDATE nodes SET backend=$2, backend_start=$3 WHERE number=$1 AND "
                              "state<2 RETURNING recovery_mark",
                              Parameters().number(node).integer(backend_).integer(backend_start_));
  if (!mark) return mark.error();
  if (mark->rows() == 0) return gone();
  if (Status done = journal_.load(node); !done) return done;
  const auto published = db_.query_integer("SELECT mark FROM publications WHERE node=$1",
                                           Parameters().number(node));
  if (!published) return published.error();
  recovery_mark_ = mark->number_at(0, 0);
  publish_mark_ = static_cast<Pos>(*published);
  bound_ = node;
  rows_.count_for(node);
  return ok();
}

Status Writer::transact(const Connection::Body& body) {
  if (Status is = connect(); !is) return is;
  if (bound_ == 0) return Error{Code::kStaleEpoch, "This node has not joined the cluster.", {}};
  const Status done = db_.transact(body, bound_);
  if (done) {
    journal_.committed();
  } else {
    journal_.rolled_back();
    rows_.rolled_back();
  }
  return done;
}

Status Writer::commit(const Batch& batch) {
  Pos published = 0;
  const Status done = transact([&](std::vector<Request>& last) -> Status {
    published = publish_mark_;  // which a new connection reads anew
    for (const store::Frame& frame : batch.frames) published = std::min(published, frame.pos);
    if (published < publish_mark_) last.push_back(publish_mark_request(bound_, published));
    if (Status put = rows_.put(batch, last); !put) return put;
    return journal_.append(batch.frames, last);
  });
  if (done) {
    publish_mark_ = published;
    life_.recent.add(batch.frames);
  }
  // Rows replace each other; only a frame's address can be in the way.
  if (!done && done.error().code == Code::kConflict) {
    return Error{Code::kInternal, "A frame's address is taken.", {}};
  }
  return done;
}

Result<bool> Writer::landed(Pos last) {
  // Connecting has made sure that no earlier backend is there.
  if (Status is = connect(); !is) return is.error();
  db_.begin();
  // A member still: whoever declares it gone comes before this lock or after it. Of a life that has
  // ended, the journal may be in history already.
  const auto row = db_.query("SELECT 1 FROM nodes WHERE number=$1 AND state<2 FOR UPDATE",
                             Parameters().number(bound_));
  Result<bool> is = row ? Result<bool>(gone()) : Result<bool>(row.error());
  if (row && row->rows() > 0) is = journal_.contains(last);
  db_.roll_back();
  return is;
}

Result<std::uint64_t> Writer::next_epoch() {
  std::int64_t epoch = 0;
  const Status done = transact([&](std::vector<Request>&) -> Status {
    const auto next = db_.query_integer("SELECT nextval('epochs')");
    if (!next) return next.error();
    epoch = *next;
    return journal_.begin_epoch(static_cast<std::uint64_t>(epoch));
  });
  if (done) return static_cast<std::uint64_t>(epoch);
  Error error = done.error();
  // An epoch that nobody has heard of does no harm: the next one is greater.
  if (error.code == Code::kOutcomeUnknown) error.code = Code::kUnavailable;
  return error;
}

std::vector<Pos> Writer::journal_tables() const {
  std::vector<Pos> starts;
  for (const JournalTable& table : journal_.tables()) starts.push_back(table.start);
  return starts;
}

Status Writer::set_recovery_mark(Pos mark) {
  if (mark <= recovery_mark_) return ok();
  const Status done = transact([&](std::vector<Request>& last) {
    last.push_back({"UPDATE nodes SET recovery_mark=$2 WHERE number=$1",
                    Parameters().number(bound_).number(mark)});
    return ok();
  });
  if (done) recovery_mark_ = mark;
  return done;
}

std::string Writer::settings() { return describe_settings(db_); }

std::string Writer::server_version() const {
  return version_text(db_.server_version());
}

}  // namespace troupe::postgres
