#include "runtime/edge/scope.h"

namespace troupe::edge {
namespace {

bool named(std::string_view wanted, const Uuid& id, std::string_view slug) {
  return wanted == slug || Uuid::parse(wanted) == std::optional<Uuid>(id);
}

Error absent(std::string_view what) {
  return {Code::kNotFound, "There is no such " + std::string(what) + ".", {}};
}

std::string scope_key(std::string_view tenant, std::string_view project) {
  std::string key;
  key.reserve(tenant.size() + project.size() + 1);
  key.append(tenant).append("\n").append(project);
  return key;
}

std::string workflow_key(const store::TenantScope& scope, WorkflowId workflow) {
  const auto append = [](std::string& key, const Uuid& id) {
    const auto bytes = id.bytes();
    key.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  };
  std::string key;
  key.reserve(48);
  append(key, workflow);
  append(key, scope.workspace);
  if (scope.project) append(key, *scope.project);
  return key;
}

}  // namespace

Result<store::TenantScope> look_up(store::Reader& reader, std::string_view tenant,
                                   std::string_view project) {
  const auto workspaces = reader.workspaces();
  if (!workspaces.ok()) return workspaces.error();
  const std::string_view wanted = tenant.empty() ? "default" : tenant;
  for (const store::Workspace& workspace : *workspaces) {
    if (!named(wanted, workspace.id, workspace.slug)) continue;
    const auto projects = reader.projects(workspace.id);
    if (!projects.ok()) return projects.error();
    for (const store::Project& candidate : *projects) {
      if (!named(project.empty() ? "default" : project, candidate.id, candidate.slug)) continue;
      return store::TenantScope{workspace.id, candidate.id};
    }
    if (!project.empty()) return absent("project");
    return store::TenantScope{workspace.id, std::nullopt};
  }
  return absent("workspace");
}

Status check_workflow(store::Reader& reader, const store::TenantScope& scope,
                      WorkflowId workflow) {
  const auto row = reader.workflow(scope, workflow);
  if (!row.ok()) return row.error();
  if (!row->has_value()) return absent("workflow");
  if ((*row)->archived) return {Code::kConflict, "The workflow is archived."};
  return ok();
}

std::optional<store::TenantScope> KnownScopes::find(std::string_view tenant,
                                                    std::string_view project) const {
  const auto at = scopes_.find(scope_key(tenant, project));
  if (at == scopes_.end()) return std::nullopt;
  return at->second;
}

bool KnownScopes::sees(const store::TenantScope& scope, WorkflowId workflow) const {
  return workflows_.contains(workflow_key(scope, workflow));
}

void KnownScopes::keep(std::uint64_t generation, std::string_view tenant,
                       std::string_view project, const store::TenantScope& scope) {
  if (scopes_.size() >= kEntriesMax) scopes_.clear();
  if (generation == generation_) scopes_.emplace(scope_key(tenant, project), scope);
}

void KnownScopes::keep(std::uint64_t generation, const store::TenantScope& scope,
                       WorkflowId workflow) {
  if (workflows_.size() >= kEntriesMax) workflows_.clear();
  if (generation == generation_) workflows_.insert(workflow_key(scope, workflow));
}

void KnownScopes::forget() {
  ++generation_;
  scopes_.clear();
  workflows_.clear();
}

}  // namespace troupe::edge
