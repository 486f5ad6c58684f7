#include "adapters/system/hasher.h"

#include <sodium.h>

#include "runtime/base/ensure.h"

namespace troupe::system {

// Without sodium_init the hash is right but slow: it chooses the code for this processor.
Blake2bHasher::Blake2bHasher() { TROUPE_ENSURE(sodium_init() >= 0); }

Digest Blake2bHasher::hash(std::string_view bytes) const {
  Digest digest;
  crypto_generichash(digest.data(), digest.size(),
                     reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), nullptr,
                     0);
  return digest;
}

}  // namespace troupe::system
