#include "runtime/analytics/report.h"

#include <algorithm>
#include <chrono>
#include <iterator>

#include "runtime/store/tally.h"

namespace troupe::analytics {
namespace {

constexpr std::int64_t kHourUs = 3'600'000'000;
constexpr std::int64_t kHoursPerDay = 24;
constexpr std::int64_t kDaysPerWeek = 7;
constexpr std::int64_t kFirstMonday = 4;  // 1970 began on a Thursday
constexpr std::uint64_t kEnoughToJudge = 3;
constexpr std::string_view kNames[] = {"hour", "day", "week", "month"};

std::int64_t floor_to(std::int64_t value, std::int64_t unit) {
  const std::int64_t rest = value % unit;
  return value - (rest < 0 ? rest + unit : rest);
}

std::chrono::year_month_day date_of(std::int64_t hour) {
  const std::chrono::days days(floor_to(hour, kHoursPerDay) / kHoursPerDay);
  return std::chrono::year_month_day(std::chrono::sys_days(days));
}

std::int64_t hour_of_month(const std::chrono::year_month& month) {
  const std::chrono::sys_days first(month / std::chrono::day(1));
  return first.time_since_epoch().count() * kHoursPerDay;
}

TimePoint time_of(std::int64_t hour) { return {hour * kHourUs}; }

}  // namespace

std::string_view name(Interval interval) { return kNames[static_cast<std::size_t>(interval)]; }

std::optional<Interval> parse_interval(std::string_view name) {
  const auto found = std::find(std::begin(kNames), std::end(kNames), name);
  if (found == std::end(kNames)) return std::nullopt;
  return static_cast<Interval>(found - std::begin(kNames));
}

std::int64_t floor_of(std::int64_t hour, Interval interval) {
  switch (interval) {
    case Interval::kHour: return hour;
    case Interval::kDay: return floor_to(hour, kHoursPerDay);
    case Interval::kWeek:
      return floor_to(hour - kFirstMonday * kHoursPerDay, kDaysPerWeek * kHoursPerDay) +
             kFirstMonday * kHoursPerDay;
    case Interval::kMonth: break;
  }
  const auto date = date_of(hour);
  return hour_of_month(date.year() / date.month());
}

std::int64_t next_of(std::int64_t hour, Interval interval) {
  const std::int64_t begin = floor_of(hour, interval);
  switch (interval) {
    case Interval::kHour: return begin + 1;
    case Interval::kDay: return begin + kHoursPerDay;
    case Interval::kWeek: return begin + kDaysPerWeek * kHoursPerDay;
    case Interval::kMonth: break;
  }
  const auto date = date_of(begin);
  return hour_of_month(date.year() / date.month() + std::chrono::months(1));
}

Result<Range> range_of(TimePoint from, TimePoint to, Interval interval) {
  if (to.us <= from.us) return Error{Code::kInvalidRequest, "Nothing lies between them.", {}};
  Range range{floor_of(floor_to(from.us, kHourUs) / kHourUs, interval), 0, interval};
  range.until = range.from;
  for (std::size_t count = 0; range.until * kHourUs < to.us; ++count) {
    if (count == kIntervalsMax) {
      return Error{Code::kInvalidRequest,
                   "That are more than " + std::to_string(kIntervalsMax) + " intervals.", {}};
    }
    range.until = next_of(range.until, interval);
  }
  return range;
}

void Figures::add(const store::Tally& tally) {
  const auto status = store::status_of(tally.kind);
  if (!status) {
    started_ += tally.runs;
    return;
  }
  if (*status == store::RunStatus::kCompleted) completed_ += tally.runs;
  if (*status == store::RunStatus::kFailed) failed_ += tally.runs;
  if (*status == store::RunStatus::kStopped) stopped_ += tally.runs;
  steps_ += tally.steps;
  ms_ += tally.ms;
  by_time_[store::time_class_of(tally.kind)] += tally.runs;
}

std::optional<double> Figures::success_rate() const {
  if (ended() < kEnoughToJudge) return std::nullopt;
  return static_cast<double>(completed_) / static_cast<double>(ended());
}

std::optional<double> Figures::mean_ms() const {
  if (ended() == 0) return std::nullopt;
  return static_cast<double>(ms_) / static_cast<double>(ended());
}

std::optional<double> Figures::percentile_ms(double part) const {
  if (ended() == 0) return std::nullopt;
  double left = part * static_cast<double>(ended());
  store::Span span;
  for (const auto& [time_class, runs] : by_time_) {
    span = store::span_of(time_class);
    const auto here = static_cast<double>(runs);
    if (left <= here) return span.from + (span.to - span.from) * left / here;
    left -= here;
  }
  return span.to;
}

Report report_of(const Range& range, const std::vector<store::Tally>& tallies) {
  Report report{range, {}, {}, {}};
  for (std::int64_t hour = range.from; hour < range.until; hour = next_of(hour, range.interval)) {
    report.timeseries.push_back({time_of(hour), {}});
  }
  std::map<WorkflowId, Figures> workflows;
  for (const store::Tally& tally : tallies) {
    report.totals.add(tally);
    workflows[tally.workflow].add(tally);
    const auto behind = std::upper_bound(
        report.timeseries.begin(), report.timeseries.end(), time_of(tally.hour),
        [](TimePoint at, const Report::Interval& one) { return at < one.at; });
    if (behind != report.timeseries.begin()) std::prev(behind)->figures.add(tally);
  }
  for (auto& [id, figures] : workflows) report.workflows.push_back({id, std::move(figures)});
  std::stable_sort(report.workflows.begin(), report.workflows.end(),
                   [](const Report::Workflow& a, const Report::Workflow& b) {
                     return a.figures.started() + a.figures.ended() >
                            b.figures.started() + b.figures.ended();
                   });
  return report;
}

}  // namespace troupe::analytics
