#pragma once

#include <functional>
#include <memory>

#include "adapters/memory/memory_store.h"
#include "runtime/base/random.h"
#include "tests/simulation/journal_watch.h"

namespace troupe::simulation {

/// The disk of a simulated node, which outlives it: a memory store whose commits fail, take long,
/// have an outcome that nobody knows, or are the last thing that the process does. What lands is
/// shown to the watch.
class FaultyStore final : public store::Store {
 public:
  FaultyStore(memory::Options options, Random& random, JournalWatch& watch);
  ~FaultyStore() override;

  store::Writer& writer() override;
  std::unique_ptr<store::Reader> open_reader() override { return disk_.open_reader(); }
  store::StoreInfo info() const override { return disk_.info(); }
  std::uint64_t journal_bytes() const override { return disk_.journal_bytes(); }
  std::uint64_t wal_bytes() const override { return 0; }

  bool faults = false;
  /// The process is dead: nothing is written any more until it is set again.
  bool dead = false;
  /// The process is to die in a commit, before or after it takes effect.
  bool crash_in_commit = false;
  /// A commit has ended with an unknown outcome: this process may do nothing more but die.
  bool outcome_unknown = false;
  /// Called with the bytes of every frame that lands, for the trace.
  std::function<void(std::string_view)> trace;
  std::function<void()> take_long;

 private:
  class WriterImpl;
  Status commit(const store::Batch& batch);
  Status land(const store::Batch& batch);

  memory::MemoryStore disk_;
  Random& random_;
  JournalWatch& watch_;
  std::unique_ptr<WriterImpl> writer_;
  int failing_ = 0;  ///< commits that are still to fail
  Code code_ = Code::kUnavailable;
};

}  // namespace troupe::simulation
