// W7: `start` over HTTP keep-alive by a member with an access token, driven by wrk from a second
// process over 64 connections. Every answer is durable, and every accepted run (of one step) is
// executed meanwhile; until the last of them has ended is what a node can do for good. Then, on a
// clock that waits for nobody, half of that over as many connections: the times from the due
// moment are the latency. What wrk saw at saturation are the members saturated_p50_ms and
// saturated_p99_ms.

#include <cstdlib>
#include <fstream>
#include <stdexcept>

#include "bench/workloads/http_door.h"

namespace troupe::bench {
namespace {

/// The number behind `label` in wrk's report, times given in ms. A label takes in the blanks around
/// it: "50%" alone is also the end of "67.50%".
double figure(const std::string& report, const std::string& label) {
  const auto at = report.find(label);
  if (at == std::string::npos) return 0;
  char* unit = nullptr;
  const double value = std::strtod(report.c_str() + at + label.size(), &unit);
  if (unit[0] == 'u') return value / 1e3;
  if (unit[0] == 's') return value * 1e3;
  return value;
}

/// How many requests wrk has seen answered: "  12345 requests in 5.03s".
std::uint64_t answered_in(const std::string& report) {
  const auto end = report.find(" requests in ");
  if (end == std::string::npos) throw std::runtime_error("wrk says nothing: " + report);
  return std::strtoull(report.c_str() + report.rfind('\n', end), nullptr, 10);
}

/// A script that makes wrk ask as the door's member.
std::string script_of(const HttpDoor& door, const Settings& settings) {
  const std::string path = settings.dir + "/start.lua";
  std::ofstream script(path);
  script << "wrk.method='POST'\nwrk.headers['Content-Type']='application/json'\nwrk.body='"
         << HttpDoor::kStartBody << "'\n";
  for (const auto& [name, value] : door.client().headers) {
    script << "wrk.headers['" << name << "']='" << value << "'\n";
  }
  return path;
}

}  // namespace

Figures run_ingest(Rig& rig, const Settings& settings) {
  const WorkflowId workflow = rig.publish(chain_graph(1));
  const HttpDoor door(rig);
  Figures figures;
  const std::uint64_t before = rig.ended();
  const double begun = monotonic_s();
  const std::string report = output_of(
      "wrk -t1 -c64 -d" + std::to_string(static_cast<int>(settings.seconds)) + " --latency -s " +
      script_of(door, settings) + " " + door.url() + HttpDoor::start_path(workflow));
  const double took = monotonic_s() - begun;
  const std::uint64_t meanwhile = rig.ended() - before;
  const std::uint64_t answered = answered_in(report);
  rig.wait_ended(before + answered, 120);
  const double sustained = static_cast<double>(answered) / (monotonic_s() - begun);
  std::vector<double> times = door.pace(workflow, sustained / 2, settings.seconds);
  figures.n = rig.ended() - before;
  figures.seconds = monotonic_s() - begun;
  figures.runs_per_s = static_cast<double>(meanwhile) / took;
  figures.p50_ms = quantile(times, 0.5);
  figures.p99_ms = quantile(times, 0.99);
  figures.max_ms = quantile(times, 1);
  figures.more = {{"requests_per_s", figure(report, "Requests/sec:")},
                  {"refused", figure(report, "Non-2xx or 3xx responses:")},
                  {"saturated_p50_ms", figure(report, " 50% ")},
                  {"saturated_p99_ms", figure(report, " 99% ")},
                  {"sustained_requests_per_s", sustained},
                  {"paced_requests_per_s", sustained / 2}};
  return figures;
}

}  // namespace troupe::bench
