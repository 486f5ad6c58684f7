#include "actors/store/retention.h"

namespace troupe::actors {
namespace {

constexpr Duration kBelieved{5'000'000};

}  // namespace

std::uint32_t Retention::days(ProjectId project) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(project);
  return found == entries_.end() ? 0 : found->second.days;
}

Retention::Known Retention::look(ProjectId project, TimePoint now) {
  if (!project.set()) return Known::kFresh;
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(project);
  if (found == entries_.end()) return Known::kNot;
  if (now.us < found->second.read.us + kBelieved.us) return Known::kFresh;
  found->second.read = now;
  return Known::kStale;
}

Status Retention::load(store::Reader& reader, WorkspaceId workspace, TimePoint now) {
  const auto projects = reader.projects(workspace);
  if (!projects) return projects.error();
  const std::lock_guard lock(mutex_);
  for (const store::Project& one : *projects) entries_[one.id] = {one.retention_days, now};
  return ok();
}

}  // namespace troupe::actors
