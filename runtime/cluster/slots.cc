#include "runtime/cluster/slots.h"

namespace troupe::cluster {

std::uint16_t hash_of(const Uuid& entity) {
  std::uint64_t x = entity.high ^ (entity.low * 0x9E3779B97F4A7C15ull);
  x ^= x >> 32;
  x *= 0xD6E8FEB86659FD93ull;
  x ^= x >> 32;
  return static_cast<std::uint16_t>(x);
}

}  // namespace troupe::cluster
