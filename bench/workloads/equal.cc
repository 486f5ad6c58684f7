// W6-equal: several workspaces submit the same number of runs; what each has got done while all of
// them still had work, as Jain's index: (sum x)^2 / (K * sum x^2), 1 when all got the same.

#include <algorithm>

#include "bench/workloads/crowd.h"

namespace troupe::bench {
namespace {

constexpr int kSteps = 1;  ///< so that runs that have ended are a measure of work done
constexpr std::uint64_t kTurn = 16'000;  ///< runs that all of them together submit at a time

/// When the runs of a workspace ended, oldest first.
std::vector<TimePoint> ends(Rig& rig, const StartRequest& request) {
  std::vector<TimePoint> out;
  store::Page page{200, ""};
  do {
    const auto rows =
        await<store::Rows<store::RunRow>>([&](Callback<store::Rows<store::RunRow>> done) {
          rig.engine().read([&, done](store::Reader& reader) {
            done(reader.runs({request.workspace, request.project}, {}, page));
          });
        });
    if (!rows) throw std::runtime_error("runs: " + rows.error().message);
    for (const store::RunRow& row : rows->items) out.push_back(row.finished);
    page.cursor = rows->next_cursor;
  } while (!page.cursor.empty());
  std::sort(out.begin(), out.end());
  return out;
}

double jain(const std::vector<double>& shares) {
  double sum = 0, squares = 0;
  for (const double share : shares) {
    sum += share;
    squares += share * share;
  }
  return squares > 0 ? sum * sum / (static_cast<double>(shares.size()) * squares) : 0;
}

/// From all submitted to half of what was then left done, or to the first one who is done with all:
/// shares only tell something while everybody has work.
void judge(const std::vector<std::vector<TimePoint>>& ended,
           TimePoint submitted,
           Figures* figures) {
  std::vector<TimePoint> later;
  for (const auto& one : ended) {
    std::copy_if(one.begin(), one.end(), std::back_inserter(later),
                 [&](TimePoint t) { return t > submitted; });
  }
  TimePoint until = submitted;
  if (!later.empty()) {
    const auto half = later.begin() + static_cast<std::ptrdiff_t>(later.size() / 2);
    std::nth_element(later.begin(), half, later.end());
    until = *half;
  }
  for (const auto& one : ended) until = std::min(until, one.back());
  if (until <= submitted) throw std::runtime_error("some had no work left: raise --n");
  std::vector<double> shares;
  for (const auto& one : ended) {
    shares.push_back(static_cast<double>(std::upper_bound(one.begin(), one.end(), until) -
                                         std::upper_bound(one.begin(), one.end(), submitted)));
  }
  const auto [least, most] = std::minmax_element(shares.begin(), shares.end());
  figures->more.emplace_back("jain", jain(shares));
  figures->more.emplace_back("least_runs", *least);
  figures->more.emplace_back("most_runs", *most);
  figures->more.emplace_back("window_s", static_cast<double>((until - submitted).us) / 1e6);
}

}  // namespace

Figures run_equals(Rig& rig, const Settings& settings) {
  const std::uint64_t workspaces = settings.workspaces > 0 ? settings.workspaces : 16;
  const std::uint64_t each =
      std::max<std::uint64_t>(1, (settings.n > 0 ? settings.n : 100'000) / workspaces);
  const auto requests = make_workspaces(rig, workspaces, chain_graph(kSteps));
  Figures figures;
  figures.n = each * workspaces;
  const std::uint64_t before = rig.ended();
  const double begun = monotonic_s();
  // In turns, so that nobody is far ahead by having been first.
  const std::uint64_t turn = std::clamp<std::uint64_t>(kTurn / workspaces, 1, 1000);
  for (std::uint64_t sent = 0; sent < each; sent += turn) {
    const std::uint64_t count = std::min(turn, each - sent);
    std::vector<std::future<Status>> accepted;
    for (const StartRequest& request : requests) {
      auto answer = std::make_shared<std::promise<Status>>();
      accepted.push_back(answer->get_future());
      rig.engine().start_batch(request, std::vector<BatchItem>(count),
                               [answer](Result<std::vector<RunId>> runs) {
                                 answer->set_value(runs ? ok() : Status(runs.error()));
                               });
    }
    for (auto& one : accepted) {
      const Status status = one.get();
      if (!status) throw std::runtime_error("a start: " + status.error().message);
    }
  }
  const TimePoint submitted = rig.clock().now();
  figures.more.emplace_back("submit_s", monotonic_s() - begun);
  if (!rig.wait_ended(before + figures.n, 600)) throw std::runtime_error("runs have not ended");
  figures.seconds = monotonic_s() - begun;
  figures.runs_per_s = static_cast<double>(figures.n) / figures.seconds;
  figures.steps_per_s = figures.runs_per_s * kSteps;
  std::vector<std::vector<TimePoint>> ended;
  for (const StartRequest& request : requests) ended.push_back(ends(rig, request));
  judge(ended, submitted, &figures);
  figures.more.emplace_back("workspaces", static_cast<double>(workspaces));
  return figures;
}

}  // namespace troupe::bench
