#pragma once

#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>

#include "runtime/edge/scope.h"
#include "runtime/port/engine.h"

namespace troupe::http {

/// Turns X-Tenant-Id and X-Project-Id (slugs or ids) into ids, and remembers which workflows a
/// scope sees, so that the hot path asks no store. Only what exists is remembered: workspaces,
/// projects and the scope of a workflow never change, so an entry stays true. Thread-safe; bounded.
class ScopeCache {
 public:
  explicit ScopeCache(Engine& engine) : engine_(engine) {}

  /// At once if known.
  std::optional<store::TenantScope> find(std::string_view tenant, std::string_view project) const;
  /// Asks the store. kNotFound if there is no such workspace or project. Without `tenant` it is
  /// `default`; without `project` it is the workspace's `default` project, or the workspace as a
  /// whole if it has none.
  void resolve(std::string tenant, std::string project, Callback<store::TenantScope> done);

  bool sees(const store::TenantScope& scope, WorkflowId workflow) const;
  /// Answers ok if the scope has this workflow and it is not archived; kNotFound, kConflict.
  void check_workflow(const store::TenantScope& scope, WorkflowId workflow, Callback<Unit> done);

  /// After a change that may make entries wrong (a workspace, project or workflow came or went).
  void forget();

 private:
  std::uint64_t generation() const;

  Engine& engine_;
  mutable std::shared_mutex mutex_;
  edge::KnownScopes known_;
};

}  // namespace troupe::http
