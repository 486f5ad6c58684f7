#include "actors/committer/marks.h"

#include <algorithm>

namespace troupe::actors {

void Marks::note(const Submission& submission) {
  const store::Batch& batch = submission.batch;
  if (submission.closes) {
    for (const store::Frame& frame : batch.frames) uncovered_.erase(frame.entity);
  } else {
    for (const store::Frame& frame : batch.frames) {
      uncovered_.try_emplace(frame.entity, Uncovered{frame.pos, submission.tenant, false});
    }
  }
  for (const store::Snapshot& snapshot : batch.snapshots) uncovered_.erase(snapshot.entity);
}

void Marks::add(const OpenEntities::Entity& entity) {
  uncovered_.try_emplace(entity.id, Uncovered{entity.snapshot, entity.tenant, false});
}

std::vector<std::pair<RunId, caf::strong_actor_ptr>> Marks::behind(
    const cluster::SlotSet& slots, store::Pos pos, std::size_t most) {
  std::vector<std::pair<RunId, caf::strong_actor_ptr>> found;
  for (auto& [id, entry] : uncovered_) {
    if (found.size() >= most) break;
    if (entry.first >= pos || entry.asked || entry.tenant == nullptr) continue;
    if (!slots.test(cluster::slot_of(id))) continue;
    entry.asked = true;
    found.emplace_back(id, entry.tenant);
  }
  return found;
}

store::Pos Marks::oldest(const cluster::SlotSet& slots, store::Pos none) const {
  store::Pos oldest = none;
  for (const auto& [id, entry] : uncovered_) {
    if (entry.first < oldest && slots.test(cluster::slot_of(id))) oldest = entry.first;
  }
  return oldest;
}

}  // namespace troupe::actors
