#include "actors/store/scope_names.h"

#include <algorithm>

namespace troupe::actors {

std::optional<ScopeNames::Names> ScopeNames::find(WorkspaceId workspace, ProjectId project) const {
  const std::lock_guard lock(mutex_);
  const auto found = names_.find({workspace, project});
  if (found == names_.end()) return std::nullopt;
  return found->second;
}

Result<ScopeNames::Names> ScopeNames::load(store::Reader& reader, WorkspaceId workspace,
                                           ProjectId project) {
  if (auto known = find(workspace, project)) return *std::move(known);
  const auto workspaces = reader.workspaces();
  if (!workspaces) return workspaces.error();
  const auto outer = std::find_if(workspaces->begin(), workspaces->end(),
                                  [&](const store::Workspace& one) { return one.id == workspace; });
  if (outer == workspaces->end()) return Error{Code::kNotFound, "there is no such workspace", {}};
  Names names{outer->slug, {}};
  if (project.set()) {
    const auto projects = reader.projects(workspace);
    if (!projects) return projects.error();
    const auto inner = std::find_if(projects->begin(), projects->end(),
                                    [&](const store::Project& one) { return one.id == project; });
    if (inner == projects->end()) return Error{Code::kNotFound, "there is no such project", {}};
    names.project = inner->slug;
  }
  const std::lock_guard lock(mutex_);
  names_[{workspace, project}] = names;
  return names;
}

}  // namespace troupe::actors
