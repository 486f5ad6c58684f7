#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "runtime/graph/draft.h"

namespace troupe::graph {

/// The order of one level: who comes before whom. One bit per pair of steps, made when first asked
/// for (10,000 steps: 12.5 MB), since most templates read a direct dependency.
class Upstream {
 public:
  /// `level` has its edges; it outlives this.
  explicit Upstream(const LevelDraft& level);

  /// False if steps depend on each other in a circle. Then nobody is before anybody for sure, and
  /// `before` says yes to all, so that one mistake is reported once.
  bool ordered() const { return ordered_; }
  bool before(std::uint32_t first, std::uint32_t second);
  /// Whether the step is part of a circle or behind one.
  bool stuck(std::uint32_t step) const { return stuck_[step]; }

 private:
  void make_bits();

  const LevelDraft& level_;
  std::vector<std::uint32_t> order_;
  std::vector<bool> stuck_;
  bool ordered_ = true;
  std::size_t row_words_ = 0;
  std::vector<std::uint64_t> bits_;  ///< row of a step: the steps before it
};

}  // namespace troupe::graph
