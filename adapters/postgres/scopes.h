#pragma once

#include <string>

#include "adapters/postgres/connection.h"
#include "runtime/store/known_scopes.h"

namespace troupe::postgres {

/// Numbers of (workspace, project) pairs, as the writer gives them.
class ScopeNumbers {
 public:
  ScopeNumbers(Connection& db, const std::string& schema) : db_(db), schema_(schema) {}
  /// Gives a new number to a new pair, inside the caller's transaction.
  Result<std::int64_t> of(WorkspaceId workspace, ProjectId project);
  /// After a rollback: numbers given in the transaction are none.
  void rolled_back() { known_.clear(); }

 private:
  Connection& db_;
  const std::string& schema_;
  store::KnownScopes known_;
};

}  // namespace troupe::postgres
