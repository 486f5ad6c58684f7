#include "runtime/tenancy/authorise.h"

#include <string>
#include <utility>

namespace troupe::tenancy {
namespace {

Error forbidden(std::string why) { return {Code::kForbidden, std::move(why), {}}; }
Error no_workspace() { return {Code::kNotFound, "There is no such workspace.", {}}; }
Error no_project() { return {Code::kNotFound, "There is no such project.", {}}; }
Error other_binding() { return forbidden("The token is bound to another workspace or project."); }

bool is_operator(const Principal& principal) { return std::holds_alternative<Operator>(principal); }

/// What can be said without looking at any place, so that no place can be guessed by it.
Status check_credential(const Principal& principal, const Rule& rule, TimePoint now) {
  if (std::holds_alternative<Nobody>(principal)) {
    return {Code::kUnauthorized, "A valid token or session is needed."};
  }
  const auto* token = std::get_if<TokenUser>(&principal);
  if (token != nullptr && token->limits.expires.set() && token->limits.expires <= now) {
    return {Code::kUnauthorized, "The token has expired."};
  }
  if (rule.need.reach == Reach::kServer && !is_operator(principal)) {
    return forbidden("Only the operator of this installation may do this.");
  }
  // Tokens of his own he may have: they are his as those of a user are the user's.
  const bool is_about_tokens = rule.tokens.scope == Scope::kTokensManage;
  if (rule.need.reach == Reach::kSelf && rule.audited() && !is_about_tokens &&
      is_operator(principal)) {
    return forbidden("The operator's token stands for no user.");
  }
  if (token == nullptr) return ok();
  if (!rule.tokens.allowed) return forbidden("No token may do this: sign in.");
  if (rule.tokens.scope && !token->limits.scopes.has(*rule.tokens.scope)) {
    return forbidden("The token lacks the scope " + std::string(name(*rule.tokens.scope)) + ".");
  }
  return ok();
}

/// A token that is bound to a place has to be used there; whether another place exists does not
/// matter to it.
Status check_binding(const std::optional<Binding>& binding, const Standing& standing) {
  if (!binding) return ok();
  if (!std::holds_alternative<NotNamed>(standing.workspace)) {
    const auto* workspace = std::get_if<WorkspaceStanding>(&standing.workspace);
    if (workspace == nullptr || workspace->id != binding->workspace) return other_binding();
  }
  if (binding->project && !std::holds_alternative<NotNamed>(standing.project)) {
    const auto* project = std::get_if<ProjectStanding>(&standing.project);
    if (project == nullptr || project->id != *binding->project) return other_binding();
  }
  return ok();
}

Result<WorkspaceRole> role_in(const Principal& principal, const Standing& standing) {
  if (std::holds_alternative<NotNamed>(standing.workspace)) {
    return {Code::kInvalidRequest, "Name the workspace (X-Tenant-Id)."};
  }
  const auto* workspace = std::get_if<WorkspaceStanding>(&standing.workspace);
  if (workspace == nullptr) return no_workspace();
  if (is_operator(principal)) return WorkspaceRole::kOwner;
  const std::optional<Membership>& membership = workspace->membership;
  if (!membership || membership->state != MemberState::kActive) return no_workspace();
  return membership->role;
}

std::optional<ProjectRole> project_role_in(bool is_operator,
                                           WorkspaceRole role,
                                           const ProjectStanding& project) {
  if (is_operator) return ProjectRole::kAdmin;
  return effective_role(role, project.is_private, project.given);
}

Error too_low(std::string_view least) {
  return forbidden("This needs the role " + std::string(least) + ".");
}

}  // namespace

bool Grant::suffices(std::optional<ProjectRole> role) const {
  const std::optional<ProjectRole>& least = rule_of(permission_).need.project_role;
  return !least || (role && *role >= *least);
}

bool Grant::shows(const ProjectStanding& project) const {
  if (!workspace_role_ || project.workspace != workspace_) return false;
  if (bound_to_ && project.id != *bound_to_) return false;
  return suffices(project_role_in(is_operator_, *workspace_role_, project));
}

bool Grant::shows_global() const {
  return workspace_role_ && !bound_to_ && suffices(global_role(*workspace_role_));
}

/// Follows one request from the workspace into the project.
class Authorisation {
 public:
  Authorisation(const Principal& principal, const Standing& standing, Permission permission)
      : principal_(principal),
        standing_(standing),
        need_(rule_of(permission).need),
        grant_(permission) {}

  Result<Grant> in_workspace() {
    if (Status entered = enter_workspace(); !entered.ok()) return entered.error();
    const WorkspaceRole least = *need_.workspace_role;
    if (*grant_.workspace_role_ < least) return too_low(name(least));
    // Whoever bound a token to a project meant the rest of the workspace to be out of its reach;
    // lists that go by project show it that one.
    if (grant_.bound_to_ && !need_.project_role) {
      return forbidden("The token is bound to a project.");
    }
    return grant_;
  }

  Result<Grant> in_project() {
    if (Status entered = enter_workspace(); !entered.ok()) return entered.error();
    const Result<ProjectRole> role = project_role();
    if (!role.ok()) return role.error();
    if (*role < *need_.project_role) return too_low(name(*need_.project_role));
    grant_.project_role_ = *role;
    return grant_;
  }

 private:
  Status enter_workspace() {
    const Result<WorkspaceRole> role = role_in(principal_, standing_);
    if (!role.ok()) return role.error();
    grant_.workspace_ = std::get<WorkspaceStanding>(standing_.workspace).id;
    grant_.workspace_role_ = *role;
    grant_.is_operator_ = is_operator(principal_);
    if (const auto binding = binding_of(principal_)) grant_.bound_to_ = binding->project;
    return ok();
  }

  Result<ProjectRole> project_role() {
    if (std::holds_alternative<NotNamed>(standing_.project)) {
      if (grant_.bound_to_) return forbidden("The token is bound to a project.");
      if (need_.names_project) return {Code::kInvalidRequest, "Name the project (X-Project-Id)."};
      return global_role(*grant_.workspace_role_);
    }
    const auto* project = std::get_if<ProjectStanding>(&standing_.project);
    if (project == nullptr || project->workspace != grant_.workspace_) return no_project();
    const auto role = project_role_in(grant_.is_operator_, *grant_.workspace_role_, *project);
    if (!role) return no_project();
    grant_.project_ = project->id;
    return *role;
  }

  const Principal& principal_;
  const Standing& standing_;
  const Need& need_;
  Grant grant_;
};

Result<Grant> authorise(const Principal& principal,
                        const Standing& standing,
                        Permission permission,
                        TimePoint now) {
  const Rule& rule = rule_of(permission);
  if (rule.need.reach == Reach::kNone) return Grant(permission);
  if (Status held = check_credential(principal, rule, now); !held.ok()) return held.error();
  if (Status bound = check_binding(binding_of(principal), standing); !bound.ok()) {
    return bound.error();
  }
  switch (rule.need.reach) {
    case Reach::kWorkspace:
      return Authorisation(principal, standing, permission).in_workspace();
    case Reach::kProject:
      return Authorisation(principal, standing, permission).in_project();
    case Reach::kNone:
    case Reach::kServer:
    case Reach::kSelf:
      break;
  }
  return Grant(permission);
}

}  // namespace troupe::tenancy
