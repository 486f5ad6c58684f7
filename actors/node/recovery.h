#pragma once

#include <map>

#include "actors/messages.h"
#include "actors/node/services.h"

namespace troupe::actors {

/// What an earlier life or another owner left open in some slots, read from snapshots and the
/// journals behind them.
struct Recovered {
  std::map<WorkspaceId, std::shared_ptr<std::vector<run::State>>> states;
  std::vector<OpenEntities::Entity> uncovered;  ///< `tenant` still unset
  std::vector<std::pair<WorkspaceId, QuarantineRun>> quarantined;
  std::map<RunId, WorkspaceId> workspace_of;    ///< of `uncovered`
  /// of runs whose group was cut off between its frames and its rows
  std::map<WorkspaceId, std::vector<store::RunRow>> rows;
};
Result<Recovered> recover(Services& services, store::Reader& reader,
                          const cluster::SlotSet& slots);

}  // namespace troupe::actors
