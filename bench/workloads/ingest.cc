// W7: authenticated `start` over HTTP keep-alive, driven by wrk from a second process over 64
// connections. Every answer is durable, and every accepted run (of one step) is executed meanwhile.
// So runs_per_s, which counts ended runs, is also what W3 reaches when jobs are submitted singly.

#include <array>
#include <cstdio>
#include <fstream>

#include "adapters/http/server.h"
#include "bench/rig.h"

namespace troupe::bench {
namespace {

constexpr const char* kToken = "bench";

class OneToken final : public tenancy::Access {
 public:
  Result<tenancy::Principal> authenticate(std::string_view token) const override {
    if (token == kToken) return tenancy::Principal(tenancy::Operator{});
    return Error{Code::kUnauthorized, "another token", {}};
  }
};

class NoText final : public MetricsText {
 public:
  std::string exposition() override { return {}; }
};

std::string output_of(const std::string& command) {
  std::string text;
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return text;
  std::array<char, 4096> buffer;
  while (const std::size_t got = std::fread(buffer.data(), 1, buffer.size(), pipe)) {
    text.append(buffer.data(), got);
  }
  pclose(pipe);
  return text;
}

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

}  // namespace

Figures run_ingest(Rig& rig, const Settings& settings) {
  const WorkflowId workflow = rig.publish(chain_graph(1));
  OneToken access;
  NoText text;
  http::Options options;
  options.address = "127.0.0.1";
  options.port = 0;
  http::Server server(options, http::Services{rig.engine(), access, rig.hasher(), rig.clock(),
                                              rig.entropy(), rig.metrics(), text});
  Figures figures;
  const auto port = server.start();
  if (!port) return figures;
  const std::string script = settings.dir + "/start.lua";
  std::ofstream(script) << "wrk.method='POST'\nwrk.headers['Authorization']='Bearer " << kToken
                        << "'\nwrk.headers['Content-Type']='application/json'\n"
                           "wrk.body='{\"command\":\"start\",\"params\":{\"x\":1}}'\n";
  const std::uint64_t before = rig.ended();
  const double begun = monotonic_s();
  const std::string report = output_of(
      "wrk -t1 -c64 -d" + std::to_string(static_cast<int>(settings.seconds)) + " --latency -s " +
      script + " http://127.0.0.1:" + std::to_string(*port) + "/v1/workflows/" +
      workflow.to_string() + "/command");
  const double took = monotonic_s() - begun;
  figures.more.emplace_back("requests_per_s", figure(report, "Requests/sec:"));
  figures.more.emplace_back("refused", figure(report, "Non-2xx or 3xx responses:"));
  figures.p50_ms = figure(report, " 50% ");
  figures.p99_ms = figure(report, " 99% ");
  figures.n = rig.ended() - before;
  figures.seconds = took;
  figures.runs_per_s = static_cast<double>(figures.n) / took;
  server.drain();
  server.stop();
  return figures;
}

}  // namespace troupe::bench
