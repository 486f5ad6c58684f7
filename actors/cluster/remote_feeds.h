#pragma once

#include <map>
#include <mutex>

#include "runtime/cluster/wire.h"
#include "actors/events/hub.h"

namespace troupe::actors {

struct Services;

/// Lets readers on one node hear of runs on others. A viewer asks the owner of a run (or all nodes,
/// about a scope) to be told of news, again every few seconds while somebody reads: whoever does
/// not ask again is forgotten, and whatever was lost on the way is found at the next question,
/// because news only say that there is something to read. Thread-safe.
class RemoteFeeds {
 public:
  explicit RemoteFeeds(Services& services) : services_(services) {}

  /// Somebody on this node reads a run's events, wherever it is, until `leave` as often.
  void view(RunId run);
  void leave(RunId run);
  /// The same of a scope: what other nodes tell goes to `watcher`.
  std::uint64_t view(const Hub::Scope& scope, Hub::ScopeWatcher watcher);
  void leave(std::uint64_t view);
  /// To be called every five seconds.
  void ask_again();
  /// These have become this node's own: from now on its hub tells of their runs.
  void taken_up(const cluster::SlotSet& slots);

  /// From other nodes.
  void serve(const cluster::wire::WatchCall& call);
  void serve(const cluster::wire::WatchScopeCall& call);
  void hear(cluster::wire::NewsCall call);
  void hear(cluster::wire::ScopeNewsCall call);
  void close();

 private:
  struct Served {
    std::uint64_t hub_watch = 0;
    Duration until;  ///< since boot
  };
  using ServedKey = std::pair<store::NodeNumber, Uuid>;
  void drop_late(Duration now);
  Duration now() const;
  void ask_for(RunId run);
  void ask_for(std::uint64_t view, const Hub::Scope& scope);

  Services& services_;
  std::mutex mutex_;
  bool closed_ = false;
  std::map<ServedKey, Served> served_;  ///< runs
  std::map<std::pair<store::NodeNumber, std::uint64_t>, Served> served_scopes_;
  struct ScopeView {
    Hub::Scope scope;
    Hub::ScopeWatcher watcher;
  };
  std::uint64_t next_ = 1;
  std::map<RunId, int> views_;  ///< how many readers each has here
  std::map<std::uint64_t, ScopeView> scope_views_;
};

}  // namespace troupe::actors
