#include "runtime/tenancy/permission.h"

// No code: what has to hold of the table, or nothing builds.
namespace troupe::tenancy {
namespace {

constexpr bool every(bool (*holds)(const Rule&)) {
  for (const Rule& rule : table::kRules) {
    if (!holds(rule)) return false;
  }
  return true;
}

constexpr bool stands_at_its_place(const Rule& rule) {
  return &rule_of(rule.permission) == &rule && parse_permission(rule.name) == rule.permission;
}
static_assert(every(stands_at_its_place), "in the enum's order, and every name is one line's only");

constexpr bool is_noun_and_verb(const Rule& rule) {
  std::size_t dots = 0;
  for (const char c : rule.name) {
    if (c == '.') ++dots;
    if (c != '.' && c != '_' && (c < 'a' || c > 'z')) return false;
  }
  return dots == 1 && rule.name.front() != '.' && rule.name.back() != '.';
}
static_assert(every(is_noun_and_verb));

constexpr bool says_who(const Rule& rule) {
  const Need& need = rule.need;
  const bool in_workspace = need.reach == Reach::kWorkspace;
  const bool in_project = need.reach == Reach::kProject;
  if (need.workspace_role.has_value() != in_workspace) return false;
  if (in_project && !need.project_role) return false;
  if (need.names_project && !in_project) return false;
  return !need.project_role || in_project || in_workspace;
}
static_assert(every(says_who), "the least role fits what the permission reaches");

// The workspace-global scope asks for the same role as a project would: a viewer there is every
// member, so nothing that a viewer may can change anything.
constexpr bool is_safe_without_project(const Rule& rule) {
  if (rule.need.reach != Reach::kProject || rule.need.names_project || !rule.changes()) return true;
  return *rule.need.project_role >= ProjectRole::kContributor;
}
static_assert(every(is_safe_without_project));

// A list that is filtered row by row only reads: a change has one target, and its role there.
constexpr bool filters_only_lists(const Rule& rule) {
  return rule.need.reach != Reach::kWorkspace || !rule.need.project_role || !rule.changes();
}
static_assert(every(filters_only_lists));

constexpr bool reading_scopes_only_read(const Rule& rule) {
  constexpr Scopes kReading{Scope::kWorkflowRead, Scope::kWorkspaceRead, Scope::kSecretsList,
                            Scope::kSecretsReveal, Scope::kAuditRead};
  return !rule.changes() || !rule.tokens.scope || !kReading.has(*rule.tokens.scope);
}
static_assert(every(reading_scopes_only_read));

// The operator is no user, so no user's token can stand for it.
constexpr bool server_is_for_no_token(const Rule& rule) {
  return rule.need.reach != Reach::kServer || !rule.tokens.allowed;
}
static_assert(every(server_is_for_no_token));

// In a workspace no token acts without a scope that says so.
constexpr bool tenants_need_a_scope(const Rule& rule) {
  const bool of_tenant = rule.need.reach == Reach::kWorkspace || rule.need.reach == Reach::kProject;
  return !of_tenant || !rule.tokens.allowed || rule.tokens.scope.has_value();
}
static_assert(every(tenants_need_a_scope));

// Starting again is starting: a token that may only read must not do it.
static_assert(rule_of(Permission::kRunRetry).tokens.scope == Scope::kWorkflowRun);
static_assert(rule_of(Permission::kRunBulk).tokens.scope == Scope::kWorkflowRun);
static_assert(rule_of(Permission::kRunRetry).need.project_role ==
              rule_of(Permission::kRunStart).need.project_role);

}  // namespace
}  // namespace troupe::tenancy
