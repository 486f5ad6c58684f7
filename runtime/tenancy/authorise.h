#pragma once

#include <optional>
#include <variant>

#include "runtime/base/result.h"
#include "runtime/tenancy/permission.h"
#include "runtime/tenancy/principal.h"

namespace troupe::tenancy {

// What the store knows of the places that a request names and of the caller in them. Whoever fills
// it in takes the places from the request, or from `binding_of` where the request names none, and
// says which of the three it was: an absent place must be refused in the same words, and after the
// same checks, as one that the caller may not see.

/// Neither the request nor the credential names one.
struct NotNamed {};
/// One is named, and there is none of that name.
struct Absent {};

struct Membership {
  WorkspaceRole role = WorkspaceRole::kMember;
  MemberState state = MemberState::kRemoved;
};
struct WorkspaceStanding {
  WorkspaceId id;
  std::optional<Membership> membership;  ///< of the caller
};
struct ProjectStanding {
  ProjectId id;
  WorkspaceId workspace;
  bool is_private = true;
  std::optional<ProjectRole> given;  ///< the caller's explicit role
};
struct Standing {
  std::variant<NotNamed, Absent, WorkspaceStanding> workspace;
  std::variant<NotNamed, Absent, ProjectStanding> project;
};

/// Says that a caller may do one thing, and as what. Only `authorise` makes one, so a function that
/// takes a Grant cannot be called for a caller whom nobody has checked.
class Grant {
 public:
  Permission permission() const { return permission_; }
  /// Unset for what reaches no workspace.
  std::optional<WorkspaceId> workspace() const { return workspace_; }
  /// Unset for what reaches none, and for what belongs to the workspace as a whole.
  std::optional<ProjectId> project() const { return project_; }
  std::optional<WorkspaceRole> workspace_role() const { return workspace_role_; }
  /// In the project, or for what belongs to no project; unset unless the permission reaches there.
  std::optional<ProjectRole> project_role() const { return project_role_; }

  /// Whether a list may show what lies in this project of the workspace.
  bool shows(const ProjectStanding& project) const;
  /// Whether it may show what belongs to the workspace as a whole.
  bool shows_global() const;

 private:
  friend Result<Grant> authorise(const Principal& principal,
                                 const Standing& standing,
                                 Permission permission,
                                 TimePoint now);
  friend class Authorisation;
  explicit Grant(Permission permission) : permission_(permission) {}
  bool suffices(std::optional<ProjectRole> role) const;

  Permission permission_;
  bool is_operator_ = false;
  std::optional<ProjectId> bound_to_;  ///< the token reaches no other project
  std::optional<WorkspaceId> workspace_;
  std::optional<ProjectId> project_;
  std::optional<WorkspaceRole> workspace_role_;
  std::optional<ProjectRole> project_role_;
};

/// Whether the caller may. The scopes of a token and the roles of its user both have to allow it.
/// - kUnauthorized: nobody asks, or with a token that has expired.
/// - kForbidden: the scopes or the role do not suffice, or the token is bound to another place. Of
///   a place that is named this tells nothing that the caller could not see.
/// - kNotFound: a workspace or project that is not there, or not for this caller: of which he is no
///   active member, or that is private and he has no role in it. The same words for both.
/// - kInvalidRequest: the permission is about a workspace or a project, and none is named.
Result<Grant> authorise(const Principal& principal,
                        const Standing& standing,
                        Permission permission,
                        TimePoint now);

}  // namespace troupe::tenancy
