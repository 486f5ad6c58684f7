#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "tests/system/cluster_crowd.h"
#include "tests/system/cluster_fixture.h"
#include "tests/system/cluster_history.h"
#include "tests/system/cluster_report.h"

namespace troupe::testing {

/// Three nodes, a database and a broker under load, to which faults happen one after another or
/// several at a time.
class ClusterCampaign : public ::testing::Test {
 protected:
  /// Something to do to a node, or to what nodes share. What it leaves behind is taken back by
  /// `undo_` and by TestCluster::heals_within.
  struct Kind {
    std::string name;  ///< begins with its row of the fault matrix
    std::function<void(std::size_t)> strike;
    bool from_heal = true;  ///< what it stops goes on only once it is over
    bool lasts = true;      ///< it is held for a while
    bool is_quiet = false;  ///< it must stop nobody: no node may be declared gone meanwhile
    bool is_alone = false;  ///< what it promises holds only where nothing else is wrong
    std::string row() const { return name.substr(0, name.find(' ')); }
  };

  ClusterCampaign();
  ~ClusterCampaign() override;

  std::vector<Kind> deaths();
  std::vector<Kind> ends();
  std::vector<Kind> losses();
  std::vector<Kind> outages();
  std::vector<Kind> disks();
  std::vector<Kind> messages();
  std::vector<Kind> clocks();
  std::vector<Kind> kinds();
  /// All of them, or those of the rows that were asked for.
  std::vector<Kind> wanted_kinds();
  std::vector<Kind> in_some_order(std::vector<Kind> all);
  void commit(const Kind& kind);
  void swarm(std::vector<Kind> all);
  /// Takes back what kinds have left behind.
  void undo();
  /// Everything runs again and every slot has its owner, in time; the time it took.
  void expect_whole_within(int ms, const std::string& after);
  void expect_load();
  void open_gates(std::vector<Accepted>& waiting);
  void answer_doubts(const std::vector<Accepted>& accepted);
  /// Ends the clients, waits until every run has ended, and looks for whatever is lost or wrong.
  History end_and_check(int patience_ms);
  /// Says what happened; fails for whoever went on too late. Also to TROUPE_CAMPAIGN_REPORT.
  void report(const History& history);
  int held_ms() { return static_cast<int>(lease_ms_ * (5 + random_() % 12) / 10); }
  /// For an interrupted run to go on, once nothing is in its way: 15 s with the default lease.
  int bound_ms() const { return lease_ms_ + 9'000; }
  Node& node(std::size_t i) { return cluster_.node(i); }
  Machine& wire(std::size_t i) { return node(i).machine(); }
  Database& database() { return cluster_.database(); }
  Broker& broker() { return cluster_.broker(); }
  /// The process goes wrong in this way until the fault is over.
  void tamper(const Daemon& daemon, const std::string& injection);
  /// The node dies at a call to the kernel that some of its threads make, after so many others.
  void kill_at_call(std::size_t i, const std::string& call);
  void squeeze(std::size_t i);
  /// Its wall clock is that far ahead, or behind, until the fault is over.
  void shift_clock(Daemon& of, long long ahead_ms);
  /// Up to three seconds, which timers that are set meanwhile may lose.
  long long some_shift_ms() { return 500 + static_cast<long long>(random_() % 2'500); }
  void pass_itself_off_as(std::size_t i);
  void expect_directory_held(std::size_t i);
  void restart_one_by_one();
  /// A consumer that takes what is meant for the nodes, and acknowledges it too late or never.
  void steal_submissions();
  /// Everything that was ever said to the broker once more, and what makes no sense.
  void flood();
  void expect_end(std::size_t i, int timeout_ms, const std::string& otherwise);
  void expect_end_in_order(std::size_t i);

  const std::uint64_t seed_;
  const std::uint64_t seconds_;
  const int lease_ms_;
  std::mt19937_64 random_;
  TestCluster cluster_;
  std::unique_ptr<Campaign> campaign_;
  std::unique_ptr<ClusterCrowd> crowd_;
  std::vector<std::function<void()>> undo_;
  std::map<const Daemon*, std::weak_ptr<Process>> tracers_;  ///< of injected calls
  Report report_;
  std::vector<std::string> builds_;  ///< this one, and the other one if there is one, else this
};

}  // namespace troupe::testing
