#include "adapters/lua_sandbox/child.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "adapters/lua_sandbox/confine.h"
#include "adapters/lua_sandbox/interpreter.h"

namespace troupe::lua_sandbox {
namespace {

constexpr std::int64_t kFlushAfterNs = 500'000;
constexpr std::size_t kFlushBytes = 128 << 10;
constexpr std::size_t kReadBytes = 256 << 10;

// For the signal handler, which has no other way to it.
class Child;
Child* g_child = nullptr;

/// One job that was started.
struct Job {
  std::uint64_t seq = 0;
  std::int64_t started_ns = 0;
  std::int64_t left_ns = 0;  ///< of its time; stands still during host calls
  std::uint64_t workspace_high = 0;
  std::uint64_t workspace_low = 0;
  std::unique_ptr<Interpreter> interpreter;
};

/// Reads frames, runs jobs one at a time, writes results in batches. Single-threaded; any breach of
/// the protocol ends the process, since only the parent writes to the socket.
class Child {
 public:
  Child(SharedPage* page, const ChildSettings& settings) : page_(*page), settings_(settings) {}

  [[noreturn]] void run() {
    in_.resize(kReadBytes);
    for (;;) {
      read_more();
      while (handle_next_frame()) {
      }
    }
  }

  void on_alarm();

 private:
  ssize_t receive(int flags);
  void read_more();
  bool handle_next_frame();
  void handle(FrameType type, std::string_view body);
  void on_script(std::string_view body);
  void on_job(std::string_view body);
  void on_host_reply(std::string_view body);
  void forget_scripts();
  std::unique_ptr<Interpreter> interpreter_for(const JobHead& head);
  template <class Step>
  Interpreter::Outcome run_slice(Job& job, const Step& step);
  void settle(Job job, Interpreter::Outcome outcome);
  void send_result(const Job& job, bool ok, Code code, std::string_view text);
  void keep_or_drop(Job& job);
  void flush();

  struct Source {
    std::string name;
    std::string text;
  };
  struct IdleState {
    std::uint64_t workspace_high;
    std::uint64_t workspace_low;
    std::unique_ptr<Interpreter> interpreter;
  };

