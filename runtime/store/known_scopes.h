#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <unordered_map>

#include "runtime/port/store.h"

namespace troupe::store {

/// Of rows that are in no list; no pair has it.
inline constexpr std::int64_t kNoList = 0;

/// Numbers of (workspace, project) pairs that a writer has given, or it or a reader has found.
/// Lists are looked up by these numbers alone, and a number is only ever found through its
/// workspace: isolation rests on that. Owned by one of them and used on its thread.
class KnownScopes {
 public:
  std::optional<std::int64_t> number_of(WorkspaceId workspace, ProjectId project) const {
    const auto it = numbers_.find({workspace, project});
    return it == numbers_.end() ? std::nullopt : std::optional(it->second);
  }
  void add(WorkspaceId workspace, ProjectId project, std::int64_t number) {
    numbers_.emplace(Key{workspace, project}, number);
  }
  /// After a rollback: numbers given in the transaction are none.
  void clear() { numbers_.clear(); }

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
  std::unordered_map<Key, std::int64_t, KeyHash> numbers_;
};

}  // namespace troupe::store
