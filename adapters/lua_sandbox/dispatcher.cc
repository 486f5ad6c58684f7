#include "adapters/lua_sandbox/dispatcher.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

extern "C" {  // glibc 2.36 forgot it
#include <sys/pidfd.h>
}

#include "adapters/lua_sandbox/interpreter.h"

namespace troupe::lua_sandbox {
namespace {

constexpr std::uint64_t kEventToken = 0;
constexpr std::uint64_t kZygoteToken = ~std::uint64_t{0};
constexpr unsigned kFailedSpawnsMax = 5;
constexpr std::uint32_t kLossesMax = 3;

void watch(int epoll, int descriptor, std::uint64_t token) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = token;
  epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event);
}

}  // namespace

Inbox::Inbox() : event(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) { TROUPE_ENSURE(event.open()); }

void Inbox::wake() {
  if (!sleeping.exchange(false)) return;
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(event.get(), &one, sizeof one);
}

Dispatcher::Dispatcher(Zygote zygote,
                       const Clock& clock,
                       Options options,
                       Metrics& metrics,
                       std::shared_ptr<Inbox> inbox)
    : zygote_(std::move(zygote)),
      clock_(clock),
      options_(std::move(options)),
      metrics_(metrics),
      inbox_(std::move(inbox)),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      backlog_(options_.long_running_per_workspace_max) {
  TROUPE_ENSURE(epoll_.open());
  child_settings_.address_space_bytes_max = options_.address_space_bytes_max;
  child_settings_.states_max = options_.states_per_child_max;
  child_settings_.spin_us = options_.spin_us;
  const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
  children_ = std::min(options_.children == 0 ? cores : options_.children, options_.children_max);
  watch(epoll_.get(), inbox_->event.get(), kEventToken);
  watch(epoll_.get(), zygote_.descriptor(), kZygoteToken);
}

void Dispatcher::run() {
  prctl(PR_SET_NAME, "lua-pool");
  while (!stop_) {
    now_ns_ = monotonic_ns();
    take_inbox();
    if (now_ns_ >= next_check_ns_) check_workers();  // first: it may give jobs back
    keep_size();
    dispatch();
    ended_.clear();
    if (!stop_) wait();
  }
  end_all();
}

void Dispatcher::take_inbox() {
  if (!inbox_->filled.load()) return;
  {
    const std::lock_guard lock(inbox_->mutex);
    std::swap(taken_, inbox_->content);
    inbox_->filled.store(false);
  }
  for (const Inbox::Reply& answer : taken_.replies) reply(answer);
  auto submission = taken_.submissions.begin();
  const auto submit_until = [&](std::size_t count) {
    const auto end = taken_.submissions.begin() + static_cast<std::ptrdiff_t>(count);
    for (; submission != end; ++submission) submit(std::move(*submission));
  };
  for (const Inbox::Cancel& wanted : taken_.cancels) {
    submit_until(wanted.behind);
    cancel(wanted.job);
  }
  submit_until(taken_.submissions.size());
  stop_ = taken_.stop;
  taken_.submissions.clear();
  taken_.replies.clear();
  taken_.cancels.clear();
}

void Dispatcher::submit(Inbox::Submission submission) {
  metrics_.jobs_submitted.fetch_add(1, std::memory_order_relaxed);
  auto job = std::make_unique<PendingJob>();
  job->job = std::move(submission.job);
  job->done = std::move(submission.done);
  PendingJob& kept = *job;
  const bool fresh = jobs_.try_emplace(kept.job.job, std::move(job)).second;
  TROUPE_ENSURE(fresh);  // the caller chooses numbers that are unique among jobs in flight
  backlog_.push_back(kept);
}

void Dispatcher::cancel(std::uint64_t id) {
  const auto found = jobs_.find(id);
  if (found == jobs_.end() || !found->second->done) return;
  PendingJob& job = *found->second;
  if (job.place == PendingJob::Place::kWaitingForHost) {
    job.worker->send_cancel(job);
    leave_child(job);
  }
  if (job.place == PendingJob::Place::kQueued) {
    return finish_with(job, Code::kRunStopped, "the run was stopped");
  }
  // The child has it: the caller hears at once and may use the number again, while the job is kept
  // until the child is rid of it.
  cancelled_.emplace(&job, std::move(found->second));
  jobs_.erase(found);
  ScriptResult result;
  result.error = Error{Code::kRunStopped, "the run was stopped", {}};
  const ScriptExecutor::Done done = std::exchange(job.done, {});
  metrics_.jobs_failed.fetch_add(1, std::memory_order_relaxed);
  check_by(now_ns_);
  done(id, std::move(result));
}

