#pragma once

#include "runtime/port/secrets.h"

namespace troupe::vault {

/// Seals by XChaCha20-Poly1305 under a new random nonce each time. Stateless; any thread.
class XChaChaSealer final : public Sealer {
 public:
  Result<std::string> seal(const DataKeys& keys,
                           const SealedPlace& place,
                           const SecretText& value) const override;
  Result<SecretText> open(const DataKeys& keys,
                          const SealedPlace& place,
                          std::string_view sealed) const override;
  Result<std::uint32_t> key_version(std::string_view sealed) const override;
};

}  // namespace troupe::vault
