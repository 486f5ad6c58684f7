#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <tuple>
#include <vector>

#include "runtime/port/store.h"

namespace troupe::store {

// What stores count of the runs whose rows they write.

/// Runs that were created in an hour.
inline constexpr std::uint32_t kStartedRuns = 0;
/// Runs that ended so in an hour after so many milliseconds. Times are told apart by their class:
/// the next one begins at 2^(1/4) times where this one does, from 1 ms on.
std::uint32_t kind_of_ended(RunStatus status, std::uint64_t ms);
/// Nothing for kStartedRuns.
std::optional<RunStatus> status_of(std::uint32_t kind);
/// Of a kind of ended runs.
std::uint32_t time_class_of(std::uint32_t kind);
/// Where a class of times begins and ends, in milliseconds.
struct Span {
  double from = 0;
  double to = 0;
};
Span span_of(std::uint32_t time_class);

std::int64_t hour_of(TimePoint time);
/// From its first step on, or from its creation if it had none; 0 if a clock stepped back.
std::uint64_t milliseconds_of(const RunRow& run);

/// What an ended run adds to its hour.
Tally tally_of_end(const RunRow& run);
Tally tally_of_start(const RunRow& run);

/// Adds up tallies by hour, kind and workflow.
class TallySums {
 public:
  void add(const Tally& tally);
  /// In this order.
  std::vector<Tally> list() const;

 private:
  std::map<std::tuple<std::int64_t, std::uint32_t, WorkflowId>, Tally> sums_;
};

}  // namespace troupe::store
