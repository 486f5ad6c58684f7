#pragma once

#include <string>
#include <unordered_map>

#include "adapters/postgres/connection.h"

namespace troupe::postgres {

/// Of rows that are in no list; no pair has it.
inline constexpr std::int64_t kNoList = 0;

/// Numbers of (workspace, project) pairs, as the writer gives them. Lists are looked up by these
/// numbers alone, and a number is only ever found through its workspace: isolation rests on that.
class ScopeNumbers {
 public:
  ScopeNumbers(Connection& db, const std::string& schema) : db_(db), schema_(schema) {}
  /// Gives a new number to a new pair, inside the caller's transaction.
  Result<std::int64_t> of(WorkspaceId workspace, ProjectId project);
  /// After a rollback: numbers given in the transaction are none.
  void rolled_back() { numbers_.clear(); }

 private:
  struct Key {
    WorkspaceId workspace;
    ProjectId project;
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const {
      return std::hash<Uuid>()(key.workspace) * 31 + std::hash<Uuid>()(key.project);
    }
  };
  Connection& db_;
  const std::string& schema_;
  std::unordered_map<Key, std::int64_t, KeyHash> numbers_;
};

}  // namespace troupe::postgres
