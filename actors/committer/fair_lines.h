#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <unordered_map>
#include <vector>

#include "actors/messages.h"

namespace troupe::actors {

/// What waits for the next commit, a line per workspace. A batch is filled in rounds, a share of
/// bytes from each line, so that a flood of one workspace delays no other by more than a batch. A
/// large submission lets what waits in other lines go first, once, and then goes alone.
/// Order inside a line is kept: an entity belongs to one workspace. Owned by the committer.
class FairLines {
 public:
  void push(std::shared_ptr<Submission> submission);
  /// At least one submission if there is any; stops at about `cost_max`: bytes, and `row_cost` more
  /// for each row.
  std::vector<std::shared_ptr<Submission>> take(std::size_t cost_max, std::size_t row_cost = 0);
  /// Everything, line by line.
  std::vector<std::shared_ptr<Submission>> take_all();
  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  std::size_t lines() const { return ring_.size(); }
  /// The first address of all that waits, or `none` if that is less.
  store::Pos oldest(store::Pos none) const;

 private:
  struct Line {
    std::deque<std::shared_ptr<Submission>> waiting;
    bool has_yielded = false;  ///< its first is large and has let others go before
  };
  std::unordered_map<const void*, Line> lines_;  ///< by tenant
  std::deque<const void*> ring_;                 ///< lines that are not empty
  std::size_t size_ = 0;
};

}  // namespace troupe::actors
