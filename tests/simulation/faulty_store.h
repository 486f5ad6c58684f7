#pragma once

#include <functional>
#include <memory>

#include "tests/simulation/disk.h"

namespace troupe::simulation {

/// A node's way to the disk, for one life of it: its commits fail, take long, have an outcome that
/// nobody knows, or are the last thing that the process does. Where the disk is shared, all of it
/// can be out of reach for a while, and what a membership was told may have been done although
/// nothing came back.
class FaultyStore final : public store::Store {
 public:
  FaultyStore(Disk& disk, Random& random, JournalWatch& watch);
  ~FaultyStore() override;

  store::Writer& writer() override;
  std::unique_ptr<store::Reader> open_reader() override;
  std::unique_ptr<store::Membership> open_membership() override;
  store::StoreInfo info() const override { return through_->info(); }
  std::uint64_t journal_bytes() const override { return through_->journal_bytes(); }
  std::uint64_t wal_bytes() const override { return 0; }

  /// The last word of an orderly end, when nothing else can be written any more.
  void leave();
  store::NodeNumber number() const { return number_; }  ///< once it has joined

  bool faults = false;
  /// The process is dead: nothing is written any more.
  bool dead = false;
  /// The process is to die in a commit, before or after it takes effect.
  bool crash_in_commit = false;
  /// Of a store of its own: a commit has ended with an unknown outcome, this process may do nothing
  /// more but die.
  bool outcome_unknown = false;
  /// Until then this node does not reach the disk that it shares.
  TimePoint out_of_reach_until;
  std::function<void()> take_long;

 private:
  class WriterImpl;
  class ReaderImpl;
  class MembershipImpl;
  Status commit(const store::Batch& batch);
  Status unknown(const store::Batch& batch);
  Status reach() const;

  Disk& disk_;
  Random& random_;
  JournalWatch& watch_;
  const std::shared_ptr<memory::MemoryStore> through_;
  std::unique_ptr<WriterImpl> writer_;
  std::shared_ptr<store::Membership> membership_;  ///< the disk's
  store::NodeNumber number_ = 0;
  store::Pos unresolved_ = 0;  ///< last frame of a batch that nobody has asked about yet
  int failing_ = 0;  ///< commits that are still to fail
  Code code_ = Code::kUnavailable;
};

}  // namespace troupe::simulation
