#pragma once

#include <array>
#include <compare>
#include <cstdint>

#include "runtime/base/ensure.h"

namespace troupe::run {

/// Address of a step inside a run: step indices and, between them, the item (for_each) or iteration
/// (while) of the loop that they lie in: [step], [loop, item, step], [loop, item, loop, item,
/// step].
struct StepPath {
  static constexpr int kPartsMax = 7;
  std::array<std::uint32_t, kPartsMax> part{};
  std::uint8_t size = 0;

  StepPath() = default;
  explicit StepPath(std::uint32_t step) : part{step}, size(1) {}
  std::uint32_t step() const { return part[size - 1]; }
  bool top_level() const { return size == 1; }
  /// A step inside the body of the loop that this path names.
  StepPath inner(std::uint32_t item, std::uint32_t step) const {
    TROUPE_ENSURE(size + 2 <= kPartsMax);
    StepPath path = *this;
    path.part[path.size++] = item;
    path.part[path.size++] = step;
    return path;
  }
  /// The loop that this step lies in, and which item of it. Not for top-level steps.
  StepPath loop() const {
    TROUPE_ENSURE(size >= 3);
    StepPath path = *this;
    path.part[--path.size] = 0;
    path.part[--path.size] = 0;
    return path;
  }
  std::uint32_t item() const { return part[size - 2]; }
  auto operator<=>(const StepPath&) const = default;
};

}  // namespace troupe::run
