#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "runtime/port/engine.h"

namespace troupe::actors {

/// Who watches what. Run actors tell it after each commit; watchers then read at their own pace, so
/// a slow reader holds nobody back. Thread-safe; callbacks come outside its lock and must not
/// block.
class Hub {
 public:
  /// News of a run: it has durable events up to `seq`, in frames up to `head`; or live-only ones.
  struct News {
    store::Pos head = 0;
    std::uint64_t seq = 0;
    bool ended = false;
    std::vector<LiveEvent> live;  ///< without seq
  };
  using Watcher = std::function<void(const News&)>;
  /// What happens in a workspace, for feeds without a run.
  struct Scope {
    WorkspaceId workspace;
    std::optional<ProjectId> project;
    std::optional<WorkflowId> workflow;
  };
  using ScopeWatcher = std::function<void(const std::vector<LiveEvent>&)>;

  std::uint64_t watch(RunId run, Watcher watcher);
  std::uint64_t watch_scope(Scope scope, ScopeWatcher watcher);
  /// After it returns the watcher is not called any more, except for a call already under way.
  void unwatch(std::uint64_t id);

  bool watched(RunId run) const;
  void tell(RunId run, const News& news);
  bool scope_watched() const { return scope_watchers_.load(std::memory_order_relaxed) > 0; }
  void tell_scope(const store::RunRow& row, const std::vector<LiveEvent>& events);

 private:
  mutable std::mutex mutex_;
  std::uint64_t next_id_ = 1;
  std::atomic<std::size_t> run_watchers_{0};
  std::atomic<std::size_t> scope_watchers_{0};
  std::unordered_map<RunId, std::map<std::uint64_t, std::shared_ptr<Watcher>>> runs_;
  std::unordered_map<std::uint64_t, RunId> run_of_;
  std::map<std::uint64_t, std::pair<Scope, std::shared_ptr<ScopeWatcher>>> scopes_;
};

}  // namespace troupe::actors
