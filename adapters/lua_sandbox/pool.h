#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>

#include "adapters/lua_sandbox/zygote.h"
#include "runtime/port/script.h"
#include "runtime/port/system.h"

namespace troupe::lua_sandbox {

struct Options {
  /// Children that are kept; 0: one per core. Those busy with a long script do not count.
  std::size_t children = 0;
  /// All children together, the busy ones included.
  std::size_t children_max = 16;
  /// A workspace with a long script running has at most this many jobs in children at once.
  std::size_t long_running_per_workspace_max = 4;
  /// From here on a script is long: the jobs behind it go to other children.
  Duration long_after = milliseconds(10);
  /// From the deadline, when the script is asked to end, to the kill of its process.
  Duration kill_after = milliseconds(25);
  /// A child beyond `children` that had nothing to do for so long is let go.
  Duration idle_after = seconds(10);
  /// Jobs that wait in one child at most; fewer when scripts are slow (about 2 ms of work).
  std::size_t window_jobs_max = 128;
  /// Jobs in one child that wait for host calls at most; each holds an interpreter there.
  std::size_t waiting_jobs_per_child_max = 512;
  /// How long both sides look for more before they sleep, while jobs are in flight; a sleeper
  /// answers ten times later. 0: never.
  std::uint32_t spin_us = 20;
  /// How much the address space of a child may grow: several states, and buffers.
  std::uint64_t address_space_bytes_max = std::uint64_t{256} << 20;
  /// Interpreter states that one child keeps for workspaces it served last.
  std::uint32_t states_per_child_max = 64;
  /// Performs host.call; empty: scripts have no host calls. Called on the pool's thread.
  HostCallHandler host_calls;
};

/// What the pool has done and holds now. Read at any time from any thread.
struct Metrics {
  std::atomic<std::uint64_t> jobs_submitted{0};
  std::atomic<std::uint64_t> jobs_returned{0};
  std::atomic<std::uint64_t> jobs_failed{0};
  std::atomic<std::uint64_t> jobs_requeued{0};  ///< taken back, or their child ended
  std::atomic<std::uint64_t> host_calls{0};
  std::atomic<std::uint64_t> kills_timeout{0};  ///< did not end after SIGALRM
  std::atomic<std::uint64_t> kills_cancelled{0};
  std::atomic<std::uint64_t> kills_unresponsive{0};  ///< gave no sign of life
  std::atomic<std::uint64_t> kills_protocol{0};      ///< sent what no child sends
  std::atomic<std::uint64_t> children_lost{0};       ///< ended by themselves while a script ran
  std::atomic<std::uint64_t> children_started{0};
  std::atomic<std::int64_t> children{0};
  std::atomic<std::int64_t> children_long{0};
  std::atomic<std::int64_t> queued{0};
  std::atomic<std::int64_t> in_children{0};
};

class Dispatcher;
struct Inbox;

/// Runs scripts in sandbox children (DESIGN.md, decision 13). Owned by main(); its one thread does
/// all input and output and calls every callback. Whatever a script does, its job ends at most
/// `kill_after` and a little past its deadline, and other jobs go on. Jobs left at destruction end
/// with kRunStopped. If the zygote is lost, jobs end with kUnavailable: the process must restart.
class Pool final : public ScriptExecutor {
 public:
  /// `clock` gives the times in results; it must outlive the pool.
  Pool(Zygote zygote, const Clock& clock, Options options = {});
  ~Pool() override;
  void submit(ScriptJob job, Done done) override;
  void cancel(std::uint64_t job) override;
  const Metrics& metrics() const { return *metrics_; }

 private:
  std::unique_ptr<Metrics> metrics_;
  std::shared_ptr<Inbox> inbox_;
  std::unique_ptr<Dispatcher> dispatcher_;
  std::thread thread_;
};

}  // namespace troupe::lua_sandbox
