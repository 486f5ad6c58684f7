#include "actors/node/services.h"

#include "runtime/graph/graph.h"

namespace troupe::actors {

HotMetrics::HotMetrics(Metrics& metrics)
    : runs_started(metrics.counter("runs_started_total")),
      step_queue_wait(metrics.histogram("step_queue_wait_seconds")),
      run_duration(metrics.histogram("run_duration_seconds")),
      commit_duration(metrics.histogram("commit_duration_seconds")),
      commit_records(metrics.histogram("commit_records")),
      submit_latency(metrics.histogram("submit_latency_seconds")),
      commit_queue_depth(metrics.gauge("commit_queue_depth")),
      journal_bytes(metrics.counter("journal_bytes_total")),
      recoveries(metrics.counter("recoveries_total")) {
  constexpr const char* kRunStatus[] = {"completed", "failed", "stopped"};
  constexpr const char* kStepStatus[] = {"completed", "failed", "cancelled", "skipped"};
  for (int s = 0; s < 3; ++s)
    runs_finished[s] = &metrics.counter("runs_finished_total", kRunStatus[s]);
  for (int t = 0; t < 12; ++t) {
    const auto type = graph::name(static_cast<graph::StepType>(t));
    step_duration[t] = &metrics.histogram("step_duration_seconds", type);
    for (int s = 0; s < 4; ++s) {
      steps_finished[t][s] = &metrics.counter("steps_finished_total", type, kStepStatus[s]);
    }
  }
}

Services::Services(const Options& options_in, const Ports& ports_in)
    : options(options_in),
      ports(ports_in),
      metrics(ports_in.metrics),
      gate(ports_in.clock, options_in.attempts_in_flight_max, options_in.slow_attempt,
           metrics.step_queue_wait) {}

void Services::read(std::function<void(store::Reader&)> work) {
  const std::size_t reader = next_reader_.fetch_add(1, std::memory_order_relaxed) % readers.size();
  caf::anon_send(readers[reader], ReadJob{std::move(work)});
}

void Services::write(std::function<void(store::Writer&)> work) {
  caf::anon_send(committer, WriteJob{std::move(work)});
}

void Services::submit(std::shared_ptr<Submission> submission) {
  for (const store::Snapshot& snapshot : submission->batch.snapshots) {
    submission->bytes += snapshot.bytes.size();
  }
  commit_queue_bytes += submission->bytes;
  caf::anon_send(committer, Submit{std::move(submission)});
}

void Services::send(WorkspaceId workspace, ToRun message) {
  caf::anon_send(tenant(workspace), std::move(message));
}

}  // namespace troupe::actors
