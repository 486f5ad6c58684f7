#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "adapters/postgres/connection.h"
#include "adapters/postgres/journal.h"
#include "adapters/postgres/row_requests.h"
#include "runtime/port/move.h"

namespace troupe::postgres {

/// Makes a schema the new place of a store. What is moved looks afterwards like the work of a node
/// that is gone: its journal is a tail of every slot, so that whoever acquires one recovers from
/// there, and what is to be published of it is left to who claims it. A lock of the session keeps
/// other moves away and shows, after a lost connection, when its backend has ended. Pieces are not
/// flushed one by one; the last commit flushes them all.
class Importer final : public store::Import {
 public:
  /// Reaches nobody yet. kConfigInvalid: the schema's name.
  static Result<std::unique_ptr<Importer>> open(const Options& options, const Hasher& hasher);

  Status check() override;
  Status begin(std::uint64_t move, const store::JournalBounds& bounds) override;
  Status put(const store::Piece& piece) override;
  Status finish() override;
  Result<bool> holds(std::uint64_t move) override;

 private:
  Importer(const Options& options, const Hasher& hasher);

  /// What is at the place where the store is to be.
  enum class Found { kNothing, kEmpty, kPart, kStore };
  Status connect();
  Result<Found> look();
  Result<bool> is_empty();
  Status mark(std::uint64_t move);
  Status transact(const Connection::Body& body);
  using Bodies = std::deque<std::string>;  ///< what requests refer to
  Status put_catalog(const store::Piece& piece, Bodies& bodies, std::vector<Request>& last);
  Status put_history(const store::Piece& piece, std::vector<Request>& last);
  Status put_frames(const std::vector<store::Frame>& frames, std::vector<Request>& last);

  const Options options_;
  const Hasher& hasher_;
  Connection db_;
  RowRequests rows_;
  Journal journal_;
  std::uint64_t move_ = 0;
  store::JournalBounds bounds_;
  store::NodeNumber node_ = 0;  ///< whose journal the moved one is
};

}  // namespace troupe::postgres
