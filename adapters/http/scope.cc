#include "adapters/http/scope.h"

#include <utility>

namespace troupe::http {
namespace {

bool named(std::string_view wanted, const Uuid& id, std::string_view slug) {
  return wanted == slug || Uuid::parse(wanted) == std::optional<Uuid>(id);
}

Error absent(std::string_view what) {
  return {Code::kNotFound, "There is no such " + std::string(what) + ".", {}};
}

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

}  // namespace

std::string ScopeCache::scope_key(std::string_view tenant, std::string_view project) {
  std::string key;
  key.reserve(tenant.size() + project.size() + 1);
  key.append(tenant).append("\n").append(project);
  return key;
}

std::string ScopeCache::workflow_key(const store::TenantScope& scope, WorkflowId workflow) {
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

std::optional<store::TenantScope> ScopeCache::find(std::string_view tenant,
                                                   std::string_view project) const {
  const std::string key = scope_key(tenant, project);
  const std::shared_lock lock(mutex_);
  const auto at = scopes_.find(key);
  if (at == scopes_.end()) return std::nullopt;
  return at->second;
}

void ScopeCache::resolve(std::string tenant, std::string project,
                         Callback<store::TenantScope> done) {
  std::uint64_t generation = 0;
  {
    const std::shared_lock lock(mutex_);
    generation = generation_;
  }
  engine_.read([this, generation, tenant = std::move(tenant), project = std::move(project),
                done = std::move(done)](store::Reader& reader) {
    Result<store::TenantScope> scope = look_up(reader, tenant, project);
    // That a workspace has no such project yet is not worth remembering: another node may make it.
    if (scope.ok() && scope->project) {
      const std::unique_lock lock(mutex_);
      if (scopes_.size() >= kEntriesMax) scopes_.clear();
      if (generation == generation_) scopes_.emplace(scope_key(tenant, project), *scope);
    }
    done(std::move(scope));
  });
}

bool ScopeCache::sees(const store::TenantScope& scope, WorkflowId workflow) const {
  const std::string key = workflow_key(scope, workflow);
  const std::shared_lock lock(mutex_);
  return workflows_.contains(key);
}

void ScopeCache::check_workflow(const store::TenantScope& scope, WorkflowId workflow,
                                Callback<Unit> done) {
  std::uint64_t generation = 0;
  {
    const std::shared_lock lock(mutex_);
    generation = generation_;
  }
  engine_.read([this, generation, scope, workflow, done = std::move(done)](store::Reader& reader) {
    const auto row = reader.workflow(scope, workflow);
    if (!row.ok()) return done(row.error());
    if (!row->has_value()) return done(absent("workflow"));
    if ((*row)->archived) return done({Code::kConflict, "The workflow is archived."});
    {
      const std::unique_lock lock(mutex_);
      if (workflows_.size() >= kEntriesMax) workflows_.clear();
      if (generation == generation_) workflows_.insert(workflow_key(scope, workflow));
    }
    done(Unit{});
  });
}

void ScopeCache::forget() {
  const std::unique_lock lock(mutex_);
  ++generation_;
  scopes_.clear();
  workflows_.clear();
}

}  // namespace troupe::http
