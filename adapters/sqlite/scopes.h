#pragma once

#include <vector>

#include "adapters/sqlite/database.h"
#include "runtime/port/store.h"
#include "runtime/store/known_scopes.h"

namespace troupe::sqlite {

/// Numbers of (workspace, project) pairs, as the writer gives them.
class ScopeNumbers {
 public:
  explicit ScopeNumbers(Database& db) : db_(db) {}
  /// Gives a new number to a new pair, inside the caller's transaction.
  Result<std::int64_t> of(WorkspaceId workspace, ProjectId project);
  /// After a rollback: numbers given in the transaction are none.
  void rolled_back() { known_.clear(); }

 private:
  Database& db_;
  store::KnownScopes known_;
};

/// The numbers that a scope may see: one project's, or all of its workspace.
Result<std::vector<std::int64_t>> scope_numbers(Database& db, const store::TenantScope& scope);

}  // namespace troupe::sqlite
