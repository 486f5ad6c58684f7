#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "actors/node/services.h"

namespace troupe::actors {

/// Workflows that have been changed or published here. Before that is acknowledged every node that
/// may start runs has stopped to believe what it remembers of them: it has said so, or it is gone,
/// or its lease has been renewed since, or has run out; each renewal shows whether the catalog has
/// changed. So a start needs no question to the store, and is of what was published last all the
/// same. Owned by the cluster actor.
class Announcements {
 public:
  Announcements(Services& services, std::function<ClusterActor()> self)
      : services_(services), self_(std::move(self)) {}

  void add(const Announce& message);
  /// `view` was read after everything that has been added so far.
  void send(const store::ClusterView& view);
  void tell(const TellChange& message, const store::ClusterView& view);

 private:
  Services& services_;
  const std::function<ClusterActor()> self_;
  std::vector<Announce> waiting_;  ///< for a view
};

}  // namespace troupe::actors
