#pragma once

#include "runtime/port/system.h"

namespace troupe::system {

/// BLAKE2b with 128 bits of digest, by libsodium. Stateless: any thread, any lifetime.
class Blake2bHasher final : public Hasher {
 public:
  Blake2bHasher();
  Digest hash(std::string_view bytes) const override;
};

}  // namespace troupe::system
