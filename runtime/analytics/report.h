#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/base/time.h"
#include "runtime/port/tally.h"

namespace troupe::analytics {

enum class Interval : std::uint8_t { kHour, kDay, kWeek, kMonth };
std::string_view name(Interval interval);
std::optional<Interval> parse_interval(std::string_view name);

/// Hours since 1970, UTC, from one to before another, which begin and end intervals.
struct Range {
  std::int64_t from = 0;
  std::int64_t until = 0;
  Interval interval = Interval::kDay;
};
/// More intervals than this are refused.
inline constexpr std::size_t kIntervalsMax = 2'000;

/// The interval that an hour lies in, and the one behind it: days are UTC's, weeks begin on Monday.
std::int64_t floor_of(std::int64_t hour, Interval interval);
std::int64_t next_of(std::int64_t hour, Interval interval);
/// Whole intervals that have everything from `from` to before `to`. kInvalidRequest if nothing is
/// between them or too much.
Result<Range> range_of(TimePoint from, TimePoint to, Interval interval);

/// Sums over runs: of those that came in a time, and of those that ended in it.
class Figures {
 public:
  void add(const store::Tally& tally);
  std::uint64_t started() const { return started_; }
  std::uint64_t completed() const { return completed_; }
  std::uint64_t failed() const { return failed_; }
  std::uint64_t stopped() const { return stopped_; }
  std::uint64_t ended() const { return completed_ + failed_ + stopped_; }
  std::uint64_t steps() const { return steps_; }
  /// Completed ones of all that ended; nothing for fewer than three.
  std::optional<double> success_rate() const;
  /// Of runs that ended; nothing without any.
  std::optional<double> mean_ms() const;
  /// The time that this part of them (0 to 1) did not exceed, within 19 %.
  std::optional<double> percentile_ms(double part) const;

 private:
  std::uint64_t started_ = 0, completed_ = 0, failed_ = 0, stopped_ = 0, steps_ = 0, ms_ = 0;
  std::map<std::uint32_t, std::uint64_t> by_time_;  ///< runs that ended, by class of times
};

struct Report {
  Range range;
  Figures totals;
  struct Interval {
    TimePoint at;  ///< when it begins
    Figures figures;
  };
  std::vector<Interval> timeseries;  ///< every interval, those without runs too
  struct Workflow {
    WorkflowId id;  ///< unset: runs of none
    Figures figures;
  };
  std::vector<Workflow> workflows;  ///< those with the most runs first
};

/// Of tallies that tell workflows apart, all of them of the range.
Report report_of(const Range& range, const std::vector<store::Tally>& tallies);

}  // namespace troupe::analytics
