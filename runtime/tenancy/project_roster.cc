#include "runtime/tenancy/project_roster.h"

#include <algorithm>
#include <optional>

namespace troupe::tenancy {
namespace {

std::optional<ProjectRole> explicit_role(const ProjectRoster& project, UserId user) {
  const auto it = std::find_if(project.members.begin(), project.members.end(),
                               [&](const ProjectMember& member) { return member.user == user; });
  return it == project.members.end() ? std::nullopt : std::optional(it->role);
}

const Member* find_member(const Roster& workspace, UserId user) {
  const auto it =
      std::find_if(workspace.members.begin(), workspace.members.end(), [&](const Member& member) {
        return member.user == user && member.state != MemberState::kRemoved;
      });
  return it == workspace.members.end() ? nullptr : &*it;
}

Error no_member() { return {Code::kNotFound, "There is no such member.", {}}; }

}  // namespace

void apply(ProjectRoster& roster, const ProjectRosterChange& change) {
  std::erase_if(roster.members, [&](const ProjectMember& member) {
    const auto is_same = [&](const ProjectMember& row) { return row.user == member.user; };
    return std::any_of(change.given.begin(), change.given.end(), is_same) ||
           std::find(change.taken.begin(), change.taken.end(), member.user) != change.taken.end();
  });
  roster.members.insert(roster.members.end(), change.given.begin(), change.given.end());
}

Result<ProjectRosterChange> give_role(const Roster& workspace,
                                      const ProjectRoster& project,
                                      UserId user,
                                      ProjectRole role) {
  if (find_member(workspace, user) == nullptr) return no_member();
  if (explicit_role(project, user) == role) return ProjectRosterChange{};
  return ProjectRosterChange{{{user, role}}, {}};
}

Result<ProjectRosterChange> take_role(const ProjectRoster& project, UserId user) {
  if (!explicit_role(project, user)) return no_member();
  return ProjectRosterChange{{}, {user}};
}

Result<ProjectRosterChange> leave_project(const Roster& workspace,
                                          const ProjectRoster& project,
                                          bool is_private,
                                          UserId user) {
  const Member* member = find_member(workspace, user);
  const std::optional<ProjectRole> given = explicit_role(project, user);
  if (member == nullptr || !given) return no_member();
  const std::optional<ProjectRole> left = effective_role(member->role, is_private, std::nullopt);
  if (left && *left > *given) {
    return {Code::kConflict, "Without this role you would have a greater one here."};
  }
  return ProjectRosterChange{{}, {user}};
}

std::vector<UserId> roles_ended_by(const RosterChange& change) {
  std::vector<UserId> users;
  for (const Member& member : change.members) {
    if (member.state == MemberState::kRemoved) users.push_back(member.user);
  }
  return users;
}

}  // namespace troupe::tenancy
