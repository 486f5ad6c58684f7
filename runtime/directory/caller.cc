#include "runtime/directory/caller.h"

#include <algorithm>
#include <map>
#include <utility>

#include "runtime/tenancy/token_text.h"

namespace troupe::directory {
namespace {

using store::DocumentKind;
using tenancy::Principal;

/// Whoever runs the installation, or one of his tokens.
bool is_operators(const Principal& principal) {
  if (std::holds_alternative<tenancy::Operator>(principal)) return true;
  const auto* token = std::get_if<tenancy::TokenUser>(&principal);
  return token != nullptr && !token->user.set();
}

bool is_over(const store::Document& document, TimePoint now) {
  return document.expires.set() && document.expires <= now;
}

// Ids come before slugs: a slug is its maker's choice and may look like somebody else's id.

Result<std::optional<store::Workspace>> find_workspace(store::Documents& documents,
                                                       std::string_view name) {
  if (const auto id = Uuid::parse(name)) {
    auto found = documents.workspace(WorkspaceId(*id));
    if (!found || *found) return found;
  }
  return documents.workspace_of_slug(name);
}

/// Archived projects are not there.
std::vector<store::Project>::const_iterator find_project(const std::vector<store::Project>& rows,
                                                         std::string_view name) {
  const auto first = [&](auto is_it) {
    return std::find_if(rows.begin(), rows.end(), [&](const store::Project& row) {
      return !row.archived.set() && is_it(row);
    });
  };
  if (const auto id = Uuid::parse(name)) {
    const auto found = first([&](const auto& row) { return Uuid(row.id) == *id; });
    if (found != rows.end()) return found;
  }
  return first([&](const auto& row) { return row.slug == name; });
}

Result<std::optional<tenancy::ProjectRole>> role_given(store::Documents& documents,
                                                       const Hasher& hasher,
                                                       ProjectId project,
                                                       const Principal& principal) {
  const auto user = tenancy::user_of(principal);
  if (!user || !user->set()) return std::optional<tenancy::ProjectRole>();
  const auto found =
      documents.find(DocumentKind::kProjectMember, project_member_id(hasher, project, *user));
  if (!found) return found.error();
  if (!*found) return std::optional<tenancy::ProjectRole>();
  const auto member = decode_project_member(**found);
  if (!member) return member.error();
  return std::optional(member->role);
}

/// Walks from the workspace into the project.
class Walk {
 public:
  Walk(store::Documents& documents, const Hasher& hasher, const Principal& principal)
      : documents_(documents), hasher_(hasher), principal_(principal) {}

  Status enter_workspace(std::string_view name) {
    const auto found = find_workspace(documents_, name);
    if (!found) return found.error();
    place_.standing.workspace = tenancy::Absent{};
    if (!*found) return ok();
    workspace_ = **found;
    place_.scope = {workspace_->id, ProjectId{}};
    tenancy::WorkspaceStanding standing{workspace_->id, {}};
    if (is_operators(principal_)) {
      standing.membership =
          tenancy::Membership{tenancy::WorkspaceRole::kOwner, tenancy::MemberState::kActive};
    } else if (const auto user = tenancy::user_of(principal_)) {
      const auto member = find_member(documents_, hasher_, workspace_->id, *user);
      if (!member) return member.error();
      if (*member) standing.membership = tenancy::Membership{(*member)->role, (*member)->state};
    }
    place_.standing.workspace = standing;
    return ok();
  }

  /// `by_default`: that it is not there is no mistake of the caller's.
  Status enter_project(std::string_view name, bool by_default) {
    if (!workspace_) {
      if (!by_default) place_.standing.project = tenancy::Absent{};
      return ok();
    }
    const auto projects = documents_.projects_of(workspace_->id);
    if (!projects) return projects.error();
    const auto found = find_project(*projects, name);
    if (found == projects->end()) {
      if (by_default) place_.scope.project.reset();
      else place_.standing.project = tenancy::Absent{};
      return ok();
    }
    const auto given = role_given(documents_, hasher_, found->id, principal_);
    if (!given) return given.error();
    place_.standing.project =
        tenancy::ProjectStanding{found->id, workspace_->id, found->is_private, *given};
    place_.scope.project = found->id;
    return ok();
  }

  Place take() { return std::move(place_); }

