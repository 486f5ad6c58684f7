#pragma once

#include <vector>

#include "runtime/base/result.h"
#include "runtime/tenancy/roster.h"

namespace troupe::tenancy {

// Who has an explicit role in one project. Whoever has none is there what his role in the workspace
// makes him (`effective_role`).

struct ProjectMember {
  UserId user;
  ProjectRole role = ProjectRole::kViewer;
  bool operator==(const ProjectMember&) const = default;
};
struct ProjectRoster {
  std::vector<ProjectMember> members;  ///< one per user
};

/// Rows as they are to be, and whose are to go. Nothing in it: all is as asked already.
struct ProjectRosterChange {
  std::vector<ProjectMember> given;
  std::vector<UserId> taken;
  bool empty() const { return given.empty() && taken.empty(); }
};
void apply(ProjectRoster& roster, const ProjectRosterChange& change);

/// kNotFound: is no member of the workspace. A deactivated one is, and finds the role when he is
/// active again.
Result<ProjectRosterChange> give_role(const Roster& workspace,
                                      const ProjectRoster& project,
                                      UserId user,
                                      ProjectRole role);
/// kNotFound: has no explicit role.
Result<ProjectRosterChange> take_role(const ProjectRoster& project, UserId user);
/// By the member himself. kNotFound: has no explicit role. kConflict: without it he would be more
/// than with it, which is not his to decide.
Result<ProjectRosterChange> leave_project(const Roster& workspace,
                                          const ProjectRoster& project,
                                          bool is_private,
                                          UserId user);

/// Whose explicit roles, in all projects of the workspace, end with this change: who is removed and
/// taken back begins anew.
std::vector<UserId> roles_ended_by(const RosterChange& change);

}  // namespace troupe::tenancy
