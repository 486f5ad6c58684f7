#include "runtime/cluster/slots.h"

namespace troupe::cluster {
namespace {

constexpr std::uint64_t kSpread = 0x9E3779B97F4A7C15ull;
constexpr std::uint64_t kMix = 0xD6E8FEB86659FD93ull;

/// What undoes a multiplication by an odd number, modulo 2^64.
constexpr std::uint64_t inverse_of(std::uint64_t odd) {
  std::uint64_t inverse = odd;  // right in its last three bits; each round doubles them
  for (int round = 0; round < 5; ++round) inverse *= 2 - odd * inverse;
  return inverse;
}
static_assert(kMix * inverse_of(kMix) == 1);

constexpr std::uint64_t fold_halves(std::uint64_t x) { return x ^ (x >> 32); }  // undoes itself

}  // namespace

std::uint16_t hash_of(const Uuid& entity) {
  const std::uint64_t mixed = fold_halves(entity.high ^ (entity.low * kSpread)) * kMix;
  return static_cast<std::uint16_t>(fold_halves(mixed));
}

Uuid v8_in(const std::array<std::uint8_t, 16>& hash, Slot slot) {
  constexpr std::uint64_t kHashesPerSlot = (std::uint64_t{1} << 16) / kSlotCount;
  constexpr std::uint64_t kVersionBits = 0xF000;
  Uuid id = Uuid::v8(hash);
  const std::uint64_t version = id.high & kVersionBits;
  // The hash is chosen first and the id computed from it, backwards; one in sixteen has the right
  // version where an id says which it is.
  for (std::uint64_t tried = id.high;; tried += kSpread) {
    const std::uint64_t wanted =
        (tried & ~std::uint64_t{0xFFFF}) | (slot * kHashesPerSlot + tried % kHashesPerSlot);
    id.high = fold_halves(fold_halves(wanted) * inverse_of(kMix)) ^ (id.low * kSpread);
    if ((id.high & kVersionBits) == version) return id;
  }
}

}  // namespace troupe::cluster
