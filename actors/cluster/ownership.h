#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <vector>

#include "runtime/cluster/slots.h"
#include "runtime/port/membership.h"
#include "runtime/port/system.h"

namespace troupe::actors {

/// Which entities this node may work on, and who works on the others, as far as it knows. The
/// store's fence has the last word: what is wrong here costs time, not truth. Written by the
/// cluster actor (or once, where a store belongs to one node), read by everybody without a lock.
class Ownership {
 public:
  enum class Hold : std::uint8_t {
    kForeign,  ///< another node's, or nobody's
    kComing,   ///< ours, being read back: nobody outside is served yet
    kMine,
    kGoing,    ///< ours still, being laid down for another node
  };

  explicit Ownership(const Clock& clock) : clock_(clock) {}

  Hold hold(const Uuid& entity) const { return holds_[cluster::slot_of(entity)].load(); }
  bool is_mine(const Uuid& entity) const { return hold(entity) == Hold::kMine; }
  /// Whether its runs may be in memory here and go on.
  bool may_work(const Uuid& entity) const {
    const Hold is = hold(entity);
    return is == Hold::kMine || is == Hold::kComing;
  }
  store::NodeNumber owner(const Uuid& entity) const {
    return owners_[cluster::slot_of(entity)].load();
  }
  cluster::SlotSet held(Hold hold) const;
  void set(const cluster::SlotSet& slots, Hold hold);
  void learn(const std::vector<store::NodeNumber>& owners);

  /// Until then, by the clock that runs on while this process is stopped, nobody else can have
  /// been given what is ours. Without a lease: for ever.
  void lease_until(Duration since_boot) { lease_until_us_ = since_boot.us; }
  bool lease_holds() const {
    const std::int64_t until = lease_until_us_.load();
    return until == INT64_MAX || clock_.since_boot().us < until;
  }
  /// Whether an answer of a run here may be told. Without a lease somebody else may have gone on
  /// with it: what was done is durable and therefore true, what was refused may be yesterday's.
  template <class T>
  bool speaks_for(const Result<T>& answer) const {
    return answer.ok() || answer.error().code == Code::kOutcomeUnknown || lease_holds();
  }
  static Error lost_touch() {
    return {Code::kUnavailable, "this node has lost touch with the store", {}};
  }
  /// What is left of the lease; below 0: it has run out.
  Duration lease_left() const {
    return {lease_until_us_.load() - clock_.since_boot().us};
  }
  store::NodeNumber self() const { return self_; }
  void set_self(store::NodeNumber self) { self_ = self; }

 private:
  const Clock& clock_;
  std::array<std::atomic<Hold>, cluster::kSlotCount> holds_{};
  std::array<std::atomic<store::NodeNumber>, cluster::kSlotCount> owners_{};
  std::atomic<std::int64_t> lease_until_us_{INT64_MAX};
  std::atomic<store::NodeNumber> self_{0};
};

}  // namespace troupe::actors
