#pragma once

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "runtime/port/store.h"

namespace troupe::memory {

/// Documents and audit logs as plain containers. Knows nothing of threads.
struct DocumentTables {
  using Key = std::pair<store::DocumentKind, Uuid>;

  std::map<Key, store::Document> rows;
  std::map<WorkspaceId, std::vector<store::AuditRow>> audit;  ///< n is the place, from 1
  std::uint64_t access_generation = 0;

  /// kConflict if a key is taken; nothing is put then.
  Status check(const store::Change& change) const;
  void apply(const store::Change& change, TimePoint now);
  void append(const store::AuditLines& lines);
  /// kConflict if what is to be there once is there.
  Status check(const store::Along& along) const;
  void apply(const store::Along& along, std::int32_t version = 0);
  store::AuditHead head(WorkspaceId workspace) const;
};

struct State;

/// Those of a state that a scope may see. The state outlives it; its owner locks.
class StateDocuments final : public store::Documents {
 public:
  StateDocuments(const State& state, const store::DocumentScope& scope)
      : state_(state), scope_(scope) {}

  Result<std::optional<store::Document>> find(store::DocumentKind kind, const Uuid& id) override;
  Result<std::optional<store::Document>> find_by_key(store::DocumentKind kind,
                                                     WorkspaceId workspace, ProjectId project,
                                                     std::string_view key) override;
  Result<store::Rows<store::Document>> list(const store::DocumentFilter& filter,
                                            const store::Page& page) override;
  Result<std::optional<store::Workspace>> workspace(WorkspaceId id) override;
  Result<std::optional<store::Workspace>> workspace_of_slug(std::string_view slug) override;
  Result<std::vector<store::Project>> projects_of(WorkspaceId workspace) override;

 private:
  const State& state_;
  const store::DocumentScope scope_;
};

}  // namespace troupe::memory
