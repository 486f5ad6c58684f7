#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/base/time.h"

namespace troupe {

/// 128 bits of identity, compared and stored in network order (so version 7 sorts by time).
struct Uuid {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  auto operator<=>(const Uuid&) const = default;
  bool set() const { return high != 0 || low != 0; }
  std::string to_string() const;             ///< 8-4-4-4-12 lower-case hexadecimal digits
  std::array<std::uint8_t, 16> bytes() const;  ///< big-endian
  static Uuid from_bytes(const void* sixteen_bytes);
  static std::optional<Uuid> parse(std::string_view text);
  /// Version 7: milliseconds of `now`, then 74 bits of `random_high` and `random_low`.
  static Uuid v7(TimePoint now, std::uint64_t random_high, std::uint64_t random_low);
  /// Version 8 from 16 bytes of a hash.
  static Uuid v8(const std::array<std::uint8_t, 16>& hash);
};

/// A Uuid that cannot be mistaken for that of another kind of thing.
template <class Tag>
struct Id : Uuid {
  Id() = default;
  explicit Id(Uuid uuid) : Uuid(uuid) {}
  auto operator<=>(const Id&) const = default;
};

using WorkspaceId = Id<struct WorkspaceTag>;
using ProjectId = Id<struct ProjectTag>;
using WorkflowId = Id<struct WorkflowTag>;
using RunId = Id<struct RunTag>;
using TaskId = Id<struct TaskTag>;

}  // namespace troupe

template <>
struct std::hash<troupe::Uuid> {
  std::size_t operator()(const troupe::Uuid& id) const noexcept {
    return (id.high ^ (id.low * 0x9E3779B97F4A7C15ull)) * 0xD6E8FEB86659FD93ull;
  }
};
template <class Tag>
struct std::hash<troupe::Id<Tag>> : std::hash<troupe::Uuid> {};
