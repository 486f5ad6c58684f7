#include "actors/node/services.h"

#include "actors/cluster/router.h"
#include "actors/events/publisher.h"
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
      recoveries(metrics.counter("recoveries_total")),
      slots_owned(metrics.gauge("slots_owned")),
      cluster_members(metrics.gauge("cluster_members")),
      tail_slots(metrics.gauge("tail_slots")),
      lease_left(metrics.gauge("lease_left_seconds")),
      remote_calls(metrics.gauge("remote_calls_waiting")),
      takeovers(metrics.counter("takeovers_total")),
      handovers(metrics.counter("handovers_total")),
      fenced_commits(metrics.counter("fenced_commits_total")),
      late_answers(metrics.counter("nats_late_answers_total")) {
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
      gate(ports_in.clock, options_in.attempts_in_flight_max, options_in.tasks_in_flight_max,
           options_in.slow_attempt, metrics.step_queue_wait),
      executors(ports_in.scripts, ports_in.work, ports_in.outside, ports_in.clock, names,
                [this](std::function<void(store::Reader&)> work) { read(std::move(work)); },
                metrics.late_answers),
      ownership(ports_in.clock) {
  // The life that is fenced ends before anybody reads its counter: the next one says it.
  if (ports.black_box != nullptr) {
    metrics.fenced_commits.add(static_cast<double>(ports.black_box->times_fenced()));
  }
}

Services::~Services() = default;

RunId Services::new_run_id() {
  // With a thousandth of the slots one in a thousand fits.
  constexpr int kTries = 1 << 16;
  for (int tried = 0; tried < kTries; ++tried) {
    const RunId id{new_id()};
    if (ownership.is_mine(id)) return id;
  }
  return {};
}

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

namespace {

/// Whether the answer is only that the run has moved on while it was asked.
template <class T>
bool has_moved(const Result<T>& answer) {
  return !answer && answer.error().code == Code::kStaleEpoch;
}

}  // namespace

void Services::reach(WorkspaceId workspace, ToRun message) {
  if (router == nullptr) return send(workspace, std::move(message));
  if (!ownership.is_mine(message.run)) return router->send(workspace, std::move(message));
  // It may be on its way to another node by the time its tenant looks: then it is followed.
  ToRun here = message;
  if (auto* look = std::get_if<Look>(&here.message)) {
    look->done = [this, workspace, message, done = look->done](Result<RunLook> seen) {
      if (has_moved(seen)) return router->send(workspace, message);
      done(std::move(seen));
    };
  } else if (auto* ask = std::get_if<Ask>(&here.message); ask->done) {
    ask->done = [this, workspace, message, done = ask->done](Result<Answered> answer) {
      if (has_moved(answer)) return router->send(workspace, message);
      done(std::move(answer));
    };
  }
  send(workspace, std::move(here));
}

void Services::start_group(WorkspaceId workspace, StartGroup message) {
  if (router != nullptr && !ownership.is_mine(message.run)) {
    return router->start_group(workspace, std::move(message));
  }
  caf::anon_send(tenant(workspace), std::move(message));
}

void Services::fenced(std::string_view why) {
  ports.log.error("this node has been declared gone; ending", {{"why", why}});
  if (ports.black_box != nullptr) ports.black_box->note_fenced();
  metrics.fenced_commits.add();
  ports.end_process();
}

void Services::tell_to_look(store::NodeNumber node) {
  if (router != nullptr) router->tell_to_look(node);
}

void Services::tell_all_to_look() {
  if (router != nullptr) router->tell_all_to_look();
}

}  // namespace troupe::actors
