#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string_view>

#include "runtime/tenancy/role.h"
#include "runtime/tenancy/token_scope.h"

namespace troupe::tenancy {

/// What a permission is about, which says whose word counts.
enum class Reach : std::uint8_t {
  kNone,       ///< nothing of anybody: no caller is needed
  kServer,     ///< the installation as a whole: the operator's alone
  kSelf,       ///< what the caller is and has
  kWorkspace,  ///< the workspace, whatever the project
  kProject,    ///< a project; where the request names none, what belongs to the whole workspace
};

/// Who may: the least role, by what the permission reaches.
struct Need {
  Reach reach = Reach::kNone;
  std::optional<WorkspaceRole> workspace_role;  ///< set if the reach is kWorkspace
  /// In the project that the request is in, if the reach is kProject. If it is kWorkspace: in the
  /// project of each row that a workspace-wide list is to show.
  std::optional<ProjectRole> project_role;
  bool names_project = false;  ///< is about the project itself, so the request has to name one
  bool operator==(const Need&) const = default;
};

/// What it does to the world, beside answering.
enum class Effect : std::uint8_t {
  kReads,
  kDiscloses,  ///< changes nothing, and is as worth knowing of as if it did
  kChanges,
};

/// Which tokens may, beside the role of whoever made them. A person's own session has all scopes.
struct TokenUse {
  bool allowed = false;
  std::optional<Scope> scope;  ///< none: any token will do
  bool operator==(const TokenUse&) const = default;
};

namespace table {

using enum Effect;

inline constexpr Need kOpen{Reach::kNone, {}, {}};
inline constexpr Need kOperator{Reach::kServer, {}, {}};
inline constexpr Need kSelf{Reach::kSelf, {}, {}};
inline constexpr Need kMember{Reach::kWorkspace, WorkspaceRole::kMember, {}};
inline constexpr Need kTenantAdmin{Reach::kWorkspace, WorkspaceRole::kAdmin, {}};
inline constexpr Need kViewer{Reach::kProject, {}, ProjectRole::kViewer};
inline constexpr Need kContributor{Reach::kProject, {}, ProjectRole::kContributor};
/// Every member; shown is what lies in projects where they are at least this.
constexpr Need member_sees(ProjectRole row) {
  return {Reach::kWorkspace, WorkspaceRole::kMember, row};
}
constexpr Need of_project(ProjectRole least) { return {Reach::kProject, {}, least, true}; }

inline constexpr TokenUse kNoToken{false, {}};
inline constexpr TokenUse kAnyToken{true, {}};
constexpr TokenUse with(Scope scope) { return {true, scope}; }

}  // namespace table

// Everything that anybody can ask of this service. Every route, subject and tool names one of these
// lines, and nothing else decides who may. Behind the name, which is also the action that the audit
// log records: who may, which tokens may, and what it does. What only a person may, and no token,
// is what a stolen token must not reach: the password, other sessions, membership.
//   X(enumerator, name, need, tokens, effect)
#define TROUPE_PERMISSIONS(X)                                                                      \
  /* no caller needed */                                                                           \
  X(kHealthRead, "health.read", kOpen, kAnyToken, kReads)                                          \
  X(kApiRead, "api.read", kOpen, kAnyToken, kReads)                                                \
  X(kSignUp, "account.sign_up", kOpen, kAnyToken, kChanges)                                        \
  X(kSignIn, "account.sign_in", kOpen, kAnyToken, kChanges)                                        \
  X(kInviteShow, "invite.show", kOpen, kAnyToken, kReads)                                          \
  /* the installation */                                                                           \
  X(kMetricsRead, "metrics.read", kOperator, kNoToken, kReads)                                     \
  X(kNodeRead, "node.read", kOperator, kNoToken, kReads)                                           \
  X(kNodeDrain, "node.drain", kOperator, kNoToken, kChanges)                                       \
  X(kWorkspaceCreate, "workspace.create", kOperator, kNoToken, kChanges)                           \
  X(kMasterKeyRotate, "master_key.rotate", kOperator, kNoToken, kChanges)                          \
  X(kUserDisable, "user.disable", kOperator, kNoToken, kChanges)                                   \
  /* the caller */                                                                                 \
  X(kSelfRead, "self.read", kSelf, kAnyToken, kReads)                                              \
  X(kSelfChange, "self.change", kSelf, kNoToken, kChanges)                                         \
  X(kSessionRead, "session.read", kSelf, kNoToken, kReads)                                         \
  X(kSessionRevoke, "session.revoke", kSelf, kNoToken, kChanges)                                   \
  X(kTokenRead, "token.read", kSelf, with(Scope::kTokensManage), kReads)                           \
  X(kTokenCreate, "token.create", kSelf, with(Scope::kTokensManage), kChanges)                     \
  X(kTokenRevoke, "token.revoke", kSelf, with(Scope::kTokensManage), kChanges)                     \
  X(kInviteAnswer, "invite.answer", kSelf, kNoToken, kChanges)                                     \
  X(kMcpUse, "mcp.use", kSelf, with(Scope::kMcpExecute), kReads)                                   \
  /* the workspace */                                                                              \
  X(kWorkspaceRead, "workspace.read", kMember, with(Scope::kWorkspaceRead), kReads)                \
  X(kWorkspaceChange, "workspace.change", kTenantAdmin, with(Scope::kWorkspaceAdmin), kChanges)    \
  X(kWorkspaceLeave, "workspace.leave", kMember, kNoToken, kChanges)                               \
  X(kMemberRead, "member.read", kMember, with(Scope::kWorkspaceRead), kReads)                      \
  X(kMemberChange, "member.change", kTenantAdmin, with(Scope::kWorkspaceAdmin), kChanges)          \
  X(kInviteRead, "invite.read", kTenantAdmin, with(Scope::kWorkspaceAdmin), kReads)                \
  X(kInviteCreate, "invite.create", kTenantAdmin, with(Scope::kWorkspaceAdmin), kChanges)          \
  X(kInviteCancel, "invite.cancel", kTenantAdmin, with(Scope::kWorkspaceAdmin), kChanges)          \
  X(kEnvironmentRead, "environment.read", kMember, with(Scope::kWorkspaceRead), kReads)            \
  X(kEnvironmentChange, "environment.change", kTenantAdmin, with(Scope::kWorkspaceAdmin),          \
    kChanges)                                                                                      \
  X(kSecretList, "secret.list", kTenantAdmin, with(Scope::kSecretsList), kReads)                   \
  X(kSecretChange, "secret.change", kTenantAdmin, with(Scope::kSecretsManage), kChanges)           \
  X(kSecretReveal, "secret.reveal", kTenantAdmin, with(Scope::kSecretsReveal), kDiscloses)         \
  X(kDataKeyRotate, "data_key.rotate", kTenantAdmin, with(Scope::kSecretsManage), kChanges)        \
  X(kMemberTokenRead, "member_token.read", kTenantAdmin, with(Scope::kTokensManage), kReads)       \
  X(kMemberTokenRevoke, "member_token.revoke", kTenantAdmin, with(Scope::kTokensManage), kChanges) \
  X(kProviderKeyRead, "provider_key.read", kMember, with(Scope::kWorkspaceRead), kReads)           \
  X(kProviderKeyChange, "provider_key.change", kTenantAdmin, with(Scope::kSecretsManage),          \
    kChanges)                                                                                      \
  X(kBillingRead, "billing.read", member_sees(ProjectRole::kContributor),                          \
    with(Scope::kWorkspaceRead), kReads)                                                           \
  X(kBillingChange, "billing.change", kTenantAdmin, with(Scope::kWorkspaceAdmin), kChanges)        \
  X(kAuditRead, "audit.read", member_sees(ProjectRole::kAdmin), with(Scope::kAuditRead), kReads)   \
  X(kAuditExport, "audit.export", member_sees(ProjectRole::kAdmin), with(Scope::kAuditRead),       \
    kDiscloses)                                                                                    \
  X(kTaskList, "task.list", member_sees(ProjectRole::kViewer), with(Scope::kWorkflowRead), kReads) \
  X(kProjectList, "project.list", member_sees(ProjectRole::kViewer), with(Scope::kWorkspaceRead),  \
    kReads)                                                                                        \
  X(kProjectCreate, "project.create", kTenantAdmin, with(Scope::kWorkspaceAdmin), kChanges)        \
  /* a project itself */                                                                           \
  X(kProjectRead, "project.read", of_project(ProjectRole::kViewer), with(Scope::kWorkspaceRead),   \
    kReads)                                                                                        \
  X(kProjectChange, "project.change", of_project(ProjectRole::kAdmin),                             \
    with(Scope::kWorkspaceAdmin), kChanges)                                                        \
  X(kProjectArchive, "project.archive", of_project(ProjectRole::kAdmin),                           \
    with(Scope::kWorkspaceAdmin), kChanges)                                                        \
  X(kProjectLeave, "project.leave", of_project(ProjectRole::kViewer), kNoToken, kChanges)          \
  X(kProjectMemberRead, "project_member.read", of_project(ProjectRole::kViewer),                   \
    with(Scope::kWorkspaceRead), kReads)                                                           \
  X(kProjectMemberChange, "project_member.change", of_project(ProjectRole::kAdmin),                \
    with(Scope::kWorkspaceAdmin), kChanges)                                                        \
  X(kProjectSecretList, "project_secret.list", of_project(ProjectRole::kContributor),              \
    with(Scope::kSecretsList), kReads)                                                             \
  X(kProjectSecretChange, "project_secret.change", of_project(ProjectRole::kAdmin),                \
    with(Scope::kSecretsManage), kChanges)                                                         \
  X(kProjectSecretReveal, "project_secret.reveal", of_project(ProjectRole::kAdmin),                \
    with(Scope::kSecretsReveal), kDiscloses)                                                       \
  /* what lies in a project, or in none */                                                         \
  X(kWorkflowRead, "workflow.read", kViewer, with(Scope::kWorkflowRead), kReads)                   \
  X(kWorkflowValidate, "workflow.validate", kViewer, with(Scope::kWorkflowRead), kReads)           \
  X(kWorkflowCreate, "workflow.create", kContributor, with(Scope::kWorkflowWrite), kChanges)       \
  X(kWorkflowChange, "workflow.change", kContributor, with(Scope::kWorkflowWrite), kChanges)       \
  X(kWorkflowArchive, "workflow.archive", kContributor, with(Scope::kWorkflowWrite), kChanges)     \
  X(kWorkflowPublish, "workflow.publish", kContributor, with(Scope::kWorkflowWrite), kChanges)     \
  X(kRunRead, "run.read", kViewer, with(Scope::kWorkflowRead), kReads)                             \
  X(kRunStart, "run.start", kContributor, with(Scope::kWorkflowRun), kChanges)                     \
  X(kRunControl, "run.control", kContributor, with(Scope::kWorkflowRun), kChanges)                 \
  X(kRunRetry, "run.retry", kContributor, with(Scope::kWorkflowRun), kChanges)                     \
  X(kRunBulk, "run.bulk", kContributor, with(Scope::kWorkflowRun), kChanges)                       \
  X(kTaskAnswer, "task.answer", kContributor, with(Scope::kWorkflowRun), kChanges)                 \
  X(kEventSend, "event.send", kContributor, with(Scope::kWorkflowRun), kChanges)                   \
  X(kConnectionRead, "connection.read", kContributor, with(Scope::kWorkspaceRead), kReads)         \
  X(kConnectionChange, "connection.change", kContributor, with(Scope::kSecretsManage), kChanges)   \
  X(kAnalyticsRead, "analytics.read", kViewer, with(Scope::kWorkflowRead), kReads)

enum class Permission : std::uint8_t {
#define X(enumerator, name, need, tokens, effect) enumerator,
  TROUPE_PERMISSIONS(X)
#undef X
};

/// One line of the table.
struct Rule {
  Permission permission;
  std::string_view name;
  Need need;
  TokenUse tokens;
  Effect effect;
  constexpr bool changes() const { return effect == Effect::kChanges; }
  /// Leaves an audit entry, and from a browser needs proof that our page asked for it.
  constexpr bool audited() const { return effect != Effect::kReads; }
};

namespace table {
inline constexpr Rule kRules[] = {
#define X(enumerator, name, need, tokens, effect) \
  {Permission::enumerator, name, need, tokens, effect},
    TROUPE_PERMISSIONS(X)
#undef X
};
}  // namespace table

inline constexpr std::size_t kPermissionCount = std::size(table::kRules);

constexpr const Rule& rule_of(Permission permission) {
  return table::kRules[static_cast<std::size_t>(permission)];
}
constexpr std::string_view name(Permission permission) { return rule_of(permission).name; }
/// Whether who may do the one may do the other.
constexpr bool is_needed_alike(Permission one, Permission other) {
  const Rule& a = rule_of(one);
  const Rule& b = rule_of(other);
  return a.need == b.need && a.tokens == b.tokens;
}
/// Of a stored audit entry, or of a document that names one.
constexpr std::optional<Permission> parse_permission(std::string_view name) {
  for (const Rule& rule : table::kRules) {
    if (rule.name == name) return rule.permission;
  }
  return std::nullopt;
}

}  // namespace troupe::tenancy
