#include "actors/store/scope_names.h"

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
  const auto projects = reader.projects(workspace);
  if (!projects) return projects.error();
  for (const store::Workspace& outer : *workspaces) {
    if (outer.id != workspace) continue;
    for (const store::Project& inner : *projects) {
      if (inner.id != project) continue;
      Names names{outer.slug, inner.slug};
      const std::lock_guard lock(mutex_);
      names_[{workspace, project}] = names;
      return names;
    }
  }
  return Error{Code::kNotFound, "there is no such workspace or project", {}};
}

}  // namespace troupe::actors
