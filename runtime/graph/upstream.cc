#include "runtime/graph/upstream.h"

#include <algorithm>

namespace troupe::graph {
namespace {

/// So few are looked through sooner than the bits are made.
constexpr std::size_t kFewDependencies = 16;

}  // namespace

Upstream::Upstream(const LevelDraft& level) : level_(level), stuck_(level.steps.size(), true) {
  std::vector<std::size_t> waits(level.steps.size());
  order_.reserve(level.steps.size());
  for (std::uint32_t i = 0; i < level.steps.size(); ++i) {
    waits[i] = level.steps[i].step.depends_on.size();
    if (waits[i] == 0) order_.push_back(i);
  }
  for (std::size_t i = 0; i < order_.size(); ++i) {
    stuck_[order_[i]] = false;
    for (const std::uint32_t next : level.steps[order_[i]].step.dependants) {
      if (--waits[next] == 0) order_.push_back(next);
    }
  }
  ordered_ = order_.size() == level.steps.size();
}

bool Upstream::before(std::uint32_t first, std::uint32_t second) {
  if (!ordered_) return true;
  const auto& direct = level_.steps[second].step.depends_on;
  if (bits_.empty() && direct.size() <= kFewDependencies &&
      std::find(direct.begin(), direct.end(), first) != direct.end()) {
    return true;
  }
  if (bits_.empty()) make_bits();
  return (bits_[second * row_words_ + first / 64] >> (first % 64) & 1) != 0;
}

void Upstream::make_bits() {
  row_words_ = (level_.steps.size() + 63) / 64;
  bits_.assign(row_words_ * level_.steps.size(), 0);
  for (const std::uint32_t step : order_) {
    std::uint64_t* row = &bits_[step * row_words_];
    for (const std::uint32_t dependency : level_.steps[step].step.depends_on) {
      const std::uint64_t* other = &bits_[dependency * row_words_];
      for (std::size_t word = 0; word < row_words_; ++word) row[word] |= other[word];
      row[dependency / 64] |= std::uint64_t{1} << (dependency % 64);
    }
  }
}

}  // namespace troupe::graph
