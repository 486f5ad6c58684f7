#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "runtime/base/result.h"
#include "runtime/port/store.h"

namespace troupe::edge {

/// What slugs or ids of a workspace and a project stand for. kNotFound. Without `tenant` it is
/// `default`; without `project` it is the workspace's `default` project, or the workspace as a
/// whole if it has none.
Result<store::TenantScope> look_up(store::Reader& reader, std::string_view tenant,
                                   std::string_view project);
/// ok if the scope has this workflow and it is not archived; kNotFound, kConflict.
Status check_workflow(store::Reader& reader, const store::TenantScope& scope, WorkflowId workflow);

/// Remembers both, so that the hot path asks no store. Only what exists is remembered: workspaces,
/// projects and the scope of a workflow never change, so an entry stays true. Bounded. The owner
/// locks.
class KnownScopes {
 public:
  std::optional<store::TenantScope> find(std::string_view tenant, std::string_view project) const;
  bool sees(const store::TenantScope& scope, WorkflowId workflow) const;

  /// What was read when `generation` was the present one; later it is not kept.
  void keep(std::uint64_t generation, std::string_view tenant, std::string_view project,
            const store::TenantScope& scope);
  void keep(std::uint64_t generation, const store::TenantScope& scope, WorkflowId workflow);
  std::uint64_t generation() const { return generation_; }

  /// After a change that may make entries wrong (a workspace, project or workflow came or went).
  void forget();

 private:
  static constexpr std::size_t kEntriesMax = 50'000;

  std::uint64_t generation_ = 0;
  std::unordered_map<std::string, store::TenantScope> scopes_;
  std::unordered_set<std::string> workflows_;
};

}  // namespace troupe::edge
