#pragma once

#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "adapters/postgres/connection.h"
#include "adapters/postgres/options.h"
#include "adapters/postgres/scopes.h"
#include "runtime/port/move.h"

namespace troupe::postgres {

/// Statements that write whole rows. Owned by who writes, used inside its transactions; it knows
/// which scopes and buckets are there, and forgets what a rollback took back.
class RowRequests {
 public:
  RowRequests(Connection& db, const Options& options, const Hasher& hasher)
      : db_(db), options_(options), hasher_(hasher), scopes_(db, options.schema) {}

  /// From now on runs are counted as rows of theirs come, in this node's tallies; 0: they are not.
  void count_for(store::NodeNumber node) { counted_by_ = node; }

  /// Everything of a batch but its frames.
  Status put(const store::Batch& batch, std::vector<Request>& last);
  /// Counts that come from elsewhere.
  Status put_tallies(const std::vector<store::ScopedTally>& tallies, std::vector<Request>& last);
  /// The partitions of a bucket, if they are not there yet.
  Status ensure_bucket(std::uint32_t bucket);
  Result<std::int64_t> scope_of(WorkspaceId workspace, ProjectId project) {
    return scopes_.of(workspace, project);
  }
  void rolled_back();
  /// A bucket is about to be dropped.
  void forget_bucket(std::uint32_t bucket) { buckets_.erase(bucket); }

 private:
  Status put_runs(const std::vector<store::RunRow>& runs, std::vector<Request>& last);
  void put_snapshots(const store::Batch& batch, std::vector<Request>& last);
  Status put_payloads(const std::vector<store::Payload>& payloads, std::vector<Request>& last);
  Status put_tasks(const std::vector<store::TaskRow>& tasks, std::vector<Request>& last);
  Status put_waiters(const std::vector<store::WaiterRow>& waiters, std::vector<Request>& last);

  Connection& db_;
  const Options& options_;
  const Hasher& hasher_;
  ScopeNumbers scopes_;
  std::unordered_set<std::uint32_t> buckets_;  ///< those known to exist
  store::NodeNumber counted_by_ = 0;
};

// New rows of the catalog. A body is the encoded row; it must outlive the request.
Request insert(const store::Workspace& row, std::string_view body);
Request insert(const store::Project& row, std::string_view body);
Request insert(const store::Workflow& row, std::int64_t scope, std::string_view body);
Request insert(const store::Version& row, std::string_view body);

/// What a waiter is found by: an event and a key, however long, in a fixed size.
std::string awaited(const Hasher& hasher, std::string_view event, std::string_view key);

}  // namespace troupe::postgres
