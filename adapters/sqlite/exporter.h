#pragma once

#include <memory>
#include <string>
#include <vector>

#include "adapters/sqlite/database.h"
#include "adapters/sqlite/options.h"
#include "adapters/sqlite/writer.h"
#include "runtime/port/move.h"

namespace troupe::sqlite {

/// Reads a whole file, table by table. The caller holds the data directory. Opening it is opening
/// the store: the WAL is checked, and an older schema brought forward.
class Exporter final : public store::Export {
 public:
  /// As SqliteStore::open.
  static Result<std::unique_ptr<Exporter>> open(const Options& options, const Hasher& hasher);

  Result<store::JournalBounds> bounds() override;
  Result<std::optional<store::Piece>> next(std::size_t bytes_max) override;

 private:
  /// One table, and how its rows come into a piece.
  struct Source {
    using Take = Status (Exporter::*)(const Statement& row, std::uint32_t bucket,
                                      store::Piece& piece);
    std::string sql;
    Take take;
    std::uint32_t bucket = 0;
  };
  Exporter(std::unique_ptr<Writer> writer, std::unique_ptr<Database> db, const Hasher& hasher)
      : writer_(std::move(writer)), db_(std::move(db)), hasher_(hasher) {}

  Status find_sources();
  template <class Row>
  Status take(const Statement& row, std::vector<Row>& rows, store::Piece& piece);
  Status take_workspace(const Statement& row, std::uint32_t bucket, store::Piece& piece);
  Status take_project(const Statement& row, std::uint32_t bucket, store::Piece& piece);
  Status take_workflow(const Statement& row, std::uint32_t bucket, store::Piece& piece);
  Status take_version(const Statement& row, std::uint32_t bucket, store::Piece& piece);
  Status take_document(const Statement& row, std::uint32_t bucket, store::Piece& piece);
  Status take_audit(const Statement& row, std::uint32_t bucket, store::Piece& piece);
  Status take_run(const Statement& row, std::uint32_t bucket, store::Piece& piece);
  Status take_snapshot(const Statement& row, std::uint32_t bucket, store::Piece& piece);
  Status take_task(const Statement& row, std::uint32_t bucket, store::Piece& piece);
  Status take_waiter(const Statement& row, std::uint32_t bucket, store::Piece& piece);
  Status take_tally(const Statement& row, std::uint32_t bucket, store::Piece& piece);
  Status take_payload(const Statement& row, std::uint32_t bucket, store::Piece& piece);
  Status take_chunk(const Statement& row, std::uint32_t bucket, store::Piece& piece);
  Status take_frame(const Statement& row, std::uint32_t bucket, store::Piece& piece);

  std::unique_ptr<Writer> writer_;  ///< only opened: it makes the file ready
  std::unique_ptr<Database> db_;
  const Hasher& hasher_;
  std::vector<Source> sources_;
  std::size_t at_ = 0;              ///< the source being read
  std::unique_ptr<Statement> rows_;  ///< of it
};

}  // namespace troupe::sqlite
