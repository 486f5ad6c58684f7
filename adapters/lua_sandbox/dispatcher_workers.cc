// What the dispatcher does with children: their frames, their deadlines, their end.
#include <sys/epoll.h>

#include <algorithm>
#include <csignal>

#include "adapters/lua_sandbox/dispatcher.h"

namespace troupe::lua_sandbox {
namespace {

/// Without a frame for so long, beyond the time its running job may take, a child is stuck.
constexpr std::int64_t kSilenceNs = 5'000'000'000;

}  // namespace

TimePoint Dispatcher::wall_time(std::int64_t monotonic) const {
  return {wall_offset_us_ + monotonic / 1000};
}

void Dispatcher::read(Worker& worker) {
  const bool alive = worker.receive();
  FrameType type{};
  std::string_view body;
  bool sound = true;
  while (sound && worker.next_frame(type, body)) {
    worker.answered = true;
    failed_spawns_ = 0;
    sound = handle_frame(worker, type, body);
  }
  worker.last_sign_ns = now_ns_;
  if (!sound || worker.malformed()) {
    metrics_.kills_protocol.fetch_add(1, std::memory_order_relaxed);
    PendingJob* const running = worker.find(worker.page().running.load());
    return lose(worker, running, Code::kSandboxLost, "the process sent what it may not");
  }
  if (alive) return;
  PendingJob* const running = worker.find(worker.page().running.load());
  if (running != nullptr) metrics_.children_lost.fetch_add(1, std::memory_order_relaxed);
  if (!worker.answered) {
    ++failed_spawns_;
    spawn_after_ns_ = now_ns_ + 20'000'000 * std::int64_t{std::min(failed_spawns_, 50U)};
  }
  lose(worker, running, Code::kSandboxLost, "the process ended while it ran the script");
}

bool Dispatcher::handle_frame(Worker& worker, FrameType type, std::string_view body) {
  switch (type) {
    case FrameType::kResult:
      return on_result(worker, body);
    case FrameType::kHostCall:
      return on_host_call(worker, body);
    case FrameType::kSkipped: {
      SeqHead head{};
      if (!take(body, head)) return false;
      // Usually it was taken back. If not, it was claimed and revoked at the same moment.
      if (PendingJob* const job = worker.find(head.seq)) {
        leave_child(*job);
        requeue(*job);
      }
      return true;
    }
    default:
      return false;
  }
}

bool Dispatcher::on_result(Worker& worker, std::string_view body) {
  ResultHead head{};
  if (!take(body, head) || body.size() < head.text_size) return false;
  PendingJob* const job = worker.find(head.seq);
  if (job == nullptr) return true;  // it was cancelled
  ScriptResult result;
  result.ok = head.code == kResultOk;
  const std::string_view text = body.substr(0, head.text_size);
  if (result.ok) {
    // A script that broke out of Lua could write anything here, and this goes into the journal.
    const json::Limits limits{static_cast<std::size_t>(job->job.result_bytes_max), 64};
    Result<json::Text> value = json::Text::parse(std::string(text), limits);
    if (!value) return false;
    result.value = std::move(value).value();
  } else {
    if (head.code > static_cast<std::uint32_t>(Code::kLimitExceeded)) return false;
    result.error.code = static_cast<Code>(head.code);
    result.error.message.assign(text);
  }
  result.logs_truncated = head.logs_truncated != 0;
  result.started = wall_time(head.started_ns);
  result.finished = wall_time(head.finished_ns);
  if (!take_logs(body.substr(head.text_size), result)) return false;
  worker.note_duration(std::clamp<std::int64_t>(head.finished_ns - head.started_ns, 0, 60'000'000));
  leave_child(*job);
  finish(*job, std::move(result));
  return true;
}

bool Dispatcher::take_logs(std::string_view bytes, ScriptResult& result) const {
  while (!bytes.empty()) {
    LogHead head{};
    if (!take(bytes, head) || bytes.size() < head.size) return false;
    result.logs.push_back({wall_time(head.at_ns), std::string(bytes.substr(0, head.size))});
    bytes.remove_prefix(head.size);
  }
  return true;
}

bool Dispatcher::on_host_call(Worker& worker, std::string_view body) {
  HostCallHead head{};
  if (!take(body, head) || body.size() < head.name_size) return false;
  PendingJob* const job = worker.find(head.seq);
  if (job == nullptr) return true;
  if (job->place != PendingJob::Place::kInChild) return false;
  Result<json::Text> arguments =
      json::Text::parse(std::string(body.substr(head.name_size)), {std::size_t{16} << 20, 66});
  if (!arguments) return false;
  metrics_.host_calls.fetch_add(1, std::memory_order_relaxed);
  if (worker.long_job == job) end_long(worker);
  worker.mark_waiting();
  uncount(*job);
  job->place = PendingJob::Place::kWaitingForHost;
  job->made_host_call = true;
  job->host_call = next_host_call_++;
  if (!job->done) {
    worker.send_cancel(*job);
    leave_child(*job);
    requeue(*job);
    return true;
  }
  const std::uint64_t id = job->job.job;
  const std::uint64_t call = job->host_call;
  const auto answer = [inbox = inbox_, id, call](Result<json::Text> result) {
    inbox->post([&](Inbox::Content& content) {
      content.replies.push_back({id, call, std::move(result)});
    });
  };
  if (!options_.host_calls) {
    answer(Error{Code::kInvalidRequest, "no host calls here", {}});
  } else {
    const std::string_view name = body.substr(0, head.name_size);
    options_.host_calls(HostCall{id, std::string(name), std::string(arguments->view())}, answer);
  }
  return true;
}

void Dispatcher::check_workers() {
  next_check_ns_ = kNever;
  for (std::size_t i = workers_.size(); i-- > 0;) check(*workers_[i]);
}

// A child that is busy cannot answer; its page shows what it does.
void Dispatcher::check(Worker& worker) {
  const std::int64_t idle_end = worker.idle_since_ns + options_.idle_after.us * 1000;
  if (!worker.holds_jobs() && workers_.size() > children_) {
    if (now_ns_ >= idle_end) return remove(worker);
    check_by(idle_end);
  }
  if (worker.active() == 0) return;
  SharedPage& page = worker.page();
  const std::uint64_t seq = page.running.load();
  const std::int64_t since = page.since_ns.load();
  const std::int64_t deadline = page.deadline_ns.load();
  PendingJob* const job = seq != 0 && page.running.load() == seq ? worker.find(seq) : nullptr;
  const std::int64_t allowed_ns = job == nullptr ? 0 : job->job.timeout.us * 1000;
  if (now_ns_ > worker.last_sign_ns + allowed_ns + kSilenceNs) {
    metrics_.kills_unresponsive.fetch_add(1, std::memory_order_relaxed);
    return lose(worker, job, Code::kSandboxLost, "the process did not answer any more");
  }
  const std::int64_t long_after_ns = options_.long_after.us * 1000;
  if (job == nullptr) return check_by(now_ns_ + long_after_ns);
  if (now_ns_ < since + long_after_ns) {
    check_by(since + long_after_ns);
  } else {
    note_long(worker, *job);
    check_by(now_ns_ + kSilenceNs);
  }
  watch_deadline(worker, *job, std::min(deadline, since + allowed_ns));
}

void Dispatcher::note_long(Worker& worker, PendingJob& job) {
  if (worker.long_job == &job) return;
  if (worker.long_job != nullptr) end_long(worker);
  worker.long_job = &job;
  ++job.line->long_running;
  metrics_.children_long.fetch_add(1, std::memory_order_relaxed);
  for (PendingJob* const unstarted : worker.take_back()) {
    uncount(*unstarted);
    requeue(*unstarted);
  }
  worker.signal(SIGALRM);  // its finished answers are not to wait for this script
}

void Dispatcher::end_long(Worker& worker) {
  PendingJob* const job = std::exchange(worker.long_job, nullptr);
  if (job == nullptr) return;
  --job->line->long_running;
  backlog_.refresh(*job->line);
  metrics_.children_long.fetch_sub(1, std::memory_order_relaxed);
}

// First the script is asked to end, which keeps the process; what does not listen (a loop inside a
// C function) is killed.
void Dispatcher::watch_deadline(Worker& worker, PendingJob& job, std::int64_t deadline_ns) {
  const bool cancelled = !job.done;
  if (!cancelled && now_ns_ < deadline_ns) return check_by(deadline_ns);
  if (worker.alarmed_seq != job.seq) {
    worker.alarmed_seq = job.seq;
    worker.alarmed_ns = now_ns_;
    worker.page().stopped.store(job.seq);
    worker.signal(SIGALRM);
  }
  const std::int64_t kill_ns = worker.alarmed_ns + options_.kill_after.us * 1000;
  if (now_ns_ < kill_ns) return check_by(kill_ns);
  auto& kills = cancelled ? metrics_.kills_cancelled : metrics_.kills_timeout;
  kills.fetch_add(1, std::memory_order_relaxed);
  lose(worker, &job, Code::kTimeout, "the script ran longer than it may and was killed");
}

// Ends the child and places its jobs: the culprit fails, the others have their turn again.
void Dispatcher::lose(Worker& worker, PendingJob* culprit, Code code, const char* message) {
  end_long(worker);
  const std::vector<PendingJob*> held = worker.take_all();
  // Without a culprit the oldest job may be one. A child that retires leaves no job twice like
  // that.
  if (culprit == nullptr && !held.empty()) ++held.back()->losses;
  for (PendingJob* const job : held) {
    uncount(*job);
    if (job != culprit) requeue(*job);
  }
  remove(worker);
  check_by(now_ns_);  // do not sleep before the jobs have another child
  if (culprit != nullptr) finish_with(*culprit, code, message);
}

void Dispatcher::remove(Worker& worker) {
  worker.signal(SIGKILL);
  epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, worker.descriptor(), nullptr);
  const auto found = std::find_if(workers_.begin(), workers_.end(),
                                  [&](const auto& kept) { return kept.get() == &worker; });
  ended_.push_back(std::move(*found));
  workers_.erase(found);
  metrics_.children.store(static_cast<std::int64_t>(workers_.size()), std::memory_order_relaxed);
}

}  // namespace troupe::lua_sandbox
