#include "actors/cluster/cluster.h"

#include <algorithm>
#include <atomic>

#include "actors/cluster/acquire.h"
#include "actors/events/publisher.h"
#include "runtime/cluster/plan.h"

namespace troupe::actors {
namespace {

using cluster::SlotSet;
using Hold = Ownership::Hold;
using store::ClusterView;
using store::Member;
using store::NodeNumber;

constexpr Duration kAfterFailure = milliseconds(250);
constexpr Duration kTellDrainEvery = seconds(1);
/// Small enough that what waits for one to be laid down waits for moments.
constexpr std::size_t kGiftMax = 64;
constexpr int kJoinTries = 20;

SlotSet owned_by(const ClusterView& view, NodeNumber owner) {
  SlotSet slots;
  for (std::size_t slot = 0; slot < view.owners.size(); ++slot) {
    slots.set(slot, view.owners[slot] == owner);
  }
  return slots;
}

/// Whether somebody who was there is there no more.
bool lacks_one(const std::vector<Member>& now, const std::vector<Member>& before) {
  return std::any_of(before.begin(), before.end(), [&now](const Member& member) {
    return std::none_of(now.begin(), now.end(), [&member](const Member& other) {
      return other.number == member.number;
    });
  });
}

/// An answer without owners means that those known still hold.
void merge(ClusterView next, ClusterView* view) {
  if (next.owners.empty()) next.owners = std::move(view->owners);
  *view = std::move(next);
}

}  // namespace

Result<ClusterView> join_cluster(Services& services, store::Membership& membership) {
  const Options& options = services.options;
  const Duration sent = services.ports.clock.since_boot();
  const auto self = membership.join({options.node_name, options.node_address, options.lease});
  if (!self) return self.error();
  services.ownership.set_self(*self);
  services.ownership.lease_until(sent + options.lease);
  for (int tries = 0; tries < kJoinTries; ++tries) {
    auto view = membership.renew(0);
    if (!view) return view;
    const bool free = owned_by(*view, 0).any();
    if (!free) return view;
    const Status taken = membership.take_over(0, cluster::plan_takeover(*view, 0), view->version);
    // Somebody else may be doing the same.
    if (!taken && taken.error().code != Code::kConflict) return taken.error();
  }
  return Error{Code::kUnavailable, "the cluster's members change all the time", {}};
}

Cluster::Cluster(Services& services, std::shared_ptr<store::Membership> membership,
                 ClusterView view, Outside outside)
    : services_(services),
      membership_(std::move(membership)),
      outside_(std::move(outside)),
      view_(std::move(view)),
      announcements_(services, outside_.self) {}

void Cluster::begin() {
  stable_since_ = services_.ports.clock.since_boot();
  services_.ownership.learn(view_.owners);
  publish();
  look_for_unpublished();
  outside_.look_later({});
}

void Cluster::look_for_unpublished() {
  if (services_.options.bugs.forget_unpublished_of_gone) return;
  if (services_.publisher != nullptr) services_.publisher->look_for_gone();
  else let_go_of_gone(services_);
}

void Cluster::look_around(const LookAround& message) {
  if (is_fenced_) return;
  const bool renewed = renew();
  if (is_fenced_) return;
  if (renewed) act();
  if (!message.scheduled) return;
  Duration next = renewed ? Duration{lease().us / 3} : kAfterFailure;
  for (const Member& member : view_.members) {
    // Somebody who is late: looked at again when the lease has run out.
    if (renewed && member.number != services_.ownership.self() && member.lease_left < next) {
      next = std::max(member.lease_left, milliseconds(20));
    }
  }
  outside_.look_later(next);
}

bool Cluster::renew() {
  const Duration sent = services_.ports.clock.since_boot();
  const bool knows = !view_.owners.empty();
  auto next = membership_->renew(knows ? view_.version : 0);
  // How close it came: just renewed it would always look full.
  services_.metrics.lease_left.set(
      static_cast<double>(services_.ownership.lease_left().us) / 1e6);
  if (!next) {
    stable_since_.reset();
    if (next.error().code == Code::kStaleEpoch) {
      is_fenced_ = true;
      services_.fenced("its lease ran out and another node took over");
      return false;
    }
    if (++failures_ == 1) {
      services_.ports.log.warning("the lease was not renewed",
                                  {{"message", next.error().message}});
    }
    publish();
    return false;
  }
  failures_ = 0;
  services_.versions.saw_catalog(next->catalog);  // before the lease is good for longer
  services_.ownership.lease_until(sent + lease());
  if (!stable_since_) stable_since_ = sent;
  if (lacks_one(next->members, view_.members)) look_for_unpublished();
  merge(std::move(*next), &view_);
  services_.ownership.learn(view_.owners);
  publish();
  announcements_.send(view_);
  return true;
}

void Cluster::announce(const Announce& message) {
  if (services_.options.bugs.keep_changes_to_oneself) return message.done(Unit{});
  announcements_.add(message);
  // Whoever has joined by now is told. If nobody can say who, the next renewal will.
  if (!is_fenced_ && renew()) act();
}

void Cluster::act() {
  take_over_gone();
  acquire_new();
  give_surplus();
  end_drain_if_done();
}

/// A database that comes back finds every lease run out: its nodes have some time to show that they
/// live before anybody is declared gone.
bool Cluster::is_stable() const {
  const Duration now = services_.ports.clock.since_boot();
  return stable_since_ && now.us - stable_since_->us >= lease().us / 2;
}

void Cluster::take_over_gone() {
  if (!is_stable() || is_draining_) return;
  std::vector<NodeNumber> gone;
  for (const Member& member : view_.members) {
    if (member.number != services_.ownership.self() && member.lease_left.us <= 0) {
      gone.push_back(member.number);
    }
  }
  if (owned_by(view_, 0).any()) gone.push_back(0);
  for (const NodeNumber number : gone) {
    const auto plan = cluster::plan_takeover(view_, number);
    if (plan.empty()) continue;
    const Status taken = membership_->take_over(number, plan, view_.version);
    if (taken) {
      services_.ports.log.warning("a node is gone; its slots are taken over",
                                  {{"node", number}, {"by", services_.ownership.self()}});
      services_.metrics.takeovers.add();
      if (services_.ports.bus != nullptr) services_.tell_all_to_look();
    } else if (taken.error().code != Code::kConflict) {
      services_.ports.log.warning("a takeover failed", {{"message", taken.error().message}});
    }
    if (!renew()) return;
  }
}

void Cluster::acquire_new() {
  if (is_acquiring_) return;
  const SlotSet slots =
      owned_by(view_, services_.ownership.self()) & services_.ownership.held(Hold::kForeign);
  if (slots.none()) return;
  is_acquiring_ = true;
  services_.ownership.set(slots, Hold::kComing);
  acquire(services_, slots, [self = outside_.self(), slots, &log = services_.ports.log](
                                Result<store::Pos> before) {
    if (!before) log.warning("slots were not taken up", {{"message", before.error().message}});
    caf::anon_send(self, Acquired{slots, before ? *before : 0, before.ok()});
  });
}

void Cluster::acquired(const Acquired& message) {
  is_acquiring_ = false;
  if (!message.ok) {
    services_.ownership.set(message.slots, Hold::kForeign);  // tried again with the next view
    return;
  }
  services_.ports.log.info("slots taken up",
                           {{"slots", std::uint64_t{message.slots.count()}},
                            {"node", services_.ownership.self()}});
  tails_ |= message.slots;
  caf::anon_send(services_.committer,
                 Cover{message.slots, message.before,
                       [self = outside_.self(), slots = message.slots] {
                         caf::anon_send(self, Covered{slots});
                       }});
  publish();
  if (!is_fenced_) act();
}

void Cluster::covered(const Covered& message) {
  const SlotSet still = message.slots & services_.ownership.held(Hold::kMine);
  tails_ &= ~message.slots;
  if (still.none() || is_fenced_) return;
  if (const Status settled = membership_->settle(still); !settled) {
    services_.ports.log.warning("older journals are kept on",
                                {{"message", settled.error().message}});
  }
}

void Cluster::give_surplus() {
  if (giving_ > 0 || is_acquiring_ || !stable_since_) return;
  const std::size_t most = is_draining_ ? cluster::kSlotCount : kGiftMax;
  for (const cluster::Gift& gift :
       cluster::plan_gifts(view_, services_.ownership.self(), most)) {
    relinquish(gift.slots, gift.to);
  }
}

void Cluster::relinquish(const SlotSet& wanted, NodeNumber to) {
  const SlotSet slots = wanted & services_.ownership.held(Hold::kMine);
  if (slots.none()) return;
  ++giving_;
  // What comes to a tenant from now on is refused; what came before is found by the order to let
  // go.
  services_.ownership.set(slots, Hold::kGoing);
  if (services_.options.bugs.give_before_laid_down) {
    return caf::anon_send(outside_.self(), Relinquished{slots, to});
  }
  const auto tenants = services_.tenants();
  auto left = std::make_shared<std::atomic<std::size_t>>(tenants.size() + 1);
  const auto done = [left, self = outside_.self(), slots, to] {
    if (left->fetch_sub(1) == 1) caf::anon_send(self, Relinquished{slots, to});
  };
  for (const TenantActor& tenant : tenants) caf::anon_send(tenant, Relinquish{slots, done});
  done();
}

void Cluster::relinquished(const Relinquished& message) {
  --giving_;
  if (is_fenced_) return;
  const Status given = membership_->give(message.slots, message.to);
  services_.ownership.set(message.slots, Hold::kForeign);
  tails_ &= ~message.slots;
  if (given) {
    services_.metrics.handovers.add(static_cast<double>(message.slots.count()));
    services_.ports.log.info("slots given", {{"slots", std::uint64_t{message.slots.count()}},
                                             {"to", message.to}});
    services_.tell_to_look(message.to);
  } else {
    services_.ports.log.warning("slots were not given", {{"message", given.error().message}});
  }
  // Where it failed the store says whose they are; if ours still, they are taken up again.
  view_.owners.clear();
  if (renew()) act();
}

void Cluster::drain(const Drain& message) {
  drained_.push_back(message.done);
  if (!is_draining_ && !is_fenced_) {
    is_draining_ = true;
    drain_began_ = services_.ports.clock.since_boot();
    outside_.tell_drain_later(kTellDrainEvery);
    if (const Status told = membership_->drain(); !told) {
      services_.ports.log.warning("the cluster was not told of the drain",
                                  {{"message", told.error().message}});
    }
    if (renew()) act();
  }
  end_drain_if_done();
}

/// So that whoever sees a node end late sees what it waited for.
void Cluster::tell_drain() {
  if (drained_.empty() || is_fenced_) return;
  const Duration now = services_.ports.clock.since_boot();
  services_.ports.log.info(
      "a drain is under way",
      {{"after_ms", (now.us - drain_began_.us) / 1000},
       {"slots", std::uint64_t{services_.ownership.held(Hold::kMine).count()}},
       {"slots_going", std::uint64_t{services_.ownership.held(Hold::kGoing).count()}},
       {"slots_coming", std::uint64_t{services_.ownership.held(Hold::kComing).count()}},
       {"runs_going", services_.runs_going.load()},
       {"runs", services_.run_actors.load()},
       {"attempts", std::uint64_t{services_.gate.in_flight()}},
       {"commit_bytes", std::uint64_t{services_.commit_queue_bytes.load()}}});
  outside_.tell_drain_later(kTellDrainEvery);
}

void Cluster::leave_now(const LeaveNow& message) {
  if (!is_fenced_) {
    // What is being committed lands before, or is refused by the store.
    is_fenced_ = true;
    if (const Status left = membership_->leave(); !left) {
      services_.ports.log.warning("the cluster was not told of the end",
                                  {{"message", left.error().message}});
    } else if (services_.ports.bus != nullptr) {
      services_.tell_all_to_look();
    }
  }
  message.done();
}

void Cluster::end_drain_if_done() {
  if (drained_.empty()) return;
  const bool someone = std::any_of(
      view_.members.begin(), view_.members.end(), [this](const Member& member) {
        return !member.draining && member.number != services_.ownership.self() &&
               member.lease_left.us > 0;
      });
  const bool holds = services_.ownership.held(Hold::kMine).any() || giving_ > 0 || is_acquiring_;
  if (someone && holds && !is_fenced_ && failures_ == 0) return;
  for (const auto& done : std::exchange(drained_, {})) done();
}

void Cluster::publish() {
  services_.metrics.slots_owned.set(
      static_cast<double>(services_.ownership.held(Hold::kMine).count()));
  services_.metrics.cluster_members.set(static_cast<double>(view_.members.size()));
  services_.metrics.tail_slots.set(static_cast<double>(tails_.count()));
  const std::lock_guard lock(services_.cluster_seen.mutex);
  services_.cluster_seen.view = view_;
  services_.cluster_seen.failures = failures_;
}

}  // namespace troupe::actors