  SharedPage& page_;
  const ChildSettings settings_;
  std::string in_;  ///< a buffer; what was received lies at [in_at_, in_end_)
  std::size_t in_at_ = 0;
  std::size_t in_end_ = 0;
  Interpreter* volatile running_ = nullptr;  ///< for the signal handler
  std::string out_;
  std::int64_t now_ns_ = 0;  ///< end of the last slice
  std::int64_t last_flush_ns_ = 0;
  std::unordered_map<std::uint64_t, Source> scripts_;
  std::vector<IdleState> idle_;                     ///< least recently used first
  std::unordered_map<std::uint64_t, Job> waiting_;  ///< for host calls
  std::string reply_;
};

void Child::flush() {
  std::size_t at = 0;
  while (at < out_.size()) {
    const ssize_t sent = send(kChildSocket, out_.data() + at, out_.size() - at, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) _exit(0);
    at += static_cast<std::size_t>(sent);
  }
  out_.clear();
  last_flush_ns_ = now_ns_;
}

// The parent sends SIGALRM when a job runs long, so that answers of jobs before it do not wait for
// it, and when the job is over its deadline. By the time the signal arrives another job may run, so
// everything is checked here. While a script runs nothing else touches `out_`.
void Child::on_alarm() {
  Interpreter* const running = running_;
  if (running == nullptr) return;
  if (!out_.empty()) flush();
  const std::uint64_t seq = page_.running.load();
  if (monotonic_ns() >= page_.deadline_ns.load() || page_.stopped.load() == seq) {
    running->stop_from_signal();
  }
}

ssize_t Child::receive(int flags) {
  return recv(kChildSocket, in_.data() + in_end_, in_.size() - in_end_, flags);
}

// Answers leave when there is nothing left to do; after that it spins a moment, because a sleeping
// process needs ten times as long to come back.
void Child::read_more() {
  if (in_at_ > 0) {
    std::memmove(in_.data(), in_.data() + in_at_, in_end_ - in_at_);
    in_end_ -= in_at_;
    in_at_ = 0;
  }
  if (in_end_ == in_.size()) in_.resize(in_.size() * 2);
  if (in_end_ == 0 && in_.size() > kReadBytes) {
    in_ = std::string(kReadBytes, '\0');
  }
  ssize_t got = receive(MSG_DONTWAIT);
  if (got < 0) {
    if (!out_.empty()) flush();
    if (out_.capacity() > (1 << 20)) out_.shrink_to_fit();
    const std::int64_t spin_until = now_ns_ + std::int64_t{settings_.spin_us} * 1000;
    while (got < 0 && (errno == EAGAIN || errno == EINTR) && monotonic_ns() < spin_until) {
      got = receive(MSG_DONTWAIT);
    }
    while (got < 0) {
      if (errno != EAGAIN && errno != EINTR) _exit(0);
      got = receive(0);
    }
  }
  if (got == 0) _exit(0);
  in_end_ += static_cast<std::size_t>(got);
}

bool Child::handle_next_frame() {
  std::string_view rest(in_.data() + in_at_, in_end_ - in_at_);
  FrameHead head{};
  if (!take(rest, head) || rest.size() < head.size) return false;
  in_at_ += sizeof head + head.size;
  handle(head.type, rest.substr(0, head.size));
  if (out_.size() > kFlushBytes || (!out_.empty() && now_ns_ - last_flush_ns_ > kFlushAfterNs)) {
    flush();
  }
  return true;
}

void Child::handle(FrameType type, std::string_view body) {
  switch (type) {
    case FrameType::kScript:
      return on_script(body);
    case FrameType::kForgetScripts:
      return forget_scripts();
    case FrameType::kJob:
      return on_job(body);
    case FrameType::kHostReply:
      return on_host_reply(body);
    case FrameType::kCancel: {
      SeqHead head{};
      if (!take(body, head)) _exit(1);
      waiting_.erase(head.seq);
      return;
    }
    default:
      _exit(1);
  }
}

void Child::on_script(std::string_view body) {
  ScriptHead head{};
  if (!take(body, head) || body.size() < head.name_size) _exit(1);
  scripts_[head.script] =
      Source{std::string(body.substr(0, head.name_size)), std::string(body.substr(head.name_size))};
}

void Child::forget_scripts() {
  scripts_.clear();
  idle_.clear();
}

std::unique_ptr<Interpreter> Child::interpreter_for(const JobHead& head) {
  for (std::size_t i = idle_.size(); i-- > 0;) {
    IdleState& state = idle_[i];
    if (state.workspace_low != head.workspace_low || state.workspace_high != head.workspace_high) {
      continue;
    }
    std::unique_ptr<Interpreter> found = std::move(state.interpreter);
    idle_.erase(idle_.begin() + static_cast<std::ptrdiff_t>(i));
    return found;
  }
  return Interpreter::create(head.memory_bytes_max);
}

template <class Step>
Interpreter::Outcome Child::run_slice(Job& job, const Step& step) {
  const std::int64_t since = monotonic_ns();
  if (job.started_ns == 0) job.started_ns = since;
  page_.since_ns.store(since, std::memory_order_relaxed);
  page_.deadline_ns.store(since + job.left_ns, std::memory_order_relaxed);
  page_.running.store(job.seq, std::memory_order_release);
  running_ = job.interpreter.get();
  const Interpreter::Outcome outcome = step();
  running_ = nullptr;
  page_.running.store(0, std::memory_order_release);
  now_ns_ = monotonic_ns();
  job.left_ns -= now_ns_ - since;
  return outcome;
}

void Child::on_job(std::string_view body) {
  JobHead head{};
  if (!take(body, head)) _exit(1);
  page_.claimed.store(head.seq);
  if (head.seq <= page_.revoked.load()) {
    return put_frame(out_, FrameType::kSkipped, SeqHead{head.seq});
  }
  const auto script = scripts_.find(head.script);
  if (script == scripts_.end()) _exit(1);
  Job job;
  job.seq = head.seq;
  job.left_ns = head.timeout_ns;
  job.workspace_high = head.workspace_high;
  job.workspace_low = head.workspace_low;
  job.interpreter = interpreter_for(head);
  if (job.interpreter == nullptr) {
    job.started_ns = now_ns_ = monotonic_ns();
    return send_result(job, false, Code::kLuaMemory, "there is no memory for an interpreter");
  }
  Run run;
  run.script = head.script;
  run.source = &script->second.text;
  run.name = script->second.name;
  run.globals = body;
  run.memory_bytes_max = head.memory_bytes_max;
  run.result_bytes_max = head.result_bytes_max;
  run.logs_bytes_max = head.logs_bytes_max;
  Interpreter& interpreter = *job.interpreter;
  const auto outcome = run_slice(job, [&] { return interpreter.start(run); });
  settle(std::move(job), outcome);
}

void Child::on_host_reply(std::string_view body) {
  HostReplyHead head{};
  if (!take(body, head)) _exit(1);
  const auto found = waiting_.find(head.seq);
  if (found == waiting_.end()) return;
  Job job = std::move(found->second);
  waiting_.erase(found);
  Interpreter& interpreter = *job.interpreter;
  const auto outcome = run_slice(job, [&] { return interpreter.resume(head.ok != 0, body); });
  settle(std::move(job), outcome);
}

void Child::settle(Job job, Interpreter::Outcome outcome) {
  Interpreter& interpreter = *job.interpreter;
  if (outcome == Interpreter::Outcome::kHostCall) {
    const std::string& name = interpreter.host_name();
    put_frame(out_, FrameType::kHostCall,
              HostCallHead{job.seq, static_cast<std::uint32_t>(name.size())}, name,
              interpreter.text());
    const std::uint64_t seq = job.seq;
    waiting_.emplace(seq, std::move(job));
    return;
  }
  send_result(job, outcome == Interpreter::Outcome::kReturned, interpreter.code(),
              interpreter.text());
  keep_or_drop(job);
}

void Child::send_result(const Job& job, bool ok, Code code, std::string_view text) {
  const Interpreter* const interpreter = job.interpreter.get();
  ResultHead head{};
  head.started_ns = job.started_ns;
  head.finished_ns = now_ns_;
  head.seq = job.seq;
  head.code = ok ? kResultOk : static_cast<std::uint32_t>(code);
  head.text_size = static_cast<std::uint32_t>(text.size());
  head.logs_truncated = interpreter != nullptr && interpreter->logs_truncated();
  put_frame(out_, FrameType::kResult, head, text,
            interpreter != nullptr ? std::string_view(interpreter->logs()) : std::string_view());
}

// Closing a state that holds many small objects takes tens of milliseconds and leaves a torn heap:
// then it is better to end the process, after its answers have left. The parent has another made.
void Child::keep_or_drop(Job& job) {
  if (job.interpreter->bytes_used() > settings_.retire_bytes && waiting_.empty()) {
    flush();
    _exit(0);
  }
  job.interpreter->finish();
  if (job.interpreter->worn() || job.interpreter->bytes_used() > settings_.retire_bytes / 4) {
    if (job.interpreter->bytes_used() > (1 << 20)) flush();
    job.interpreter.reset();
    return;
  }
  idle_.push_back({job.workspace_high, job.workspace_low, std::move(job.interpreter)});
  if (idle_.size() > settings_.states_max) idle_.erase(idle_.begin());
}

}  // namespace

void child_main(SharedPage* page, const ChildSettings& settings) {
  static Child child(page, settings);
  g_child = &child;
  struct sigaction action {};
  action.sa_handler = [](int) { g_child->on_alarm(); };
  action.sa_flags = SA_RESTART;
  sigaction(SIGALRM, &action, nullptr);
  if (!confine(settings.address_space_bytes_max)) _exit(2);
  child.run();
}

}  // namespace troupe::lua_sandbox
