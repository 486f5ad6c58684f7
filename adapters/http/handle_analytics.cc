// What has become of many runs: live numbers, totals, and how they went over time.
#include <algorithm>

#include "adapters/http/handlers.h"
#include "adapters/http/parse.h"
#include "adapters/http/render.h"
#include "runtime/analytics/report.h"
#include "runtime/json/write.h"
#include "runtime/store/tally.h"

namespace troupe::http {
namespace {

using analytics::Figures;
using analytics::Interval;
using analytics::Range;

constexpr std::int64_t kHourUs = 3'600'000'000;
constexpr std::int64_t kDayHours = 24;
constexpr std::size_t kWorkflowsMax = 100;

struct Asked {
  std::optional<WorkflowId> workflow;
  TimePoint from, to;  ///< `from` unset: since the first run
  std::optional<Interval> interval;
};

/// A day, week or month until now, or everything; else `from` and `to`, by default the last week.
Result<Asked> parse_asked(const Query& query, TimePoint now) {
  const auto filter = parse_run_filter(query);
  if (!filter) return filter.error();
  Asked asked{filter->workflow, filter->from, filter->to, std::nullopt};
  if (const auto interval = query.find("interval")) {
    asked.interval = analytics::parse_interval(*interval);
    if (!asked.interval) {
      return bad_parameter("interval", "must be hour, day, week or month.");
    }
  }
  const std::string_view period = query.find("period").value_or("week");
  const std::int64_t days = period == "day" ? 1 : period == "week" ? 7 : period == "month" ? 30 : 0;
  if (days == 0 && period != "all") {
    return bad_parameter("period", "must be day, week, month or all.");
  }
  if (query.has("period") && (asked.from.set() || asked.to.set())) {
    return bad_parameter("period", "cannot be given beside from and to.");
  }
  if (!asked.to.set()) asked.to = now;
  if (!asked.from.set() && days > 0) asked.from = {asked.to.us - days * kDayHours * kHourUs};
  return asked;
}

Interval fitting(const Asked& asked, TimePoint from) {
  if (asked.interval) return *asked.interval;
  const std::int64_t hours = (asked.to - from).us / kHourUs;
  if (hours <= 3 * kDayHours) return Interval::kHour;
  return hours <= 100 * kDayHours ? Interval::kDay : Interval::kMonth;
}

struct Found {
  std::vector<std::uint64_t> open;
  Range range;
  std::vector<store::Tally> tallies;
};

Result<Found> read(store::Reader& reader, const store::TenantScope& scope, const Asked& asked) {
  auto open = reader.open_runs_of(scope, asked.workflow);
  if (!open) return open.error();
  const store::TallyQuery everything{asked.workflow, 0, store::hour_of(asked.to) + 1, true};
  Found found{*std::move(open), {}, {}};
  TimePoint from = asked.from;
  if (!from.set()) {
    auto all = reader.tallies(scope, everything);
    if (!all) return all.error();
    found.tallies = *std::move(all);
    const std::int64_t first =
        found.tallies.empty() ? store::hour_of(asked.to) : found.tallies.front().hour;
    from = {first * kHourUs};
  }
  const TimePoint to{std::max(asked.to.us, from.us + 1)};
  const auto range = analytics::range_of(from, asked.from.set() ? asked.to : to,
                                         fitting(asked, from));
  if (!range) return bad_parameter(asked.interval ? "interval" : "from", range.error().message);
  found.range = *range;
  if (!asked.from.set()) return found;
  auto tallies = reader.tallies(scope, {asked.workflow, range->from, range->until, true});
  if (!tallies) return tallies.error();
  found.tallies = *std::move(tallies);
  return found;
}

void number(json::Writer& out, std::string_view name, const std::optional<double>& value) {
  out.key(name);
  if (value) {
    out.number(*value);
  } else {
    out.null();
  }
}

void write_figures(json::Writer& out, const Figures& figures) {
  out.member("started", figures.started())
      .member("ended", figures.ended())
      .member("completed", figures.completed())
      .member("failed", figures.failed())
      .member("stopped", figures.stopped());
  number(out, "success_rate", figures.success_rate());
  out.member("steps", figures.steps());
  out.key("duration_ms").begin_object();
  number(out, "mean", figures.mean_ms());
  number(out, "p50", figures.percentile_ms(0.5));
  number(out, "p95", figures.percentile_ms(0.95));
  number(out, "p99", figures.percentile_ms(0.99));
  out.end_object();
}

void write_live(json::Writer& out, const std::vector<std::uint64_t>& open) {
  std::uint64_t total = 0;
  out.key("live").begin_object();
  for (std::size_t status = 0; status < open.size(); ++status) {
    out.member(store::name(static_cast<store::RunStatus>(status)), open[status]);
    total += open[status];
  }
  out.member("total", total).end_object();
}

std::string render(const Found& found) {
  const analytics::Report report = analytics::report_of(found.range, found.tallies);
  json::Writer out;
  out.begin_object()
      .member("from", to_rfc3339({report.range.from * kHourUs}))
      .member("to", to_rfc3339({report.range.until * kHourUs}))
      .member("interval", analytics::name(report.range.interval));
  write_live(out, found.open);
  out.key("totals").begin_object();
  write_figures(out, report.totals);
  out.end_object().key("timeseries").begin_array();
  for (const auto& [at, figures] : report.timeseries) {
    out.begin_object().member("at", to_rfc3339(at));
    write_figures(out, figures);
    out.end_object();
  }
  out.end_array().key("workflows").begin_array();
  for (std::size_t i = 0; i < std::min(report.workflows.size(), kWorkflowsMax); ++i) {
    const auto& [id, figures] = report.workflows[i];
    out.begin_object().key("workflow_id");
    if (id.set()) {
      out.string(id.to_string());
    } else {
      out.null();
    }
    write_figures(out, figures);
    out.end_object();
  }
  return out.end_array().end_object().take();
}

}  // namespace

namespace handle {

void analytics(const CallPtr& call) {
  const auto asked = parse_asked(call->query, call->core.services.clock.now());
  if (!asked) return call->fail(asked.error());
  read_store<Found>(
      call,
      [scope = call->scope, asked = *asked](store::Reader& reader) {
        return read(reader, scope, asked);
      },
      [call](const Found& found) { call->send_json(render(found)); });
}

}  // namespace handle
}  // namespace troupe::http
