#pragma once

#include <string>
#include <vector>

#include "runtime/directory/records.h"

namespace troupe::directory {

/// A slug and a name for people, as the checks of runtime/tenancy give them.
struct Named {
  std::string slug;
  std::string name;
};

/// A workspace with the environments Production and Staging; with an owner, if one is given, and
/// then with a project `default` for him to begin in. No line for the log: whoever calls this knows
/// what was done. kConflict.
Result<store::Change> found_workspace(store::Documents& documents,
                                      const Context& context,
                                      const std::string& product_code,
                                      const Named& wanted,
                                      const User* owner,
                                      store::Workspace* made);
/// The same by the operator. Locks: none.
Result<store::Change> create_workspace(store::Documents& documents,
                                       const Context& context,
                                       const std::string& product_code,
                                       const Named& wanted,
                                       store::Workspace* made);

/// What of a workspace can be changed.
struct WorkspacePatch {
  std::optional<std::string> name;
  std::optional<std::optional<std::uint32_t>> seats_max;
};
/// Locks: the workspace.
Result<store::Change> change_workspace(store::Documents& documents,
                                       const Context& context,
                                       WorkspaceId workspace,
                                       const WorkspacePatch& patch,
                                       store::Workspace* changed);
Result<WorkspaceSettings> settings_of(store::Documents& documents, WorkspaceId workspace);

/// Workspaces of which the user is an active member.
struct OwnWorkspace {
  store::Workspace row;
  tenancy::WorkspaceRole role = tenancy::WorkspaceRole::kMember;
};
Result<std::vector<OwnWorkspace>> workspaces_of(store::Documents& documents, UserId user);

inline constexpr std::size_t kEnvironmentsMax = 100;  ///< of one workspace

// Environments. Locks: the workspace. kConflict: the slug is taken, or it is a protected one.
// kLimitExceeded.
Result<std::vector<Environment>> environments_of(store::Documents& documents,
                                                 WorkspaceId workspace);
struct EnvironmentPatch {
  std::optional<std::string> slug, name, colour;
};
Result<store::Change> create_environment(store::Documents& documents,
                                         const Context& context,
                                         WorkspaceId workspace,
                                         const Named& wanted,
                                         const std::string& colour,
                                         Environment* made);
/// By slug. kNotFound.
Result<store::Change> change_environment(store::Documents& documents,
                                         const Context& context,
                                         WorkspaceId workspace,
                                         const std::string& slug,
                                         const EnvironmentPatch& patch,
                                         Environment* changed);
Result<store::Change> delete_environment(store::Documents& documents,
                                         const Context& context,
                                         WorkspaceId workspace,
                                         const std::string& slug);

}  // namespace troupe::directory
