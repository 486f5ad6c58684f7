#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "runtime/port/store.h"

namespace troupe::actors {

/// What a workspace and a project are called outside. Slugs never change, so what has been read
/// once is kept. An unset project is that of runs which belong to the workspace as a whole: it has
/// no name. Thread-safe.
class ScopeNames {
 public:
  struct Names {
    std::string workspace;
    std::string project;  ///< empty: of the workspace as a whole
  };

  std::optional<Names> find(WorkspaceId workspace, ProjectId project) const;
  /// Reads what is not known. kNotFound.
  Result<Names> load(store::Reader& reader, WorkspaceId workspace, ProjectId project);

 private:
  mutable std::mutex mutex_;
  std::map<std::pair<WorkspaceId, ProjectId>, Names> names_;
};

}  // namespace troupe::actors
