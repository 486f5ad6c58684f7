#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/base/secret_text.h"
#include "runtime/base/uuid.h"

namespace troupe {

inline constexpr std::size_t kDataKeyBytes = 32;

/// What the secrets of one workspace are sealed under. Rotation adds one of the next version.
struct DataKey {
  WorkspaceId workspace;
  std::uint32_t version = 0;  ///< from 1
  SecretText bytes;           ///< kDataKeyBytes
};

/// The data keys of one workspace that are in use: the newest seals, every one opens. Whoever holds
/// it may share it for reading.
class DataKeys {
 public:
  explicit DataKeys(const WorkspaceId& workspace) : workspace_(workspace) {}

  /// A key of this workspace. kCorrupt if there is one of its version already: two keys of one
  /// version would mean that half of the values can no longer be opened.
  Status add(DataKey key);
  const WorkspaceId& workspace() const { return workspace_; }
  const DataKey* find(std::uint32_t version) const;  ///< null if it is not among them
  const DataKey* newest() const { return keys_.empty() ? nullptr : &keys_.back(); }
  /// What the next rotation makes.
  std::uint32_t next_version() const { return keys_.empty() ? 1 : keys_.back().version + 1; }

 private:
  WorkspaceId workspace_;
  std::vector<DataKey> keys_;  ///< ascending
};

}  // namespace troupe
