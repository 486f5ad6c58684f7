#pragma once

#include <functional>
#include <string>
#include <vector>

#include "adapters/postgres/connection.h"
#include "runtime/port/store.h"

namespace troupe::postgres {

/// Puts one question: a reader's or a transaction's.
using Ask = std::function<Result<Answer>(const std::string& sql, const Parameters& parameters)>;

/// Documents as `ask_documents` finds them, and the catalog as `ask` does.
class DocumentRows final : public store::Documents {
 public:
  DocumentRows(Ask ask, Ask ask_documents, const Hasher& hasher,
               const store::DocumentScope& scope)
      : ask_(std::move(ask)),
        ask_documents_(std::move(ask_documents)),
        hasher_(hasher),
        scope_(scope) {}

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
  const Ask ask_;
  const Ask ask_documents_;
  const Hasher& hasher_;
  const store::DocumentScope scope_;
};

// Statements over many documents.

/// The bodies of those that are there.
Request select_documents(const std::vector<store::Document>& rows);
/// Removes what goes and what is replaced.
Request remove_documents(const store::Change& change);
/// kConflict: a key is taken.
Request insert_documents(const Hasher& hasher, const std::vector<store::Document>& rows);
/// Some of those that have expired, without waiting for anybody.
Request sweep_documents(TimePoint now);

}  // namespace troupe::postgres
