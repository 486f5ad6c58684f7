#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <unordered_set>
#include <vector>

#include "adapters/sqlite/database.h"
#include "adapters/sqlite/journal.h"
#include "adapters/sqlite/options.h"
#include "adapters/sqlite/scopes.h"
#include "runtime/port/store.h"

namespace troupe::sqlite {

/// The only connection that writes or checkpoints (SQLite before 3.51.3 corrupts the WAL with two).
/// Owned by SqliteStore, used on the writer thread. A full disk refuses and recovers by itself. A
/// failed fsync, or any I/O error of a COMMIT, is final: the kernel may have dropped the pages, so
/// a retry could report a success that is none. From then on everything is kUnavailable and the
/// process must end; the next one finds out what landed.
class Writer final : public store::Writer {
 public:
  static Result<std::unique_ptr<Writer>> open(const Options& options, const Hasher& hasher);
  ~Writer() override;

  Status commit(const store::Batch& batch) override;
  Result<bool> landed(store::Pos last) override;
  /// The kernel may have dropped what it could not sync, and still show it.
  bool can_resolve() const override { return false; }
  Result<std::uint64_t> next_epoch() override;
  std::vector<store::Pos> journal_tables() const override;
  Status set_recovery_mark(store::Pos mark) override;
  Status set_publish_mark(store::Pos mark) override;
  store::Pos publish_mark() const override { return publish_mark_; }
  Result<bool> retire_journal() override;
  Result<bool> expire(TimePoint now) override;
  Status checkpoint() override;
  void rest() override;

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
  /// Any thread.
  std::uint64_t journal_bytes() const { return journal_.bytes_written(); }
  std::uint64_t wal_bytes() const { return wal_bytes_.load(std::memory_order_relaxed); }

 private:
  Writer(std::unique_ptr<Database> db, const Options& options, const Hasher& hasher);

  /// Runs `body` in one transaction and commits it.
  Status transact(const std::function<Status()>& body);
  Status commit_transaction();
  void roll_back();
  static int on_wal_grown(void* self, sqlite3* db, const char* name, int frames);

  // Inside a transaction.
  Status put_along(const store::Along& along, std::int32_t version = 0);
  Status put_runs(const std::vector<store::RunRow>& runs);
  enum class Written : std::uint8_t { kNewRow, kOldRow, kNothing };
  Result<Written> put_run(const store::RunRow& run, std::int64_t scope);
  Status add_tallies(std::int64_t scope, const std::vector<store::Tally>& tallies);
  Status put_snapshots(const store::Batch& batch);
  Status put_payloads(const std::vector<store::Payload>& payloads);
  Status put_tasks(const std::vector<store::TaskRow>& tasks);
  Status put_waiters(const std::vector<store::WaiterRow>& waiters);
  Status ensure_bucket(std::uint32_t bucket);

  bool oldest_is_unneeded() const;
  Result<std::vector<store::Frame>> next_piece();
  Status move_piece(const std::vector<store::Frame>& frames);
  /// Nothing where its run has been removed.
  Result<std::optional<std::uint32_t>> bucket_of(RunId entity);
  Result<bool> is_held(std::uint32_t bucket);
  Result<bool> remove_rows_of(std::uint32_t bucket);
  Result<bool> remove_bodies_of(std::uint32_t bucket);
  Result<store::Workflow> find_workflow(WorkflowId id);

  std::unique_ptr<Database> db_;
  const Options options_;
  const Hasher& hasher_;
  Journal journal_;
  ScopeNumbers scopes_;
  std::unordered_set<std::uint32_t> buckets_;  ///< those known to exist
  store::Pos recovery_mark_ = 0;
  store::Pos publish_mark_ = 0;
  std::int64_t page_bytes_ = 0;
  int wal_frames_ = 0;        ///< in the WAL since it last began anew
  int checkpoint_at_ = 0;     ///< frames in the WAL at which the next checkpoint is due
  std::atomic<std::uint64_t> wal_bytes_{0};
  bool lost_ = false;  ///< after an error that must not be retried
};

}  // namespace troupe::sqlite
