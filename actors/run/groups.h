#pragma once

#include <unordered_map>

#include "actors/messages.h"
#include "actors/node/services.h"

namespace troupe::actors {

/// What a run has to tell its groups, which may live on other nodes: of each the latest word, sent
/// until the group has answered it. Nothing of it is durable: after a crash the run says everything
/// again, and a group whose parent is silent asks. Owned by a run's actor.
class Groups {
 public:
  explicit Groups(Services& services) : services_(services) {}

  void tell(run::command::TellGroup command, WorkspaceId workspace, const RunActor& run);
  /// What its run is to hear of it, if anything.
  std::optional<run::event::GroupGone> answered(const GroupAnswered& answer, const RunActor& run);
  void again(RunId group, const RunActor& run);
  bool silent() const { return lines_.empty(); }

 private:
  struct Line {
    run::command::TellGroup command;
    WorkspaceId workspace;
    bool started = false;  ///< it is known to exist
    bool asked = false;    ///< an answer is to come, or a pause before the next try to end
  };
  void send(Line& line, const RunActor& run);

  Services& services_;
  std::unordered_map<RunId, Line> lines_;
};

}  // namespace troupe::actors
