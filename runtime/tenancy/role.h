#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace troupe::tenancy {

// Both kinds of role grow: who holds one may do whatever the smaller ones may.

/// What somebody is in a workspace. An owner is a tenant_admin who may also make owners.
enum class WorkspaceRole : std::uint8_t { kMember, kAdmin, kOwner };
enum class ProjectRole : std::uint8_t { kViewer, kContributor, kAdmin };

/// As the API writes it: tenant_member or tenant_admin. That an owner is one is a flag beside it.
constexpr std::string_view name(WorkspaceRole role) {
  return role == WorkspaceRole::kMember ? "tenant_member" : "tenant_admin";
}
constexpr bool is_owner(WorkspaceRole role) { return role == WorkspaceRole::kOwner; }
/// Nothing for an unknown name, and for an owner who is no tenant_admin.
constexpr std::optional<WorkspaceRole> parse_workspace_role(std::string_view name, bool owner) {
  if (name == "tenant_admin") return owner ? WorkspaceRole::kOwner : WorkspaceRole::kAdmin;
  if (name == "tenant_member" && !owner) return WorkspaceRole::kMember;
  return std::nullopt;
}

/// project_viewer, project_contributor or project_admin.
constexpr std::string_view name(ProjectRole role) {
  if (role == ProjectRole::kViewer) return "project_viewer";
  return role == ProjectRole::kContributor ? "project_contributor" : "project_admin";
}
constexpr std::optional<ProjectRole> parse_project_role(std::string_view name) {
  if (name == "project_viewer") return ProjectRole::kViewer;
  if (name == "project_contributor") return ProjectRole::kContributor;
  if (name == "project_admin") return ProjectRole::kAdmin;
  return std::nullopt;
}

/// Where a membership stands. Only an active one gives anything.
enum class MemberState : std::uint8_t {
  kActive,
  kDeactivated,  ///< for now, by an administrator: content and roles stay
  kRemoved,      ///< left, or was removed
};
constexpr std::string_view name(MemberState state) {
  if (state == MemberState::kActive) return "active";
  return state == MemberState::kDeactivated ? "deactivated" : "removed";
}

/// What a member of the workspace is in one of its projects; nothing: the project is hidden. A role
/// that was given there explicitly wins, also where it is less than a tenant_admin would have.
constexpr std::optional<ProjectRole> effective_role(WorkspaceRole role,
                                                    bool is_private,
                                                    std::optional<ProjectRole> given) {
  if (given) return given;
  if (role >= WorkspaceRole::kAdmin) return ProjectRole::kAdmin;
  return is_private ? std::nullopt : std::optional(ProjectRole::kContributor);
}

/// What a member is to the things that belong to no project: every member reads them, and only a
/// tenant_admin changes them.
constexpr ProjectRole global_role(WorkspaceRole role) {
  return role >= WorkspaceRole::kAdmin ? ProjectRole::kAdmin : ProjectRole::kViewer;
}

}  // namespace troupe::tenancy
