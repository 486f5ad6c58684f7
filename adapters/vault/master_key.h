#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "adapters/vault/options.h"
#include "runtime/base/result.h"
#include "runtime/base/secret_text.h"
#include "runtime/port/log.h"

namespace troupe::vault {

/// What a data key is wrapped under.
struct WrappingKey {
  SecretText bytes;    ///< kKeyBytes
  std::string ticket;  ///< what gets these bytes again: empty if the id alone does
};

/// A master key, here or behind a program. Immutable; any thread.
class MasterKey {
 public:
  virtual ~MasterKey() = default;
  /// Never of two keys, wherever they come from.
  const std::string& id() const { return id_; }
  /// For one data key that is about to be wrapped.
  virtual Result<WrappingKey> begin_wrapping() const = 0;
  /// The bytes for what was wrapped with this ticket.
  virtual Result<SecretText> bytes_for(std::string_view ticket) const = 0;

 protected:
  explicit MasterKey(std::string id) : id_(std::move(id)) {}

 private:
  const std::string id_;
};

/// Reads the source: a file or variable gives a key whose id is a fingerprint of it, so that no two
/// keys can be taken for each other; a hook gives one that wraps a new random key for each data key
/// by its program. kConfigInvalid. The log outlives it.
Result<std::unique_ptr<MasterKey>> open_master_key(const MasterKeySource& source, Logger& log);

}  // namespace troupe::vault
