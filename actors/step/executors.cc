#include "actors/step/executors.h"

#include <utility>

#include "runtime/json/write.h"

namespace troupe::actors {
namespace {

std::string body_of(const TaskJob& job, const ScopeNames::Names& names, TimePoint deadline) {
  json::Writer out;
  out.begin_object();
  out.member("workspace", names.workspace);
  if (names.project.empty()) out.member_raw("project", "null");
  else out.member("project", names.project);
  out.member("run_id", job.run.to_string()).member("step_id", job.step_id);
  out.member("attempt", job.attempt).member("idempotency_key", job.idempotency_key);
  out.member("task", job.task).member_raw("args", job.args);
  out.member("deadline", to_rfc3339(deadline));
  out.end_object();
  return out.take();
}

/// A code of ours in the mouth of a worker means what it means everywhere, so that a worker can say
/// what is worth another try and what is not. Any other word is part of the message.
Error error_of(const WorkResult& said) {
  if (const auto known = parse_code(said.error_code)) return {*known, said.body, {}};
  return {Code::kWorkerFailed, said.error_code + ": " + said.body, {}};
}

AttemptResult result_of(Result<WorkResult> said) {
  AttemptResult result;
  if (!said) {
    result.error = std::move(said).error();
  } else if (!said->error_code.empty()) {
    result.error = error_of(*said);
  } else {
    auto value = json::Text::parse(said->body.empty() ? "null" : std::move(said->body));
    result.ok = value.ok();
    if (value) result.value = *std::move(value);
    else result.error = {Code::kResultNotJson, "The worker: " + value.error().message, {}};
  }
  return result;
}

}  // namespace

struct Executors::Task {
  std::uint64_t token = 0;
  const Clock& clock;
  Counter& late;
  std::weak_ptr<Open> open;  // it lists the task: the other way round would keep both for ever
  TimePoint started;

  std::mutex mutex;  // guards what follows; nothing is called out under it
  Done done;         ///< empty: it has ended
  std::function<void()> give_up;  ///< tells whoever does it; empty: nobody has it yet

  std::mutex live_mutex;  // held while news are told: nobody is told any after the end
  std::function<void(std::string)> tell;

