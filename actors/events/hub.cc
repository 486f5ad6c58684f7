#include "actors/events/hub.h"

namespace troupe::actors {

std::uint64_t Hub::watch(RunId run, Watcher watcher) {
  const std::lock_guard lock(mutex_);
  const std::uint64_t id = next_id_++;
  runs_[run][id] = std::make_shared<Watcher>(std::move(watcher));
  run_of_[id] = run;
  run_watchers_.fetch_add(1);
  return id;
}

std::uint64_t Hub::watch_scope(Scope scope, ScopeWatcher watcher) {
  const std::lock_guard lock(mutex_);
  const std::uint64_t id = next_id_++;
  scopes_[id] = {scope, std::make_shared<ScopeWatcher>(std::move(watcher))};
  scope_watchers_.fetch_add(1);
  return id;
}

void Hub::unwatch(std::uint64_t id) {
  const std::lock_guard lock(mutex_);
  if (const auto found = run_of_.find(id); found != run_of_.end()) {
    const auto run = runs_.find(found->second);
    run->second.erase(id);
    if (run->second.empty()) runs_.erase(run);
    run_of_.erase(found);
    run_watchers_.fetch_sub(1);
  } else if (scopes_.erase(id) > 0) {
    scope_watchers_.fetch_sub(1);
  }
}

bool Hub::watched(RunId run) const {
  if (run_watchers_.load(std::memory_order_relaxed) == 0) return false;
  const std::lock_guard lock(mutex_);
  return runs_.count(run) > 0;
}

void Hub::tell(RunId run, const News& news) {
  if (run_watchers_.load(std::memory_order_relaxed) == 0) return;
  std::vector<std::shared_ptr<Watcher>> watchers;
  {
    const std::lock_guard lock(mutex_);
    const auto found = runs_.find(run);
    if (found == runs_.end()) return;
    for (const auto& [id, watcher] : found->second) watchers.push_back(watcher);
  }
  for (const auto& watcher : watchers) (*watcher)(news);
}

void Hub::tell_scope(const store::RunRow& row, const std::vector<LiveEvent>& events) {
  std::vector<std::shared_ptr<ScopeWatcher>> watchers;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, entry] : scopes_) {
      const Scope& scope = entry.first;
      if (scope.workspace != row.workspace) continue;
      if (scope.project && *scope.project != row.project) continue;
      if (scope.workflow && *scope.workflow != row.workflow) continue;
      watchers.push_back(entry.second);
    }
  }
  for (const auto& watcher : watchers) (*watcher)(events);
}

}  // namespace troupe::actors
