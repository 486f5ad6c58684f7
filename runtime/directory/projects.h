#pragma once

#include <optional>
#include <string>

#include "runtime/directory/records.h"
#include "runtime/directory/workspaces.h"

namespace troupe::directory {

// Projects of a workspace. Locks: the workspace. kNotFound for one that is not there.

inline constexpr std::size_t kProjectsMax = 500;  ///< of one workspace; archived ones count

/// kConflict: the slug is taken. kLimitExceeded.
Result<store::Change> create_project(store::Documents& documents,
                                     const Context& context,
                                     WorkspaceId workspace,
                                     const Named& wanted,
                                     bool is_private,
                                     store::Project* made);

struct ProjectPatch {
  std::optional<std::string> name;
  std::optional<bool> is_private;
  std::optional<bool> is_archived;
  std::optional<std::uint32_t> retention_days;  ///< 0: for ever
};
/// One that is archived is in no list and takes no requests; what lies in it stays.
Result<store::Change> change_project(store::Documents& documents,
                                     const Context& context,
                                     WorkspaceId workspace,
                                     ProjectId project,
                                     const ProjectPatch& patch,
                                     store::Project* changed);

/// As `tenancy::give_role`; nothing to be given takes the role.
Result<store::Change> change_project_role(store::Documents& documents,
                                          const Context& context,
                                          WorkspaceId workspace,
                                          ProjectId project,
                                          UserId user,
                                          std::optional<tenancy::ProjectRole> role);
/// The caller leaves.
Result<store::Change> leave_project(store::Documents& documents,
                                    const Context& context,
                                    WorkspaceId workspace,
                                    ProjectId project,
                                    UserId user);

}  // namespace troupe::directory
