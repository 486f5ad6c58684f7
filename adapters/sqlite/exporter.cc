#include "adapters/sqlite/exporter.h"

#include "adapters/sqlite/history.h"
#include "adapters/sqlite/journal.h"
#include "adapters/sqlite/schema.h"
#include "runtime/journal/row_codec.h"

namespace troupe::sqlite {

using namespace store;

Result<std::unique_ptr<Exporter>> Exporter::open(const Options& options, const Hasher& hasher) {
  auto writer = Writer::open(options, hasher);
  if (!writer) return writer.error();
  auto db = Database::open(options.path, Database::Mode::kRead, options.vfs, options.log);
  if (!db) return db.error();
  if (Status done = configure_reader(**db, options); !done) return done.error();
  std::unique_ptr<Exporter> exporter(
      new Exporter(*std::move(writer), *std::move(db), hasher));
  if (Status found = exporter->find_sources(); !found) return found.error();
  return exporter;
}

Status Exporter::find_sources() {
  sources_ = {{"SELECT body FROM workspaces ORDER BY id", &Exporter::take_workspace},
              {"SELECT body FROM projects ORDER BY id", &Exporter::take_project},
              {"SELECT body FROM workflows ORDER BY n", &Exporter::take_workflow},
              {"SELECT body FROM versions ORDER BY n", &Exporter::take_version},
              {"SELECT body FROM documents ORDER BY kind, id", &Exporter::take_document},
              {"SELECT body FROM audit ORDER BY workspace, n", &Exporter::take_audit},
              {"SELECT body FROM runs ORDER BY id", &Exporter::take_run},
              {"SELECT body FROM snapshots ORDER BY entity", &Exporter::take_snapshot},
              {"SELECT body FROM tasks ORDER BY id", &Exporter::take_task},
              {"SELECT body FROM waiters ORDER BY run, step", &Exporter::take_waiter},
              {"SELECT s.workspace, s.project, t.workflow, t.hour, t.kind, t.runs, t.steps, t.ms "
               "FROM tallies AS t JOIN scopes AS s ON s.n=t.scope ORDER BY t.scope, t.hour",
               &Exporter::take_tally}};
  Statement buckets = db_->prepare("SELECT bucket FROM buckets ORDER BY bucket");
  for (;;) {
    const Result<bool> row = buckets.step();
    if (!row) return row.error();
    if (!*row) break;
    const auto bucket = static_cast<std::uint32_t>(buckets.integer_at(0));
    sources_.push_back({"SELECT hash, project, bytes FROM " + payload_table(bucket) +
                            " ORDER BY n",
                        &Exporter::take_payload, bucket});
    sources_.push_back({"SELECT entity, first_pos, last_pos, bytes FROM " +
                            history_table(bucket) + " ORDER BY entity, first_pos",
                        &Exporter::take_chunk, bucket});
  }
  const auto tables = read_journal_tables(*db_);
  if (!tables) return tables.error();
  for (const JournalTable& table : *tables) {
    sources_.push_back({"SELECT pos, entity, slot, bytes FROM " + journal_table(table.number) +
                            " ORDER BY pos",
                        &Exporter::take_frame});
  }
  return ok();
}

Result<JournalBounds> Exporter::bounds() {
  const auto tables = read_journal_tables(*db_);
  if (!tables) return tables.error();
  if (tables->empty()) return corrupt("the store names no journal table");
  const auto mark = read_meta(*db_, "recovery_mark");
  if (!mark) return mark.error();
  const auto epoch = read_meta(*db_, "epoch");
  if (!epoch) return epoch.error();
  return JournalBounds{tables->front().start, static_cast<Pos>(*mark),
                       static_cast<std::uint64_t>(*epoch), writer_->publish_mark()};
}

Result<std::optional<Piece>> Exporter::next(std::size_t bytes_max) {
  Piece piece;
  bool is_empty = true;
  while (at_ < sources_.size() && (is_empty || piece.bytes < bytes_max)) {
    const Source& source = sources_[at_];
    if (!rows_) rows_ = std::make_unique<Statement>(db_->prepare(source.sql));
    const Result<bool> row = rows_->step();
    if (!row) return row.error();
    if (!*row) {
      rows_.reset();
      ++at_;
      continue;
    }
    if (Status taken = (this->*source.take)(*rows_, source.bucket, piece); !taken) {
      return taken.error();
    }
    is_empty = false;
  }
  if (is_empty) return std::optional<Piece>();
  return std::optional<Piece>(std::move(piece));
}

template <class Row>
Status Exporter::take(const Statement& row, std::vector<Row>& rows, Piece& piece) {
  const std::string_view body = row.blob_at(0);
  auto decoded = decode<Row>(hasher_, body);
  if (!decoded) return decoded.error();
  rows.push_back(*std::move(decoded));
  piece.bytes += body.size();
  return ok();
}

Status Exporter::take_workspace(const Statement& row, std::uint32_t, Piece& piece) {
  return take(row, piece.workspaces, piece);
}
Status Exporter::take_project(const Statement& row, std::uint32_t, Piece& piece) {
  return take(row, piece.projects, piece);
}
Status Exporter::take_workflow(const Statement& row, std::uint32_t, Piece& piece) {
  return take(row, piece.workflows, piece);
}
Status Exporter::take_version(const Statement& row, std::uint32_t, Piece& piece) {
  return take(row, piece.versions, piece);
}
Status Exporter::take_document(const Statement& row, std::uint32_t, Piece& piece) {
  return take(row, piece.documents, piece);
}
Status Exporter::take_audit(const Statement& row, std::uint32_t, Piece& piece) {
  return take(row, piece.audit, piece);
}
Status Exporter::take_run(const Statement& row, std::uint32_t, Piece& piece) {
  return take(row, piece.batch.runs, piece);
}
Status Exporter::take_snapshot(const Statement& row, std::uint32_t, Piece& piece) {
  return take(row, piece.batch.snapshots, piece);
}
Status Exporter::take_task(const Statement& row, std::uint32_t, Piece& piece) {
  return take(row, piece.batch.tasks, piece);
}
Status Exporter::take_waiter(const Statement& row, std::uint32_t, Piece& piece) {
  return take(row, piece.batch.waiters, piece);
}

Status Exporter::take_tally(const Statement& row, std::uint32_t, Piece& piece) {
  const Tally tally{WorkflowId(row.id_at(2)), row.integer_at(3),
                    static_cast<std::uint32_t>(row.integer_at(4)), row.number_at(5),
                    row.number_at(6), row.number_at(7)};
  piece.tallies.push_back({WorkspaceId(row.id_at(0)), ProjectId(row.id_at(1)), tally});
  piece.bytes += sizeof tally;
  return ok();
}

Status Exporter::take_payload(const Statement& row, std::uint32_t bucket, Piece& piece) {
  Payload payload;
  payload.bucket = bucket;
  payload.project = ProjectId(row.id_at(1));
  payload.bytes = row.blob_at(2);
  payload.hash = hasher_.hash(payload.bytes);
  const std::string_view hash = row.blob_at(0);
  if (hash != std::string_view(reinterpret_cast<const char*>(payload.hash.data()),
                               payload.hash.size())) {
    return corrupt("a payload does not have its hash");
  }
  piece.bytes += payload.bytes.size();
  piece.batch.payloads.push_back(std::move(payload));
  return ok();
}

Status Exporter::take_chunk(const Statement& row, std::uint32_t bucket, Piece& piece) {
  HistoryChunk chunk;
  chunk.bucket = bucket;
  chunk.entity = RunId(row.id_at(0));
  const PieceKey key{chunk.entity, row.number_at(1), row.number_at(2)};
  auto frames = decode_chunk(key, row.blob_at(3));
  if (!frames) return frames.error();
  chunk.frames = *std::move(frames);
  for (const Frame& frame : chunk.frames) piece.bytes += frame.bytes.size();
  piece.history.push_back(std::move(chunk));
  return ok();
}

Status Exporter::take_frame(const Statement& row, std::uint32_t, Piece& piece) {
  piece.batch.frames.push_back(frame_at(row));
  piece.bytes += piece.batch.frames.back().bytes.size();
  return ok();
}

}  // namespace troupe::sqlite
