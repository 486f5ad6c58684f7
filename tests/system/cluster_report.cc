#include "tests/system/cluster_report.h"

#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <sstream>

namespace troupe::testing {
namespace {

/// How long each run that a fault hit made no progress, from the fault or from its end.
std::vector<long long> pauses(const Fault& fault, const History& history) {
  std::vector<long long> all;
  const long long from = fault.from_heal ? fault.healed : fault.began;
  for (const auto& [run, times] : history.events) {
    if (!fault.hit[slot_of_run(run)]) continue;
    const auto next = std::upper_bound(times.begin(), times.end(), from);
    if (next != times.begin() && next != times.end()) all.push_back(*next - from);
  }
  std::sort(all.begin(), all.end());
  return all;
}

/// Of sorted values.
long long part(const std::vector<long long>& all, std::size_t percent) {
  return all.empty() ? 0 : all[std::min(all.size() - 1, all.size() * percent / 100)];
}

std::string now_in_words() {
  const time_t now = ::time(nullptr);
  tm parts{};
  ::gmtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M UTC", &parts);
  return text;
}

}  // namespace

long long ms_since_midnight() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return (now.tv_sec % 86'400) * 1'000 + now.tv_nsec / 1'000'000;
}

std::map<std::string, Report::Line> Report::lines(const History& history) const {
  std::map<std::string, Line> all;
  for (const Fault& fault : faults_) {
    Line& line = all[fault.name];
    ++line.count;
    line.bound_ms = fault.bound_ms;
    line.whole.push_back(fault.whole_ms);
    const std::vector<long long> more = pauses(fault, history);
    line.pauses.insert(line.pauses.end(), more.begin(), more.end());
  }
  for (auto& [name, line] : all) {
    std::sort(line.pauses.begin(), line.pauses.end());
    std::sort(line.whole.begin(), line.whole.end());
  }
  return all;
}

std::vector<std::string> Report::late(const History& history) const {
  std::vector<std::string> late;
  for (const auto& [name, line] : lines(history)) {
    if (line.pauses.empty()) continue;
    std::fprintf(stderr, "%-44s %5zu runs went on: p50 %5lld p99 %5lld max %5lld ms\n",
                 name.c_str(), line.pauses.size(), part(line.pauses, 50), part(line.pauses, 99),
                 line.pauses.back());
    if (line.pauses.back() <= line.bound_ms) continue;
    late.push_back(name + ": an interrupted run went on after " +
                   std::to_string(line.pauses.back()) + " ms, and " +
                   std::to_string(line.bound_ms) + " are promised");
  }
  return late;
}

std::string Report::markdown(const History& history, const Facts& facts) const {
  std::ostringstream out;
  out << "# Faults in a cluster, " << now_in_words() << "\n\n"
      << "`TROUPE_CAMPAIGN_SEED=" << facts.seed << " TROUPE_CAMPAIGN_SECONDS=" << facts.seconds
      << " cluster_campaign_test`: " << facts.nodes << " nodes, one PostgreSQL, one NATS, "
      << ::sysconf(_SC_NPROCESSORS_ONLN) << " processors, lease " << facts.lease_ms << " ms.\n\n"
      << "| | |\n|---|---|\n"
      << "| faults | " << faults_.size() << " |\n"
      << "| violations | " << history.faults.size() << " |\n"
      << "| runs begun, ended | " << history.runs_begun << ", " << history.runs_ended << " |\n"
      << "| starts acknowledged, in doubt | " << history.runs_accepted << ", "
      << history.starts_in_doubt << " |\n"
      << "| open runs at each fault, at least | " << least_load_ << " |\n"
      << "| effects outside, repeated where they may be | " << history.effects_done << ", "
      << history.effects_repeated << " |\n"
      << "| effects in doubt: vouched for by a person, failed | " << history.vouched << ", "
      << history.doubted << " |\n"
      << "| workers that died before their deed, behind it, were late, answered twice | "
      << history.moods.died_before << ", " << history.moods.died_behind << ", "
      << history.moods.late << ", " << history.moods.doubled << " |\n"
      << "| second answers believed, the first being lost | " << history.second_answers << " |\n"
      << "| attempts done again | " << history.repeated_attempts << " |\n\n"
      << "## Faults\n\n"
      << "Pause: from the fault, or from its end where it stops everything, to the next event of "
         "each run that it hit.\nWhole: from its end until every node was ready and every slot "
         "owned.\n\n"
      << "| fault | times | runs | pause p50 ms | p99 | max | bound | whole p50 ms | max |\n"
      << "|---|---|---|---|---|---|---|---|---|\n";
  for (const auto& [name, line] : lines(history)) {
    out << "| " << name << " | " << line.count << " | " << line.pauses.size() << " | "
        << part(line.pauses, 50) << " | " << part(line.pauses, 99) << " | "
        << part(line.pauses, 100) << " | " << line.bound_ms << " | " << part(line.whole, 50)
        << " | " << part(line.whole, 100) << " |\n";
  }
  out << "\n## Invariants\n\n| invariant | checks |\n|---|---|\n";
  for (const auto& [name, count] : history.checks) out << "| " << name << " | " << count << " |\n";
  out << "\n## Violations\n\n";
  if (history.faults.empty()) out << "None.\n";
  for (const std::string& fault : history.faults) out << "- " << fault << "\n";
  return out.str();
}

}  // namespace troupe::testing
