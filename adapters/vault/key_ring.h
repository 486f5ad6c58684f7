#pragma once

#include <memory>
#include <string>
#include <vector>

#include "adapters/vault/master_key.h"
#include "adapters/vault/options.h"
#include "runtime/port/log.h"
#include "runtime/port/secrets.h"

namespace troupe::vault {

/// The master keys of this node. Immutable: to change masters online, open another ring and give it
/// to whoever uses this one.
class VaultKeyRing final : public KeyRing {
 public:
  /// Reads every source, and wipes the environment variables among them: for the time before there
  /// are other threads, unless no source is a variable. kConfigInvalid names the source that is
  /// wrong, or a key that is given twice. The log outlives the ring.
  static Result<std::unique_ptr<VaultKeyRing>> open(const Options& options, Logger& log);

  Result<MadeDataKey> make(const WorkspaceId& workspace, std::uint32_t version) override;
  Result<DataKey> unwrap(const WorkspaceId& workspace, std::string_view wrapped) override;
  Result<std::string> rewrap(const WorkspaceId& workspace, std::string_view wrapped) override;
  Result<std::string> master_of(std::string_view wrapped) const override;
  const std::string& current_master() const override { return masters_.front()->id(); }

 private:
  using Masters = std::vector<std::unique_ptr<MasterKey>>;
  explicit VaultKeyRing(Masters masters) : masters_(std::move(masters)) {}
  Result<std::string> wrap(const DataKey& key);

  const Masters masters_;  ///< the current one first
};

}  // namespace troupe::vault
