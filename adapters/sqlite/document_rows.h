#pragma once

#include "adapters/sqlite/database.h"
#include "runtime/port/store.h"

namespace troupe::sqlite {

/// Documents over a connection, in whatever transaction it is in. If there is none, each read
/// reports why. The connection outlives it.
class DocumentRows final : public store::Documents {
 public:
  DocumentRows(Database* db, Error why_not, const Hasher& hasher,
               const store::DocumentScope& scope);

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
  Database* db_;
  const Error why_not_;
  const Hasher& hasher_;
  const store::DocumentScope scope_;
};

}  // namespace troupe::sqlite
