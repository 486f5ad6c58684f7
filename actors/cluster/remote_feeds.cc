#include "actors/cluster/remote_feeds.h"

#include "actors/node/services.h"

namespace troupe::actors {

namespace wire = cluster::wire;

namespace {

/// Twice and a half the time after which a viewer asks again.
constexpr Duration kServedFor = milliseconds(12'500);

}  // namespace

Duration RemoteFeeds::now() const { return services_.ports.clock.since_boot(); }

// ---- as a viewer --------------------------------------------------------------------------------

void RemoteFeeds::view(RunId run) {
  {
    const std::lock_guard lock(mutex_);
    ++views_[run];
  }
  ask_for(run);
}

void RemoteFeeds::leave(RunId run) {
  const std::lock_guard lock(mutex_);
  if (const auto found = views_.find(run); found != views_.end() && --found->second == 0) {
    views_.erase(found);
  }
}

std::uint64_t RemoteFeeds::view(const Hub::Scope& scope, Hub::ScopeWatcher watcher) {
  std::uint64_t view = 0;
  {
    const std::lock_guard lock(mutex_);
    view = next_++;
    scope_views_[view] = {scope, std::move(watcher)};
  }
  ask_for(view, scope);
  return view;
}

void RemoteFeeds::leave(std::uint64_t view) {
  const std::lock_guard lock(mutex_);
  scope_views_.erase(view);
}

void RemoteFeeds::ask_again() {
  std::vector<RunId> runs;
  std::vector<std::pair<std::uint64_t, Hub::Scope>> scopes;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [run, readers] : views_) runs.push_back(run);
    for (const auto& [view, entry] : scope_views_) scopes.emplace_back(view, entry.scope);
    drop_late(now());
  }
  for (const RunId run : runs) {
    if (services_.ownership.is_mine(run)) continue;
    ask_for(run);
    services_.hub.tell(run, {});  // news may have been lost: its readers look for themselves
  }
  for (const auto& [view, scope] : scopes) ask_for(view, scope);
}

void RemoteFeeds::taken_up(const cluster::SlotSet& slots) {
  std::vector<RunId> runs;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [run, readers] : views_) {
      if (slots.test(cluster::slot_of(run))) runs.push_back(run);
    }
  }
  // The last news of the owner before may have been lost, and nobody is asked for it again.
  for (const RunId run : runs) services_.hub.tell(run, {});
}

void RemoteFeeds::ask_for(RunId run) {
  const store::NodeNumber owner = services_.ownership.owner(run);
  const store::NodeNumber self = services_.ownership.self();
  if (owner == 0 || owner == self) return;
  services_.ports.bus->tell(owner, wire::encode(wire::WatchCall{run, self}));
}

void RemoteFeeds::ask_for(std::uint64_t view, const Hub::Scope& scope) {
  services_.ports.bus->tell_all(wire::encode(wire::WatchScopeCall{
      services_.ownership.self(), view, scope.workspace, scope.project, scope.workflow}));
}

void RemoteFeeds::hear(wire::NewsCall call) {
  services_.hub.tell(call.run, {call.head, call.seq, call.ended, std::move(call.live)});
}

void RemoteFeeds::hear(wire::ScopeNewsCall call) {
  Hub::ScopeWatcher watcher;
  {
    const std::lock_guard lock(mutex_);
    const auto found = scope_views_.find(call.watch);
    if (found == scope_views_.end()) return;
    watcher = found->second.watcher;
  }
  watcher(call.events);
}

// ---- as an owner --------------------------------------------------------------------------------

void RemoteFeeds::serve(const wire::WatchCall& call) {
  if (!services_.ownership.is_mine(call.run)) return;
  const Duration at = now();
  const std::lock_guard lock(mutex_);
  if (closed_) return;
  drop_late(at);
  Served& served = served_[{call.viewer, call.run}];
  served.until = {at.us + kServedFor.us};
  if (served.hub_watch != 0) return;
  served.hub_watch = services_.hub.watch(
      call.run, [this, run = call.run, viewer = call.viewer](const Hub::News& news) {
        // Where the run has left, this node may be a viewer itself: it passes nothing on.
        if (!services_.ownership.is_mine(run)) return;
        services_.ports.bus->tell(
            viewer, wire::encode(wire::NewsCall{run, news.head, news.seq, news.ended, news.live}));
      });
}

void RemoteFeeds::serve(const wire::WatchScopeCall& call) {
  const Duration at = now();
  const std::lock_guard lock(mutex_);
  if (closed_) return;
  drop_late(at);
  Served& served = served_scopes_[{call.viewer, call.watch}];
  served.until = {at.us + kServedFor.us};
  if (served.hub_watch != 0) return;
  served.hub_watch = services_.hub.watch_scope(
      {call.workspace, call.project, call.workflow},
      [this, viewer = call.viewer, watch = call.watch](const std::vector<LiveEvent>& events) {
        services_.ports.bus->tell(viewer, wire::encode(wire::ScopeNewsCall{watch, events}));
      });
}

void RemoteFeeds::drop_late(Duration at) {
  const auto late = [&](const auto& entry) {
    if (entry.second.until > at) return false;
    services_.hub.unwatch(entry.second.hub_watch);
    return true;
  };
  std::erase_if(served_, late);
  std::erase_if(served_scopes_, late);
}

void RemoteFeeds::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  drop_late({INT64_MAX});
  views_.clear();
  scope_views_.clear();
}

}  // namespace troupe::actors
