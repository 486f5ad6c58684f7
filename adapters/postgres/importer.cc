#include "adapters/postgres/importer.h"

#include <algorithm>

#include "adapters/postgres/audit_rows.h"
#include "adapters/postgres/document_rows.h"
#include "adapters/postgres/history.h"
#include "adapters/postgres/publication.h"
#include "adapters/postgres/schema.h"
#include "runtime/journal/row_codec.h"

namespace troupe::postgres {

using store::Frame;
using store::Pos;

namespace {

Error conflict(std::string message) { return {Code::kConflict, std::move(message), {}}; }

std::uint64_t epoch_of(Pos pos) { return pos >> store::kEpochShift; }

}  // namespace

Importer::Importer(const Options& options, const Hasher& hasher)
    : options_(options),
      hasher_(hasher),
      db_(options_, Connection::Use::kWrite),
      rows_(db_, options_, hasher),
      journal_(db_, options_) {}

Result<std::unique_ptr<Importer>> Importer::open(const Options& options, const Hasher& hasher) {
  if (Status good = check_name(options.schema); !good) return good.error();
  return std::unique_ptr<Importer>(new Importer(options, hasher));
}

Status Importer::connect() {
  if (db_.is_open()) return ok();
  if (Status opened = db_.open(); !opened) return opened;
  Status strong = require_durable(db_);
  if (strong) {
    // Waits a moment: the backend of a lost connection may be about to end.
    strong = db_.run("SELECT pg_advisory_lock(hashtextextended('troupe moving " +
                     options_.schema + "', 0))");
    if (!strong && db_.is_open()) {
      strong = conflict("Another move into the schema " + options_.schema + " is under way.");
    }
  }
  if (!strong) db_.close();
  return strong;
}

Result<bool> Importer::is_empty() {
  const auto rows = db_.query_integer(
      "SELECT (SELECT count(*) FROM nodes) + (SELECT count(*) FROM workspaces) + "
      "(SELECT count(*) FROM runs)");
  if (!rows) return rows.error();
  return *rows == 0;
}

Result<Importer::Found> Importer::look() {
  const auto tables = db_.query_integer(
      "SELECT count(*) FROM pg_class WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE "
      "nspname = '" + options_.schema + "')");
  if (!tables) return tables.error();
  if (*tables == 0) return Found::kNothing;
  const auto ours = db_.query_integer("SELECT count(*) FROM pg_tables WHERE schemaname = '" +
                                      options_.schema + "' AND tablename IN ('meta', 'nodes')");
  if (!ours) return ours.error();
  if (*ours != 2) return Found::kStore;
  const auto moving = read_meta(db_, "moving");
  if (!moving) return moving.error();
  if (*moving != 0) return Found::kPart;
  const auto empty = is_empty();
  if (!empty) return empty.error();
  return *empty ? Found::kEmpty : Found::kStore;
}

Status Importer::check() {
  if (Status is = connect(); !is) return is;
  const auto found = look();
  if (!found) return found.error();
  if (*found != Found::kStore) return ok();
  return conflict("The schema " + options_.schema +
                  " holds something already; a store can only be moved into a new one.");
}

Status Importer::begin(std::uint64_t move, const store::JournalBounds& bounds) {
  if (Status fits = check(); !fits) return fits;
  const auto found = look();
  if (!found) return found.error();
  // No node has ever joined what is there: it is only what an interrupted move has left.
  const bool is_part = *found == Found::kPart;
  if (is_part) {
    if (Status gone = db_.execute("DROP SCHEMA \"" + options_.schema + "\" CASCADE"); !gone) {
      return gone;
    }
  }
  if (Status made = migrate(db_, options_.schema); !made) return made;
  move_ = move;
  bounds_ = bounds;
  if (Status marked = mark(move); !marked) return marked;
  if (Status quick = db_.execute("SET synchronous_commit TO off"); !quick) return quick;
  return journal_.load(node_);
}

Status Importer::mark(std::uint64_t move) {
  return transact([&](std::vector<Request>& last) -> Status {
    // Whoever joins stands in line behind this row, and looks for the mark.
    const auto line = db_.query("SELECT 1 FROM cluster FOR UPDATE");
    if (!line) return line.error();
    const auto empty = is_empty();
    if (!empty) return empty.error();
    if (!*empty) return conflict("A node has begun to use the schema " + options_.schema + ".");
    const auto number = db_.query_integer("SELECT nextval('node_numbers')");
    if (!number) return number.error();
    node_ = static_cast<store::NodeNumber>(*number);
    last.push_back(write_meta("moving", static_cast<std::int64_t>(move)));
    return ok();
  });
}

Status Importer::transact(const Connection::Body& body) {
  if (!db_.is_open()) return Error{Code::kUnavailable, "The connection has been lost.", {}};
  const Status done = db_.transact(body);
  if (done) {
    journal_.committed();
  } else {
    journal_.rolled_back();
    rows_.rolled_back();
  }
  return done;
}

Status Importer::put(const store::Piece& piece) {
  Bodies bodies;
  const Status done = transact([&](std::vector<Request>& last) -> Status {
    if (Status put = put_catalog(piece, bodies, last); !put) return put;
    if (Status put = rows_.put(piece.batch, last); !put) return put;
    if (Status put = rows_.put_tallies(piece.tallies, last); !put) return put;
    if (Status put = put_history(piece, last); !put) return put;
    return put_frames(piece.batch.frames, last);
  });
  // The next attempt begins anew, so it does not matter whether this piece has come to be.
  if (done || done.error().code != Code::kOutcomeUnknown) return done;
  return Error{Code::kUnavailable, done.error().message, {}};
}

Status Importer::put_catalog(const store::Piece& piece, Bodies& bodies,
                             std::vector<Request>& last) {
  const auto body_of = [&](const auto& row) -> std::string_view {
    return bodies.emplace_back(store::encode(hasher_, row));
  };
  for (const store::Workspace& row : piece.workspaces) last.push_back(insert(row, body_of(row)));
  for (const store::Project& row : piece.projects) last.push_back(insert(row, body_of(row)));
  for (const store::Workflow& row : piece.workflows) {
    const auto scope = rows_.scope_of(row.workspace, row.project);
    if (!scope) return scope.error();
    last.push_back(insert(row, *scope, body_of(row)));
  }
  for (const store::Version& row : piece.versions) last.push_back(insert(row, body_of(row)));
  if (!piece.documents.empty()) last.push_back(insert_documents(hasher_, piece.documents));
  write_audit(hasher_, piece.audit, last);
  return ok();
}

Status Importer::put_history(const store::Piece& piece, std::vector<Request>& last) {
  if (piece.history.empty()) return ok();
  Chunks chunks;
  for (const store::HistoryChunk& chunk : piece.history) {
    if (Status made = rows_.ensure_bucket(chunk.bucket); !made) return made;
    std::vector<const Frame*> frames;
    for (const Frame& frame : chunk.frames) frames.push_back(&frame);
    chunks.add(hasher_, chunk.bucket, chunk.entity, frames);
  }
  last.push_back(std::move(chunks).insert());
  return ok();
}

Status Importer::put_frames(const std::vector<Frame>& frames, std::vector<Request>& last) {
  for (auto from = frames.begin(); from != frames.end();) {
    const std::uint64_t epoch = epoch_of(from->pos);
    const auto end = std::find_if(from, frames.end(), [epoch](const Frame& frame) {
      return epoch_of(frame.pos) != epoch;
    });
    const auto& tables = journal_.tables();
    if (tables.empty() || epoch_of(tables.back().start) != epoch) {
      // A table says where history ends, so the first one begins where the journal did.
      const Pos start = std::max(bounds_.start, static_cast<Pos>(epoch) << store::kEpochShift);
      if (Status begun = journal_.begin_table(start); !begun) return begun;
    }
    if (Status put = journal_.append({from, end}, last); !put) return put;
    bounds_.epoch = std::max(bounds_.epoch, epoch);
    from = end;
  }
  return ok();
}

Status Importer::finish() {
  // Plans for what has just come, before the server has looked by itself.
  const Status looked = db_.execute(
      "ANALYZE runs, snapshots, tasks, waiters, workflows, payloads, history, documents, audit;"
      "SET synchronous_commit TO on");
  if (!looked) return looked;
  const Status done = transact([&](std::vector<Request>& last) {
    if (!journal_.tables().empty()) {
      last.push_back({"INSERT INTO nodes(number, name, address, state, lease, lease_until, "
                      "recovery_mark) VALUES($1, 'moved', '', 2, interval '0', "
                      "clock_timestamp(), $2)",
                      Parameters().number(node_).number(bounds_.recovery_mark)});
      last.push_back({"UPDATE slots SET tails=ARRAY[$1]::int8[]", Parameters().number(node_)});
      if (bounds_.publish_mark != 0) {
        last.push_back(publish_mark_request(node_, bounds_.publish_mark));
      }
    }
    if (bounds_.epoch > 0) {
      last.push_back({"SELECT setval('epochs', $1)", Parameters().number(bounds_.epoch)});
    }
    last.push_back({"UPDATE cluster SET version=version+1", {}});
    last.push_back({"DELETE FROM meta WHERE key='moving'", {}});
    last.push_back(write_meta("moved", static_cast<std::int64_t>(move_)));
    return ok();
  });
  if (done || done.error().code != Code::kOutcomeUnknown) return done;
  const auto landed = holds(move_);
  if (!landed) return done;
  if (*landed) return ok();
  return Error{Code::kUnavailable, done.error().message, {}};
}

Result<bool> Importer::holds(std::uint64_t move) {
  if (Status is = connect(); !is) return is.error();
  const auto found = look();
  if (!found) return found.error();
  if (*found != Found::kStore && *found != Found::kEmpty) return false;
  const auto moved = read_meta(db_, "moved");
  if (!moved) return moved.error();
  return static_cast<std::uint64_t>(*moved) == move;
}

}  // namespace troupe::postgres
