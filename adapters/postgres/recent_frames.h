#pragma once

#include <deque>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "runtime/port/store.h"

namespace troupe::postgres {

/// The frames that this process has committed last. Who follows a run reads its frames one behind
/// the other, each naming the one before it, and each from the server is a wake-up of two
/// processes: on a busy machine a dozen of them take a tenth of a second. Owned by PostgresStore;
/// any thread.
class RecentFrames {
 public:
  /// What is durable.
  void add(const std::vector<store::Frame>& frames);
  /// They are not in the journal any more.
  void forget_through(store::Pos last);
  std::optional<store::Frame> find(store::Pos pos) const;

 private:
  void forget_oldest();

  mutable std::mutex mutex_;  // guards what follows
  std::unordered_map<store::Pos, store::Frame> frames_;
  std::deque<store::Pos> order_;  ///< as they came
  std::size_t bytes_ = 0;
};

}  // namespace troupe::postgres