  void show(std::string data) {
    const std::lock_guard lock(live_mutex);
    if (tell) tell(std::move(data));
  }
  Done take() {
    const std::lock_guard lock(mutex);
    return std::exchange(done, {});
  }
  bool ended() {
    const std::lock_guard lock(mutex);
    return !done;
  }
  /// The first end counts.
  bool end(AttemptResult result) {
    Done told = take();
    if (!told) return false;
    {
      const std::lock_guard lock(live_mutex);
      tell = {};
    }
    result.started = started;
    result.finished = clock.now();
    told(token, std::move(result));
    told = {};  // nothing of the actor is left here when the job counts as returned
    if (const auto listed = open.lock()) listed->remove(token);
    return true;
  }
  /// Somebody does it now. Where it has ended meanwhile he is told so, which does no harm if it was
  /// he who ended it.
  void taken_by(std::function<void()> tell) {
    bool over = false;
    {
      const std::lock_guard lock(mutex);
      over = !done;
      if (!over) give_up = tell;
    }
    if (over) tell();
  }
  std::function<void()> left() {
    const std::lock_guard lock(mutex);
    return std::exchange(give_up, {});
  }
};

void Executors::Open::remove(std::uint64_t token) {
  const std::lock_guard lock(mutex);
  jobs.erase(token);
  if (jobs.empty()) emptied.notify_all();
}

Executors::Executors(ScriptExecutor& scripts, WorkQueue* work, StepService* outside,
                     const Clock& clock, ScopeNames& names, Read read, Counter& late)
    : scripts_(scripts),
      work_(work),
      outside_(outside),
      clock_(clock),
      names_(names),
      read_(std::move(read)),
      late_(late) {
  if (outside_ != nullptr) outside_->read_by(read_);
}

Executors::~Executors() {
  if (outside_ != nullptr) outside_->read_by({});
}

void Executors::submit(std::uint64_t token, Job job, Done done) {
  if (auto* const script = std::get_if<ScriptJob>(&job)) {
    {
      const std::lock_guard lock(open_->mutex);
      open_->jobs.emplace(token, nullptr);
    }
    script->job = token;
    scripts_.submit(std::move(*script),
                    [open = open_, done = std::move(done)](std::uint64_t id,
                                                           AttemptResult result) mutable {
                      done(id, std::move(result));
                      done = {};
                      open->remove(id);
                    });
    return;
  }
  const auto task = std::make_shared<Task>(token, clock_, late_, open_, clock_.now());
  task->done = std::move(done);
  {
    const std::lock_guard lock(open_->mutex);
    open_->jobs.emplace(token, task);
  }
  if (auto* const request = std::get_if<ServiceRequest>(&job)) ask(task, std::move(*request));
  else submit_task(task, std::get<TaskJob>(std::move(job)));
}

void Executors::ask(const std::shared_ptr<Task>& task, ServiceRequest request) {
  if (outside_ == nullptr) {
    task->end(result_of(Error{Code::kUnavailable, "This node asks no services outside.", {}}));
    return;
  }
  if (request.on_delta) {
    task->tell = std::move(request.on_delta);
    request.on_delta = [task](std::string data) { task->show(std::move(data)); };
  }
  const auto ticket = outside_->call(std::move(request), [task](AttemptResult result) {
    if (!task->end(std::move(result))) task->late.add();
  });
  task->taken_by([this, ticket] { outside_->cancel(ticket); });
}

void Executors::submit_task(const std::shared_ptr<Task>& task, TaskJob job) {
  if (work_ == nullptr) {
    task->end(result_of(
        Error{Code::kUnavailable, "This node has no link to NATS, where workers listen.", {}}));
    return;
  }
  if (const auto names = names_.find(job.workspace, job.project)) return send(task, job, *names);
  read_([this, task, job = std::move(job)](store::Reader& reader) {
    auto names = names_.load(reader, job.workspace, job.project);
    if (names) send(task, job, *names);
    else task->end(result_of(std::move(names).error()));
  });
}

void Executors::send(const std::shared_ptr<Task>& task, const TaskJob& job,
                     const ScopeNames::Names& names) {
  if (task->ended()) return;
  WorkRequest request;
  request.workspace = names.workspace;
  request.queue = job.queue;
  request.body = body_of(job, names, clock_.now() + job.timeout);
  request.timeout = job.timeout;
  request.heartbeat = job.heartbeat;
  const auto ticket =
      work_->request_work(std::move(request), {}, [task](Result<WorkResult> said) {
        if (!task->end(result_of(std::move(said)))) task->late.add();
      });
  task->taken_by([this, ticket] { work_->cancel(ticket); });
}

void Executors::cancel(std::uint64_t token) {
  std::shared_ptr<Task> task;
  {
    const std::lock_guard lock(open_->mutex);
    const auto found = open_->jobs.find(token);
    if (found == open_->jobs.end()) return;
    task = found->second;
  }
  if (task == nullptr) return scripts_.cancel(token);
  if (!task->end(result_of(Error{Code::kRunStopped, "The attempt was cancelled.", {}}))) return;
  if (const auto give_up = task->left()) give_up();
}

void Executors::cancel_all() {
  std::vector<std::uint64_t> tokens;
  {
    const std::lock_guard lock(open_->mutex);
    for (const auto& [token, task] : open_->jobs) tokens.push_back(token);
  }
  for (const std::uint64_t token : tokens) cancel(token);
}

void Executors::wait_empty(Duration patience) {
  std::unique_lock lock(open_->mutex);
  open_->emptied.wait_for(lock, std::chrono::microseconds(patience.us),
                          [this] { return open_->jobs.empty(); });
}

}  // namespace troupe::actors
