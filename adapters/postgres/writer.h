#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "adapters/postgres/connection.h"
#include "adapters/postgres/journal.h"
#include "adapters/postgres/life.h"
#include "adapters/postgres/options.h"
#include "adapters/postgres/row_requests.h"
#include "runtime/port/store.h"

namespace troupe::postgres {

/// All changes of one node, over one connection, beside those of other nodes. Owned by
/// PostgresStore, used on the writer thread. Every transaction begins with the fence, which refuses
/// a node that has been declared gone and holds back who would declare it. A lost connection is
/// opened anew by the next call, which fails with kUnavailable where it cannot, or where the lost
/// one's backend, with a COMMIT perhaps, is not gone yet; the caller says how often to try.
class Writer final : public store::Writer {
 public:
  static Result<std::unique_ptr<Writer>> open(const Options& options, const Hasher& hasher,
                                              Life& life);

  Status commit(const store::Batch& batch) override;
  Result<bool> landed(store::Pos last) override;
  bool can_resolve() const override { return true; }
  Result<std::uint64_t> next_epoch() override;
  std::vector<store::Pos> journal_tables() const override;
  Status set_recovery_mark(store::Pos mark) override;
  Status set_publish_mark(store::Pos mark) override;
  store::Pos publish_mark() const override { return publish_mark_; }
  Result<std::vector<store::Unpublished>> claim_unpublished() override;
  Status set_publish_mark_of(store::NodeNumber node, store::Pos mark) override;
  Result<bool> retire_journal() override;
  Result<bool> expire(TimePoint now) override;
  /// The server's own business.
  Status checkpoint() override { return ok(); }

  Result<store::Workspace> create_workspace(const store::Workspace& workspace) override;
  Result<store::Project> create_project(const store::Project& project) override;
  Result<store::Workflow> create_workflow(const store::Workflow& workflow,
                                          const store::Along& along) override;
  Result<store::Workflow> update_workflow(const store::Workflow& workflow,
                                          std::uint64_t expected_etag,
                                          const store::Along& along) override;
  Result<store::Version> publish(const store::TenantScope& scope,
                                 const store::Version& version,
                                 const store::Along& along) override;
  using store::Writer::create_workflow;
  using store::Writer::publish;
  using store::Writer::update_workflow;
  Status change(const std::vector<Uuid>& locks, TimePoint now,
                const store::Decide& decide) override;

  std::string settings();
  std::string server_version() const;
  /// Any thread.
  std::uint64_t journal_bytes() const { return journal_.bytes_written(); }

 private:
  Writer(const Options& options, const Hasher& hasher, Life& life);

  /// A connection that stands for the life that this process has now.
  Status connect();
  Status open_connection();
  Status end_earlier_backend();
  Status bind(store::NodeNumber node);
  /// Runs `body` in one transaction behind the fence.
  Status transact(const Connection::Body& body);

  // Inside a transaction.
  Status put_along(const store::Along& along, std::int32_t version, std::vector<Request>& last);
  Status remove_piece_of(std::uint32_t bucket, std::vector<Request>& last);
  Status drop_bucket(std::uint32_t bucket, std::vector<Request>& last);
  bool oldest_is_unneeded() const;
  Result<bool> retire_own();
  Result<bool> retire_of_gone();
  Status retire_piece_of(store::NodeNumber gone, std::vector<Request>& last);
  Status move_piece(const std::vector<store::Frame>& frames, std::vector<Request>& last);
  using Buckets = std::unordered_map<RunId, std::uint32_t>;
  Result<Buckets> buckets_of(const std::vector<RunId>& entities);
  Result<store::Workflow> find_workflow(WorkflowId id);

  const Options options_;
  const Hasher& hasher_;
  Life& life_;
  Connection db_;
  Journal journal_;
  RowRequests rows_;
  store::NodeNumber bound_ = 0;  ///< the life that journal and mark are those of
  store::Pos recovery_mark_ = 0;
  store::Pos publish_mark_ = 0;
  int backend_ = 0;                 ///< of the connection that writes or was the last to
  std::int64_t backend_start_ = 0;  ///< when it began: the server uses numbers again
};

}  // namespace troupe::postgres
