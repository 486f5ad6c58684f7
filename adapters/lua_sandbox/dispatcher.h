#pragma once

#include <atomic>
#include <limits>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "adapters/lua_sandbox/backlog.h"
#include "adapters/lua_sandbox/pool.h"
#include "adapters/lua_sandbox/worker.h"

namespace troupe::lua_sandbox {

/// What other threads leave for the dispatcher. Host calls hold on to it, so that an answer that
/// comes after the pool's end falls into nothing.
struct Inbox {
  struct Submission {
    ScriptJob job;
    ScriptExecutor::Done done;
  };
  struct Reply {
    std::uint64_t job;
    std::uint64_t call;
    Result<json::Text> answer;
  };
  struct Cancel {
    std::uint64_t job = 0;
    std::size_t behind = 0;  ///< so many submissions: a later one may use the number again
  };
  struct Content {
    std::vector<Submission> submissions;
    std::vector<Cancel> cancels;
    std::vector<Reply> replies;
    bool stop = false;
  };

  Inbox();
  template <class Change>
  void post(const Change& change) {
    {
      const std::lock_guard lock(mutex);
      change(content);
      filled.store(true);
    }
    if (sleeping.load()) wake();
  }
  void wake();

  std::mutex mutex;
  Content content;  ///< guarded by `mutex`
  std::atomic<bool> filled{false};
  std::atomic<bool> sleeping{false};  ///< the dispatcher needs `event` to notice
  Descriptor event;
};

/// The pool's thread: gives jobs to children, takes their results, watches their deadlines.
/// Everything here happens on that thread.
class Dispatcher {
 public:
  Dispatcher(Zygote zygote,
             const Clock& clock,
             Options options,
             Metrics& metrics,
             std::shared_ptr<Inbox> inbox);
  void run();

 private:
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

  // dispatcher.cc
  void take_inbox();
  void submit(Inbox::Submission submission);
  void cancel(std::uint64_t id);
  void reply(const Inbox::Reply& reply);
  void dispatch();
  Worker* pick();
  void keep_size();
  void spawn();
  void on_zygote();
  void fail_backlog(Code code, const char* message);
  void end_all();
  void wait();
  /// Waits at most so long (negative: for ever); true if something happened.
  bool handle_events(std::int64_t timeout_ns);
  void requeue(PendingJob& job);
  void finish(PendingJob& job, ScriptResult result);
  void finish_with(PendingJob& job, Code code, const char* message);
  void leave_child(PendingJob& job);
  void uncount(PendingJob& job);

  // dispatcher_workers.cc
  void read(Worker& worker);
  bool handle_frame(Worker& worker, FrameType type, std::string_view body);
  bool on_result(Worker& worker, std::string_view body);
  bool on_host_call(Worker& worker, std::string_view body);
  bool take_logs(std::string_view bytes, ScriptResult& result) const;
  void check_workers();
  void check(Worker& worker);
  void note_long(Worker& worker, PendingJob& job);
  void end_long(Worker& worker);
  void watch_deadline(Worker& worker, PendingJob& job, std::int64_t deadline_ns);
  void lose(Worker& worker, PendingJob* culprit, Code code, const char* message);
  void remove(Worker& worker);
  void check_by(std::int64_t time_ns) { next_check_ns_ = std::min(next_check_ns_, time_ns); }
  TimePoint wall_time(std::int64_t monotonic) const;

  Zygote zygote_;
  const Clock& clock_;
  const Options options_;
  Metrics& metrics_;
  const std::shared_ptr<Inbox> inbox_;
  ChildSettings child_settings_;
  std::size_t children_ = 0;
  Descriptor epoll_;
  Inbox::Content taken_;
  Backlog backlog_;
  std::unordered_map<std::uint64_t, std::unique_ptr<PendingJob>> jobs_;
  /// Jobs whose callers heard already, while a child still has them. They have no `done`.
  std::unordered_map<PendingJob*, std::unique_ptr<PendingJob>> cancelled_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<std::unique_ptr<Worker>> ended_;  ///< destroyed when no one looks at them any more
  std::uint64_t next_token_ = 1;
  std::uint64_t next_host_call_ = 1;
  std::int64_t now_ns_ = 0;
  std::int64_t wall_offset_us_ = 0;
  std::int64_t next_check_ns_ = 0;
  std::int64_t spawn_after_ns_ = 0;
  unsigned failed_spawns_ = 0;  ///< in a row: children that ended without a word
  std::size_t in_children_ = 0;
  bool zygote_lost_ = false;
  bool stop_ = false;
};

}  // namespace troupe::lua_sandbox
