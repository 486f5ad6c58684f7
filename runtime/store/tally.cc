#include "runtime/store/tally.h"

#include <algorithm>
#include <cmath>

namespace troupe::store {
namespace {

constexpr std::int64_t kHourUs = 3'600'000'000;
constexpr unsigned kStatusShift = 16;
constexpr double kClassesPerOctave = 4;

}  // namespace

std::uint32_t kind_of_ended(RunStatus status, std::uint64_t ms) {
  const double octaves = ms < 2 ? 0 : std::log2(static_cast<double>(ms));
  return static_cast<std::uint32_t>(status) << kStatusShift |
         static_cast<std::uint32_t>(octaves * kClassesPerOctave);
}

std::optional<RunStatus> status_of(std::uint32_t kind) {
  if (kind == kStartedRuns) return std::nullopt;
  return static_cast<RunStatus>(kind >> kStatusShift);
}

std::uint32_t time_class_of(std::uint32_t kind) { return kind & ((1u << kStatusShift) - 1); }

Span span_of(std::uint32_t time_class) {
  // The first one has everything from nothing on.
  return {time_class == 0 ? 0 : std::exp2(time_class / kClassesPerOctave),
          std::exp2((time_class + 1) / kClassesPerOctave)};
}

std::int64_t hour_of(TimePoint time) { return time.us / kHourUs; }

std::uint64_t milliseconds_of(const RunRow& run) {
  const TimePoint from = run.started.set() ? run.started : run.created;
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, run.finished.us - from.us)) / 1000;
}

Tally tally_of_end(const RunRow& run) {
  const std::uint64_t ms = milliseconds_of(run);
  return {run.workflow, hour_of(run.finished), kind_of_ended(run.status, ms), 1, run.steps_done,
          ms};
}

Tally tally_of_start(const RunRow& run) {
  return {run.workflow, hour_of(run.created), kStartedRuns, 1, 0, 0};
}

void TallySums::add(const Tally& tally) {
  Tally& sum = sums_[{tally.hour, tally.kind, tally.workflow}];
  sum.workflow = tally.workflow;
  sum.hour = tally.hour;
  sum.kind = tally.kind;
  sum.runs += tally.runs;
  sum.steps += tally.steps;
  sum.ms += tally.ms;
}

std::vector<Tally> TallySums::list() const {
  std::vector<Tally> all;
  for (const auto& [key, tally] : sums_) all.push_back(tally);
  return all;
}

}  // namespace troupe::store