void Dispatcher::reply(const Inbox::Reply& reply) {
  const auto found = jobs_.find(reply.job);
  if (found == jobs_.end()) return;
  PendingJob& job = *found->second;
  if (job.place != PendingJob::Place::kWaitingForHost || job.host_call != reply.call) return;
  Worker& worker = *job.worker;
  if (worker.active() == 0) worker.last_sign_ns = now_ns_;
  worker.mark_resumed();
  job.place = PendingJob::Place::kInChild;
  ++job.line->in_children;
  ++in_children_;
  check_by(now_ns_ + options_.long_after.us * 1000);
  if (reply.answer.ok()) {
    worker.send_host_reply(job, true, reply.answer.value().view());
  } else {
    worker.send_host_reply(job, false, reply.answer.error().message);
  }
}

void Dispatcher::dispatch() {
  while (backlog_.may_have_next()) {
    Worker* const worker = pick();
    if (worker == nullptr) break;
    PendingJob* const job = backlog_.next();
    if (job == nullptr) break;
    if (worker->active() == 0) worker->last_sign_ns = now_ns_;
    worker->assign(*job);
    ++job->line->in_children;
    ++in_children_;
    check_by(now_ns_ + options_.long_after.us * 1000);
  }
  for (std::size_t i = workers_.size(); i-- > 0;) {
    Worker& worker = *workers_[i];
    if (!worker.has_unsent()) continue;
    if (!worker.flush()) {
      read(worker);
      continue;
    }
    epoll_event event{};
    event.events = worker.has_unsent() ? EPOLLIN | EPOLLOUT : EPOLLIN;
    event.data.u64 = worker.token();
    if (worker.watched_events == event.events) continue;
    worker.watched_events = event.events;
    epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, worker.descriptor(), &event);
  }
  metrics_.queued.store(static_cast<std::int64_t>(backlog_.size()), std::memory_order_relaxed);
  metrics_.in_children.store(static_cast<std::int64_t>(in_children_), std::memory_order_relaxed);
}

// The least loaded of those that have room; a child with a long script gets nothing.
Worker* Dispatcher::pick() {
  Worker* best = nullptr;
  for (const auto& worker : workers_) {
    if (worker->long_job != nullptr) continue;
    if (worker->active() >= worker->window(options_.window_jobs_max)) continue;
    if (worker->waiting() >= options_.waiting_jobs_per_child_max) continue;
    if (best == nullptr || worker->active() < best->active()) best = worker.get();
  }
  return best;
}

void Dispatcher::keep_size() {
  const auto is_free = [](const auto& worker) { return worker->long_job == nullptr; };
  auto free = static_cast<std::size_t>(std::count_if(workers_.begin(), workers_.end(), is_free));
  while (free < children_ && workers_.size() < options_.children_max &&
         (backlog_.size() > 0 || workers_.size() < children_)) {
    if (zygote_lost_) break;
    if (now_ns_ < spawn_after_ns_) {
      check_by(spawn_after_ns_);
      break;
    }
    spawn();
    ++free;
  }
  if (workers_.empty() && backlog_.size() > 0 &&
      (zygote_lost_ || failed_spawns_ >= kFailedSpawnsMax)) {
    fail_backlog(Code::kUnavailable, "no sandbox process can be started");
  }
}

void Dispatcher::spawn() {
  auto worker = Worker::spawn(zygote_, next_token_++, child_settings_);
  if (worker == nullptr) {
    ++failed_spawns_;
    spawn_after_ns_ = now_ns_ + 100'000'000;
    return;
  }
  worker->last_sign_ns = worker->idle_since_ns = now_ns_;
  watch(epoll_.get(), worker->descriptor(), worker->token());
  worker->watched_events = EPOLLIN;
  workers_.push_back(std::move(worker));
  metrics_.children_started.fetch_add(1, std::memory_order_relaxed);
  metrics_.children.store(static_cast<std::int64_t>(workers_.size()), std::memory_order_relaxed);
}

void Dispatcher::on_zygote() {
  Result<Spawned> spawned = zygote_.receive();
  if (!spawned) {
    zygote_lost_ = true;
    epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, zygote_.descriptor(), nullptr);
    return;
  }
  const auto found = std::find_if(workers_.begin(), workers_.end(), [&](const auto& worker) {
    return worker->token() == spawned->token;
  });
  if (found != workers_.end()) {
    (*found)->set_process(std::move(spawned->process));
  } else if (spawned->process.open()) {
    // Given up before it was known; it may have jobs already that nobody would end.
    pidfd_send_signal(spawned->process.get(), SIGKILL, nullptr, 0);
  }
}

