#include "adapters/http/scope.h"

#include <utility>

namespace troupe::http {

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
