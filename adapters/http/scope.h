#pragma once

#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>

#include "runtime/edge/scope.h"
#include "runtime/port/engine.h"

namespace troupe::http {

/// Remembers which workflows a scope sees, so that the hot path asks no store. Only what exists is
/// remembered: the scope of a workflow never changes, so an entry stays true. Thread-safe; bounded.
class ScopeCache {
 public:
  explicit ScopeCache(Engine& engine) : engine_(engine) {}

  bool sees(const store::TenantScope& scope, WorkflowId workflow) const;
  /// Answers ok if the scope has this workflow and it is not archived; kNotFound, kConflict.
  void check_workflow(const store::TenantScope& scope, WorkflowId workflow, Callback<Unit> done);

  /// After a change that may make entries wrong (a workflow came or went).
  void forget();

 private:
  std::uint64_t generation() const;

  Engine& engine_;
  mutable std::shared_mutex mutex_;
  edge::KnownScopes known_;
};

}  // namespace troupe::http
