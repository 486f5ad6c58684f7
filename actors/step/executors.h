#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "actors/store/scope_names.h"
#include "runtime/port/metrics.h"
#include "runtime/port/script.h"
#include "runtime/port/step_service.h"
#include "runtime/port/store.h"
#include "runtime/port/system.h"
#include "runtime/port/work_queue.h"

namespace troupe::actors {

/// A task for a user's process, and whose it is.
struct TaskJob {
  WorkspaceId workspace;
  ProjectId project;
  RunId run;
  std::string step_id;
  std::uint16_t attempt = 1;
  std::string idempotency_key;
  std::string queue, task, args;
  Duration timeout;    ///< from now on
  Duration heartbeat;  ///< the longest silence; 0: none
};

/// What an attempt does, whoever does it.
using Job = std::variant<ScriptJob, TaskJob, ServiceRequest>;

/// Everybody who does the work of attempts: the sandbox, users' processes behind queues, and
/// services outside. It knows what is under way. A callback holds an actor, so the actor system
/// must outlive every one of them: the node's end cancels what is left and waits. Thread-safe.
class Executors {
 public:
  using Done = std::function<void(std::uint64_t token, AttemptResult)>;
  using Read = std::function<void(std::function<void(store::Reader&)>)>;

  /// `work` and `outside` may be null: then what is theirs to do fails as unavailable. `read` runs
  /// a closure over a reader, and `late` counts answers to attempts that were over.
  Executors(ScriptExecutor& scripts, WorkQueue* work, StepService* outside, const Clock& clock,
            ScopeNames& names, Read read, Counter& late);
  ~Executors();

  /// Takes the job; `done` is called exactly once, whatever happens.
  void submit(std::uint64_t token, Job job, Done done);
  /// Ends the job if it has not ended: `done` comes with kRunStopped. Unknown ones are ignored.
  void cancel(std::uint64_t token);
  void cancel_all();
  void wait_empty(Duration patience);

 private:
  /// A task or request under way. Shared with the callbacks of whoever does it, which may outlive
  /// this object.
  struct Task;
  /// What is under way; outlives this object as long as a callback holds it.
  struct Open {
    std::mutex mutex;
    std::condition_variable emptied;
    std::unordered_map<std::uint64_t, std::shared_ptr<Task>> jobs;  ///< null: a script
    void remove(std::uint64_t token);
  };

  void ask(const std::shared_ptr<Task>& task, ServiceRequest request);
  void submit_task(const std::shared_ptr<Task>& task, TaskJob job);
  void send(const std::shared_ptr<Task>& task, const TaskJob& job, const ScopeNames::Names& names);

  ScriptExecutor& scripts_;
  WorkQueue* const work_;
  StepService* const outside_;
  const Clock& clock_;
  ScopeNames& names_;
  const Read read_;
  Counter& late_;
  const std::shared_ptr<Open> open_ = std::make_shared<Open>();
};

}  // namespace troupe::actors
