#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>

#include "runtime/base/uuid.h"

namespace troupe::cluster {

/// The unit of ownership between nodes: one of the ranges into which the hashes of entities are
/// cut. Every slot has at most one owner at a time.
using Slot = std::uint16_t;
inline constexpr std::size_t kSlotCount = 1024;
using SlotSet = std::bitset<kSlotCount>;

/// The 16-bit hash that is stored with an entity's rows, so that the number of slots can change;
/// see ARCHITECTURE.md.
std::uint16_t hash_of(const Uuid& entity);
/// Which range of hashes that is.
constexpr Slot slot_of_hash(std::uint16_t hash) {
  return static_cast<Slot>(hash / ((std::size_t{1} << 16) / kSlotCount));
}
inline Slot slot_of(const Uuid& entity) { return slot_of_hash(hash_of(entity)); }
/// All of them: what a node alone owns.
inline SlotSet all_slots() { return SlotSet().set(); }
/// A version 8 id made of `hash`, like Uuid::v8, that lies in `slot`: the same of the same two.
Uuid v8_in(const std::array<std::uint8_t, 16>& hash, Slot slot);

}  // namespace troupe::cluster