 private:
  store::Documents& documents_;
  const Hasher& hasher_;
  const Principal& principal_;
  std::optional<store::Workspace> workspace_;
  Place place_;
};

}  // namespace

Result<Credential> credential_of(store::Documents& documents,
                                 const Hasher& hasher,
                                 std::string_view token,
                                 TimePoint now) {
  const Credential nobody{tenancy::Nobody{}, {}};
  const auto kind = tenancy::kind_of_token(token);
  if (!kind || *kind == tenancy::TokenKind::kInvite) return nobody;
  const bool is_session = *kind == tenancy::TokenKind::kSession;
  const auto found =
      documents.find_by_key(is_session ? DocumentKind::kSession : DocumentKind::kAccessToken, {},
                            {}, secret_key(hasher, token));
  if (!found) return found.error();
  if (!*found || is_over(**found, now)) return nobody;
  if (is_session) {
    const auto session = decode_session(**found);
    if (!session) return session.error();
    return Credential{tenancy::SessionUser{session->user, session->id}, session->expires};
  }
  const auto access = decode_token(**found);
  if (!access) return access.error();
  return Credential{tenancy::TokenUser{access->user, access->id, access->limits},
                    access->limits.expires};
}

Status check_alive(store::Documents& documents, const Context& context) {
  Result<std::optional<store::Document>> found = std::optional(store::Document{});
  if (const auto* session = std::get_if<tenancy::SessionUser>(&context.by)) {
    found = documents.find(DocumentKind::kSession, session->session);
  } else if (const auto* token = std::get_if<tenancy::TokenUser>(&context.by)) {
    found = documents.find(DocumentKind::kAccessToken, token->token);
  }
  if (!found) return found.error();
  const bool is_alive = *found && !is_over(**found, context.now);
  return is_alive ? ok() : Status(Code::kUnauthorized, "The token or session has ended.");
}

Result<Place> place_of(store::Documents& documents,
                       const Hasher& hasher,
                       const Principal& principal,
                       std::string_view tenant,
                       std::string_view project) {
  Walk walk(documents, hasher, principal);
  const auto binding = tenancy::binding_of(principal);
  const bool has_default = is_operators(principal) && !binding;
  std::string workspace_name(tenant);
  if (workspace_name.empty() && binding) workspace_name = binding->workspace.to_string();
  if (workspace_name.empty() && has_default) workspace_name = "default";
  if (workspace_name.empty()) return walk.take();
  if (Status entered = walk.enter_workspace(workspace_name); !entered) return entered.error();
  std::string project_name(project);
  bool by_default = false;
  if (project_name.empty() && binding && binding->project) {
    project_name = binding->project->to_string();
  } else if (project_name.empty() && has_default) {
    project_name = "default";
    by_default = true;
  }
  if (project_name.empty()) return walk.take();
  if (Status entered = walk.enter_project(project_name, by_default); !entered) {
    return entered.error();
  }
  return walk.take();
}

Result<std::vector<SeenProject>> projects_seen(store::Documents& documents,
                                               const Principal& principal,
                                               const tenancy::Grant& grant) {
  const WorkspaceId workspace = grant.workspace().value_or(WorkspaceId{});
  auto rows = documents.projects_of(workspace);
  if (!rows) return rows.error();
  std::map<ProjectId, tenancy::ProjectRole> given;
  if (const auto user = tenancy::user_of(principal); user && user->set()) {
    const auto roles =
        documents.all({DocumentKind::kProjectMember, workspace, {}, Uuid(*user)});
    if (!roles) return roles.error();
    for (const store::Document& row : *roles) {
      const auto member = decode_project_member(row);
      if (!member) return member.error();
      given.emplace(row.project, member->role);
    }
  }
  std::vector<SeenProject> seen;
  for (store::Project& row : *rows) {
    const auto role = given.find(row.id);
    const tenancy::ProjectStanding standing{
        row.id, workspace, row.is_private,
        role == given.end() ? std::nullopt : std::optional(role->second)};
    if (grant.shows(standing)) seen.push_back({std::move(row), standing});
  }
  return seen;
}

Status still_granted(store::Documents& documents,
                     const Context& context,
                     const tenancy::Grant& grant) {
  if (tenancy::rule_of(grant.permission()).need.reach == tenancy::Reach::kNone) return ok();
  if (Status alive = check_alive(documents, context); !alive) return alive;
  const auto name_of = [](const auto& id) { return id ? id->to_string() : std::string(); };
  const auto place = place_of(documents, context.hasher, context.by, name_of(grant.workspace()),
                              name_of(grant.project()));
  if (!place) return place.error();
  const auto now =
      tenancy::authorise(context.by, place->standing, grant.permission(), context.now);
  if (!now) return now.error();
  if (now->workspace_role() < grant.workspace_role()) {
    return {Code::kForbidden, "Your role in the workspace has changed."};
  }
  return ok();
}

}  // namespace troupe::directory
