#include "runtime/cluster/slots.h"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <vector>

namespace troupe::cluster {
namespace {

std::array<std::uint8_t, 16> some_hash(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::array<std::uint8_t, 16> hash;
  for (std::uint8_t& byte : hash) byte = static_cast<std::uint8_t>(random());
  return hash;
}

TEST(Slots, TheHashIsTheOneThatIsStored) {
  // Stored rows carry it: another function would send them to other owners.
  EXPECT_EQ(hash_of(*Uuid::parse("00000000-0000-7000-8000-000000000001")), 0xba28);
  EXPECT_EQ(hash_of(*Uuid::parse("0196b8f0-1c2d-7abc-9def-0123456789ab")), 0x48ec);
  EXPECT_EQ(slot_of_hash(0xFFFF), kSlotCount - 1);
  EXPECT_EQ(slot_of_hash(0x003F), 0);
  EXPECT_EQ(slot_of_hash(0x0040), 1);
}

TEST(Slots, EntitiesSpreadEvenly) {
  constexpr std::size_t kEach = 100;
  std::mt19937_64 random(1);
  std::vector<std::size_t> count(kSlotCount);
  for (std::size_t i = 0; i < kEach * kSlotCount; ++i) {
    ++count[slot_of(Uuid::v7(TimePoint{static_cast<std::int64_t>(1'700'000'000'000'000 + i)},
                             random(), random()))];
  }
  for (const std::size_t got : count) {
    EXPECT_GT(got, kEach / 2);
    EXPECT_LT(got, kEach * 2);
  }
}

TEST(Slots, AnIdCanBeMadeForASlot) {
  std::set<Uuid> seen;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    for (const Slot slot : {0, 1, 511, 1023}) {
      const Uuid id = v8_in(some_hash(seed), slot);
      EXPECT_EQ(slot_of(id), slot);
      EXPECT_EQ(id.to_string()[14], '8') << "its version";
      EXPECT_NE(std::string("89ab").find(id.to_string()[19]), std::string::npos) << "its variant";
      EXPECT_EQ(id, v8_in(some_hash(seed), slot));
      EXPECT_TRUE(seen.insert(id).second);
    }
  }
}

}  // namespace
}  // namespace troupe::cluster
