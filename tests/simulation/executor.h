#pragma once

#include <functional>
#include <map>
#include <string>

#include "runtime/port/script.h"
#include "runtime/port/work_queue.h"
#include "tests/simulation/ports.h"

namespace troupe::simulation {

/// What scripts have done outside, whichever node executed them. Outlives the nodes.
struct Books {
  std::map<std::string, int> executions;  ///< of each (run, step, iteration)
  /// Of these, by nodes that had been declared gone and did not know it yet: nobody counts on them.
  std::map<std::string, int> by_gone;
  std::map<std::string, int> failures, losses;
  TimePoint lost_at;  ///< the last job of which nobody heard again
  /// Asked when a script with an effect starts: whether its start is durable.
  std::function<bool(const std::string& run, const std::string& step)> start_is_durable;
  std::function<void(std::string)> complain;
  /// Of a step outside of loops.
  bool happened(RunId run, const std::string& step) const {
    return executions.count(run.to_string() + "/" + step + "//") > 0;
  }
};

/// Stands in for the Lua sandbox of one node and for users' workers, and keeps the books. A script
/// is a line of words: what to do (`sum`, `parity`, `fail`, `flaky N`, `hang N`, `failmod M`, `ge
/// K`, `pass K`), terms to add up (numbers, paths into the globals, `7*path`), `@name` and flags
/// (`!effect !lossy !big !prints`). A task has such a line in its arguments, which are what a
/// script's globals are. A missing path counts as 0; a list of loop results as the sum over its
/// items. Jobs end in random order after random delays; some are lost, before or after their
/// effect, some tasks find nobody, and some answers come after their task was taken back.
class Executor final : public ScriptExecutor {
 public:
  Executor(SimClock& clock, Random& random, Books& books)
      : clock_(clock), random_(random), books_(books) {}

  void submit(ScriptJob job, Done done) override;
  void cancel(std::uint64_t job) override;
  /// The queue behind which the workers stand.
  WorkQueue& workers() { return workers_; }

  bool ready() const;
  TimePoint next_due() const;  ///< unset: nothing is in flight
  void complete_one();         ///< a random one of those that are due
  void clear() { jobs_.clear(); }  ///< the process died
  std::size_t in_flight() const { return jobs_.size(); }

  bool faults = true;
  bool closed = false;  ///< the process is dying: what it still submits is lost
  /// Told the run of each job that is submitted, and whether it lies in the body of a loop.
  std::function<void(RunId, bool)> works_on = [](RunId, bool) {};
  /// Whether the node has been declared gone.
  std::function<bool()> is_gone = [] { return false; };

 private:
  struct Job {
    std::string source, globals;
    std::function<void(AttemptResult)> done;
    TimePoint due, started;
    bool is_task = false;
    bool cancelled = false;
  };
  class Workers final : public WorkQueue {
   public:
    explicit Workers(Executor& executor) : executor_(executor) {}
    Ticket request_work(WorkRequest request, std::function<void()> heartbeat,
                        WorkQueue::Done done) override;
    bool cancel(Ticket ticket) override;

   private:
    Executor& executor_;
  };
  void take(std::uint64_t id, Job job, Duration timeout);
  AttemptResult run(const Job& job);
  void note(const std::string& key);

  SimClock& clock_;
  Random& random_;
  Books& books_;
  Workers workers_{*this};
  std::map<std::uint64_t, Job> jobs_;  ///< tickets of tasks have the highest bit set
  std::uint64_t last_task_ = 0;
};

}  // namespace troupe::simulation
