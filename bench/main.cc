// troupe-bench: the workloads of the performance paper, one command each.

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <iostream>

#include "bench/raw_store.h"
#include "bench/rig.h"
#include "runtime/json/write.h"
#include "tests/support/postgres_server.h"

namespace troupe::bench {
namespace {

/// On a node in this process, or (the last) on the program as its users start it.
struct Workload {
  const char* name;
  const char* title;
  Figures (*on_rig)(Rig&, const Settings&);
  Figures (*on_program)(const Settings&) = nullptr;
};

constexpr Workload kWorkloads[] = {
    {"W1", "runs of 10 steps in a row, at saturation; 200 one after another when idle", run_seq},
    {"W2", "one for_each over N items (1,000; try 100000 and 1000000)", run_fan},
    {"W3", "N one-step runs submitted in bulk", run_jobs},
    {"W4", "N runs that wait for a person", run_sleepers},
    {"W6", "a workspace beside a flood of N runs", run_neighbour},
    {"W6-many", "10,000 workspaces, one of which floods N runs", run_crowd},
    {"W6-equal", "N runs shared equally by 16 workspaces: Jain's fairness index", run_equals},
    {"W7", "authenticated start over HTTP, by wrk; then times at half of that", run_ingest},
    {"W7-slow", "times of healthy clients beside 1,000 slow ones", run_slow},
    {"W7-nats", "start over NATS request/reply: the most, then times at half of that", run_submit},
    {"W8", "crash with N open runs, half runnable", run_recovery},
    {"W8-takeover", "a node with N open runs, half runnable, dies; another takes over", nullptr,
     run_takeover},
    {"W9", "steps that wait 50 ms, 200 in flight per node; 1 to N (3) nodes", nullptr, run_scale},
    {"W10", "step to step inside one run of N steps", run_overhead},
    {"W11", "troupe serve: start, memory, idle work, N events to WebSockets", nullptr, run_program},
    {"W12", "a job that stops N runs that sleep, beside a neighbour", run_bulk},
};

int usage_error(const std::string& message) {
  std::cerr << "troupe-bench: " << message << "\n"
            << "usage: troupe-bench W1 [--store sqlite|postgres] [--mode strict|run-ahead] "
               "[--n N] [--workspaces K] [--seconds S] [--json]\n       troupe-bench list\n";
  return 2;
}

void print(const Settings& settings, const Figures& figures, double raw) {
  if (!settings.json) {
    std::printf("%s %s %s n=%llu %.2f s\n", settings.workload.c_str(), settings.store.c_str(),
                settings.strict ? "strict" : "run-ahead",
                static_cast<unsigned long long>(figures.n), figures.seconds);
    if (figures.runs_per_s > 0) std::printf("  runs/s   %12.0f\n", figures.runs_per_s);
    if (figures.steps_per_s > 0) std::printf("  steps/s  %12.0f\n", figures.steps_per_s);
    if (figures.p50_ms > 0) {
      std::printf("  ms       p50 %.3f  p99 %.3f  max %.3f\n", figures.p50_ms, figures.p99_ms,
                  figures.max_ms);
    }
    if (figures.commits_per_step > 0) {
      std::printf("  per step %.4f commits, %.0f bytes of WAL\n", figures.commits_per_step,
                  figures.wal_bytes_per_step);
    }
    for (const auto& [name, value] : figures.more)
      std::printf("  %-24s %.3f\n", name.c_str(), value);
    std::printf(
        "  cpu %.2f s, rss peak %.0f MB, %llu commits, %.1f MB written, raw ceiling %.0f rows/s\n",
        figures.cpu_s, figures.rss_peak_mb, static_cast<unsigned long long>(figures.commits),
        static_cast<double>(figures.bytes_written) / 1e6, raw);
    return;
  }
  json::Writer out;
  out.begin_object().member("workload", settings.workload).member("store", settings.store);
  out.member("mode", settings.strict ? "strict" : "run-ahead").member("n", figures.n);
  out.member("seconds", figures.seconds).member("runs_per_s", figures.runs_per_s);
  out.member("steps_per_s", figures.steps_per_s).member("p50_ms", figures.p50_ms);
  out.member("p99_ms", figures.p99_ms).member("max_ms", figures.max_ms);
  out.member("cpu_s", figures.cpu_s).member("rss_mb", figures.rss_peak_mb);
  out.member("commits", figures.commits).member("bytes_written", figures.bytes_written);
  out.member("raw_rows_per_s", raw).member("commits_per_step", figures.commits_per_step);
  out.member("wal_bytes_per_step", figures.wal_bytes_per_step);
  out.member("machine", machine(settings.dir)).member("version", "0.1.0");
  out.member("command", settings.command);
  for (const auto& [name, value] : figures.more) out.member(name, value);
  std::printf("%s\n", out.end_object().take().c_str());
}

Figures run_on_rig(const Workload& workload,
                   const Settings& settings,
                   lua_sandbox::Zygote zygote) {
  Rig rig(settings, std::move(zygote));
  const Usage before = usage();
  Figures figures = workload.on_rig(rig, settings);
  const Usage after = usage();
  figures.cpu_s = after.cpu_s - before.cpu_s;
  figures.rss_peak_mb = after.rss_peak_mb;
  figures.commits = rig.commits();
  figures.bytes_written = rig.bytes_written();
  const Work counted = rig.counted();
  if (counted.steps > 0) {
    const auto steps = static_cast<double>(counted.steps);
    figures.commits_per_step = static_cast<double>(counted.commits) / steps;
    figures.wal_bytes_per_step = static_cast<double>(counted.wal_bytes) / steps;
    figures.more.emplace_back("wal_page_images", static_cast<double>(counted.wal_page_images));
  }
  return figures;
}

constexpr int kWalSegments = 64;  // min_wal_size

int run(const Workload& workload, Settings settings, lua_sandbox::Zygote zygote) {
  try {
    std::unique_ptr<testing::PostgresServer> server;
    double raw = 0;
    if (settings.store == "postgres") {
      // As PostgreSQL comes, where the tests' server is smaller; and with what the guide of
      // clusters asks for, so that the log's segments are used again.
      server = std::make_unique<testing::PostgresServer>(std::vector<std::string>{
          "shared_buffers=128MB", "autovacuum=on", "max_wal_size=4GB", "min_wal_size=1GB"});
      settings.conninfo = server->conninfo();
      ServerProbe probe(settings.conninfo);
      probe.age_wal(kWalSegments);
      raw = probe.raw_rows_per_s();
    } else {
      raw = raw_rows_per_s(settings.dir);
    }
    print(settings,
          workload.on_program != nullptr ? workload.on_program(settings)
                                         : run_on_rig(workload, settings, std::move(zygote)),
          raw);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "troupe-bench: " << error.what() << "\n";
    return 1;
  }
}

int main_of(int argc, char** argv) {
  // Before anything else: the process that forks the sandboxes inherits neither threads nor files.
  auto zygote = lua_sandbox::Zygote::start();
  if (!zygote) return usage_error(zygote.error().message);
  Settings settings;
  for (int i = 0; i < argc; ++i)
    settings.command += (i > 0 ? " " : "") + std::string(i > 0 ? argv[i] : "troupe-bench");
  if (argc < 2) return usage_error("which workload?");
  settings.workload = argv[1];
  if (settings.workload == "list") {
    for (const Workload& workload : kWorkloads)
      std::printf("%-8s %s\n", workload.name, workload.title);
    return 0;
  }
  for (int i = 2; i < argc; ++i) {
    const std::string flag = argv[i];
    const std::string value = i + 1 < argc ? argv[i + 1] : "";
    if (flag == "--json") {
      settings.json = true;
      continue;
    }
    ++i;
    if (flag == "--n") settings.n = std::strtoull(value.c_str(), nullptr, 10);
    else if (flag == "--workspaces")
      settings.workspaces = std::strtoull(value.c_str(), nullptr, 10);
    else if (flag == "--seconds") settings.seconds = std::atof(value.c_str());
    else if (flag == "--mode" && (value == "strict" || value == "run-ahead"))
      settings.strict = value == "strict";
    else if (flag == "--store" && (value == "sqlite" || value == "postgres"))
      settings.store = value;
    else return usage_error("cannot understand " + flag + " " + value);
  }
  std::string pattern = (std::filesystem::temp_directory_path() / "troupe-bench-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) return usage_error("no temporary folder");
  settings.dir = pattern;
  for (const Workload& workload : kWorkloads) {
    if (settings.workload != workload.name) continue;
    const int status = run(workload, settings, std::move(*zygote));
    std::filesystem::remove_all(settings.dir);
    return status;
  }
  std::filesystem::remove_all(settings.dir);
  return usage_error("there is no workload " + settings.workload + "; see troupe-bench list");
}

}  // namespace
}  // namespace troupe::bench

int main(int argc, char** argv) { return troupe::bench::main_of(argc, argv); }