void Dispatcher::fail_backlog(Code code, const char* message) {
  while (PendingJob* const job = backlog_.next()) finish_with(*job, code, message);
}

void Dispatcher::end_all() {
  now_ns_ = monotonic_ns();
  while (!jobs_.empty()) {
    PendingJob& job = *jobs_.begin()->second;
    if (job.place != PendingJob::Place::kQueued) leave_child(job);
    finish_with(job, Code::kRunStopped, "the executor stops");
  }
  for (const auto& worker : workers_) worker->signal(SIGKILL);
  workers_.clear();
  cancelled_.clear();
}

void Dispatcher::wait() {
  const std::int64_t spin_until = now_ns_ + std::int64_t{options_.spin_us} * 1000;
  while (in_children_ > 0 && monotonic_ns() < spin_until) {
    if (inbox_->filled.load() || handle_events(0)) return;
  }
  inbox_->sleeping.store(true);
  if (!inbox_->filled.load()) {
    const std::int64_t left = std::max<std::int64_t>(next_check_ns_ - monotonic_ns(), 0);
    handle_events(next_check_ns_ == kNever ? -1 : left);
  }
  inbox_->sleeping.store(false);
}

bool Dispatcher::handle_events(std::int64_t timeout_ns) {
  constexpr int kEventsMax = 32;
  epoll_event events[kEventsMax];
  const timespec timeout{static_cast<time_t>(timeout_ns / 1'000'000'000),
                         timeout_ns % 1'000'000'000};
  const int count =
      epoll_pwait2(epoll_.get(), events, kEventsMax, timeout_ns < 0 ? nullptr : &timeout, nullptr);
  if (count <= 0) return false;
  now_ns_ = monotonic_ns();
  wall_offset_us_ = clock_.now().us - now_ns_ / 1000;
  for (int i = 0; i < count; ++i) {
    const std::uint64_t token = events[i].data.u64;
    if (token == kEventToken) {
      std::uint64_t value = 0;
      [[maybe_unused]] const ssize_t got = ::read(inbox_->event.get(), &value, sizeof value);
    } else if (token == kZygoteToken) {
      on_zygote();
    } else {
      const auto found = std::find_if(workers_.begin(), workers_.end(),
                                      [&](const auto& w) { return w->token() == token; });
      if (found != workers_.end() && (events[i].events & ~EPOLLOUT) != 0) read(**found);
    }
  }
  return true;
}

// The job was in a child and is not any more.
void Dispatcher::requeue(PendingJob& job) {
  if (!job.done) return finish(job, {});
  if (job.made_host_call) {
    return finish_with(job, Code::kSandboxLost,
                       "the process ended after the script called its host");
  }
  if (job.losses >= kLossesMax) {
    return finish_with(job, Code::kSandboxLost, "the processes that held the script ended");
  }
  metrics_.jobs_requeued.fetch_add(1, std::memory_order_relaxed);
  backlog_.push_front(job);
}

void Dispatcher::leave_child(PendingJob& job) {
  Worker& worker = *job.worker;
  worker.release(job);
  uncount(job);
  if (worker.long_job == &job) end_long(worker);
  if (!worker.holds_jobs()) worker.idle_since_ns = now_ns_;
}

void Dispatcher::uncount(PendingJob& job) {
  if (job.place == PendingJob::Place::kInChild) {
    --job.line->in_children;
    --in_children_;
    backlog_.refresh(*job.line);
  }
  job.place = PendingJob::Place::kQueued;
}

void Dispatcher::finish(PendingJob& job, ScriptResult result) {
  const std::uint64_t id = job.job.job;
  const ScriptExecutor::Done done = std::move(job.done);
  backlog_.forget(job);
  if (!done) {
    cancelled_.erase(&job);
    return;
  }
  jobs_.erase(id);
  auto& counter = result.ok ? metrics_.jobs_returned : metrics_.jobs_failed;
  counter.fetch_add(1, std::memory_order_relaxed);
  done(id, std::move(result));
}

void Dispatcher::finish_with(PendingJob& job, Code code, const char* message) {
  ScriptResult result;
  result.error = Error{code, message, {}};
  result.finished = wall_time(now_ns_);
  finish(job, std::move(result));
}

}  // namespace troupe::lua_sandbox
