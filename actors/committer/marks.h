#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "actors/messages.h"

namespace troupe::actors {

/// Knows which open entities have frames that no snapshot holds, so that recovery need not look
/// behind the oldest of them. Owned by the committer.
class Marks {
 public:
  struct Uncovered {
    store::Pos first = 0;           ///< its oldest frame behind its last snapshot
    caf::strong_actor_ptr tenant;
    bool asked = false;             ///< its tenant has been asked for a snapshot
  };

  /// After a commit.
  void note(const Submission& submission);
  void add(const OpenEntities::Entity& entity);
  /// Entities of these slots whose oldest uncovered frame lies before `pos` and that have not been
  /// asked yet; no more than `most`.
  std::vector<std::pair<RunId, caf::strong_actor_ptr>> behind(const cluster::SlotSet& slots,
                                                              store::Pos pos, std::size_t most);
  /// No entity of these slots needs a frame before this; `none` if none is uncovered at all.
  store::Pos oldest(const cluster::SlotSet& slots, store::Pos none) const;
  std::size_t size() const { return uncovered_.size(); }

 private:
  std::unordered_map<RunId, Uncovered> uncovered_;
};

}  // namespace troupe::actors
