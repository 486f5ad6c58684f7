#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "tests/system/cluster_history.h"

namespace troupe::testing {

/// What was done to the cluster, and when.
struct Fault {
  std::string name;
  std::size_t node = 0;      ///< the one that was hit, or the first of them
  long long began = 0;       ///< since midnight, like the events
  long long healed = 0;
  std::vector<bool> hit;     ///< slots whose owner it hit
  int bound_ms = 0;          ///< for progress, behind `from_heal ? healed : began`
  bool from_heal = false;
  long long whole_ms = 0;    ///< from the heal until every slot had an owner that is ready
};

/// The faults of a campaign and what became of the runs that they interrupted.
class Report {
 public:
  struct Facts {
    unsigned long long seed = 0;
    long long seconds = 0;
    int lease_ms = 0;
    std::size_t nodes = 0;
  };

  void add(Fault fault) { faults_.push_back(std::move(fault)); }
  void open_runs(long long count) { least_load_ = std::min(least_load_, count); }
  std::size_t size() const { return faults_.size(); }
  long long least_load() const { return least_load_; }

  /// Which interrupted runs went on too late; prints for each kind how long they paused.
  std::vector<std::string> late(const History& history) const;
  /// Everything, for people who were not there.
  std::string markdown(const History& history, const Facts& facts) const;

 private:
  /// By kind: how many there were, and how long the runs that they hit made no progress.
  struct Line {
    std::size_t count = 0;
    int bound_ms = 0;
    std::vector<long long> pauses;
    std::vector<long long> whole;
  };
  std::map<std::string, Line> lines(const History& history) const;

  std::vector<Fault> faults_;
  long long least_load_ = 1'000'000;
};

/// By the clock that events carry.
long long ms_since_midnight();

}  // namespace troupe::testing
