#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>

#include "adapters/memory/memory_state.h"
#include "runtime/port/store.h"

namespace troupe::memory {

struct Options {
  std::size_t journal_table_bytes = std::size_t{64} << 20;
  std::size_t journal_tables_kept = 2;  ///< beyond those that recovery needs
  bool can_resolve = false;  ///< like a server's store; else like a file of this process's own
  /// On a shared disk: a node that has been declared gone writes nothing more. Off, it proves that
  /// a test would notice.
  bool fenced = true;
};

/// What outlives a store: its state, and who may touch it.
struct Disk {
  std::mutex mutex;
  State state;
};

/// A store whose disk is a struct in memory, its own or that of a Cluster. Thread-safe as the port
/// asks: one writer thread, any number of readers, which must not outlive the store. For tests it
/// can fail, hold and forget commits, have damaged pages, and be cloned as a disk is by a power
/// cut.
class MemoryStore final : public store::Store {
 public:
  explicit MemoryStore(Options options = {});
  MemoryStore(Options options, std::shared_ptr<Disk> disk);
  ~MemoryStore() override;

  store::Writer& writer() override;
  std::unique_ptr<store::Reader> open_reader() override;
  /// Null for a store with a disk of its own.
  std::unique_ptr<store::Membership> open_membership() override;
  store::StoreInfo info() const override;
  std::uint64_t journal_bytes() const override;
  std::uint64_t wal_bytes() const override { return 0; }

  // ---- test controls; any thread ----

  /// The next `count` commits that are not already failing return `code`. With `applied` the batch
  /// is in the store nevertheless, as after a lost answer (kOutcomeUnknown).
  void fail_commits(Code code, bool applied = false, int count = 1);
  /// What is stored of this run lies on damaged pages: what touches them is kCorrupt. {} mends it.
  struct Damage { bool commits = false, row = false, snapshot = false; };
  void damage(RunId run, Damage damage);
  /// Commits wait from now on, before they apply, until released.
  void hold_commits();
  /// Lets `count` held or coming commits through; without a number, all of them, and holds no more.
  void release_commits(int count);
  void release_commits();
  /// Blocks until a commit waits at the gate.
  void wait_until_held();
  /// The process dies: what was committed stays, held commits never happen (they return
  /// kUnavailable), faults and holds are gone.
  void crash();
  /// What the disk holds now, as a store of its own.
  std::unique_ptr<MemoryStore> clone() const;

 private:
  class WriterImpl;
  class ReaderImpl;
  class MembershipImpl;
  struct Fault {
    Code code;
    bool applied;
  };

  Status commit(const store::Batch& batch);
  bool touches_damage(const store::Batch& batch) const;
  bool is_damaged(RunId run, bool Damage::* part) const;
  /// Itself, or what is left of it where it is damaged.
  store::Snapshot readable(const store::Snapshot& snapshot) const;

  const Options options_;
  const std::shared_ptr<Disk> disk_;
  std::mutex& mutex_;
  State& state_;
  store::NodeNumber node_ = 0;  ///< on a shared disk, once it has joined
  std::condition_variable changed_;
  std::deque<Fault> faults_;
  std::map<RunId, Damage> damaged_;
  bool holding_ = false;
  int passes_ = 0;   ///< commits that may go through while holding
  int waiting_ = 0;  ///< commits at the gate
  std::uint64_t generation_ = 0;  ///< grows with every crash
  std::unique_ptr<WriterImpl> writer_;
};

}  // namespace troupe::memory
