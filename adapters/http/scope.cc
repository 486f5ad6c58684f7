#include "adapters/http/scope.h"

#include <utility>

namespace troupe::http {

std::optional<store::TenantScope> ScopeCache::find(std::string_view tenant,
                                                   std::string_view project) const {
  const std::shared_lock lock(mutex_);
  return known_.find(tenant, project);
}

void ScopeCache::resolve(std::string tenant, std::string project,
                         Callback<store::TenantScope> done) {
  engine_.read([this, generation = generation(), tenant = std::move(tenant),
                project = std::move(project), done = std::move(done)](store::Reader& reader) {
    Result<store::TenantScope> scope = edge::look_up(reader, tenant, project);
    // That a workspace has no such project yet is not worth remembering: another node may make it.
    if (scope.ok() && scope->project) {
      const std::unique_lock lock(mutex_);
      known_.keep(generation, tenant, project, *scope);
    }
    done(std::move(scope));
  });
}

bool ScopeCache::sees(const store::TenantScope& scope, WorkflowId workflow) const {
  const std::shared_lock lock(mutex_);
  return known_.sees(scope, workflow);
}

void ScopeCache::check_workflow(const store::TenantScope& scope, WorkflowId workflow,
                                Callback<Unit> done) {
  engine_.read([this, generation = generation(), scope, workflow,
                done = std::move(done)](store::Reader& reader) {
    Status status = edge::check_workflow(reader, scope, workflow);
    if (status.ok()) {
      const std::unique_lock lock(mutex_);
      known_.keep(generation, scope, workflow);
    }
    done(std::move(status));
  });
}

void ScopeCache::forget() {
  const std::unique_lock lock(mutex_);
  known_.forget();
}

std::uint64_t ScopeCache::generation() const {
  const std::shared_lock lock(mutex_);
  return known_.generation();
}

}  // namespace troupe::http
