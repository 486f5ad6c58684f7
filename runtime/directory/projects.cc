#include "runtime/directory/projects.h"

#include <algorithm>
#include <utility>

#include "runtime/port/catalog.h"

namespace troupe::directory {
namespace {

using store::Change;
using store::DocumentKind;
using tenancy::Permission;

Result<store::Project> find_project(store::Documents& documents, WorkspaceId workspace,
                                    ProjectId project) {
  const auto rows = documents.projects_of(workspace);
  if (!rows) return rows.error();
  const auto found = std::find_if(rows->begin(), rows->end(),
                                  [&](const store::Project& row) { return row.id == project; });
  if (found == rows->end()) return Error{Code::kNotFound, "There is no such project.", {}};
  return *found;
}

/// The rows of a decision, with a line if there are any.
Result<Change> written(store::Documents& documents, const Context& context,
                       WorkspaceId workspace, ProjectId project,
                       Result<tenancy::ProjectRosterChange> decided, Permission action,
                       UserId user) {
  if (!decided) return decided.error();
  Change change;
  if (decided->empty()) return change;
  for (const tenancy::ProjectMember& member : decided->given) {
    store::Document document = encode(context.hasher, workspace, project, member, context.now);
    const auto before = documents.find(document.kind, document.id);
    if (!before) return before.error();
    if (*before) document.created = (*before)->created;
    change.put.push_back(std::move(document));
  }
  for (const UserId taken : decided->taken) {
    change.removed.push_back(
        {DocumentKind::kProjectMember, project_member_id(context.hasher, project, taken)});
  }
  change.audit.push_back(context.line(workspace, action, "user:" + user.to_string(), {"role"},
                                      project));
  return change;
}

}  // namespace

Result<Change> create_project(store::Documents& documents, const Context& context,
                              WorkspaceId workspace, const Named& wanted, bool is_private,
                              store::Project* made) {
  const auto rows = documents.projects_of(workspace);
  if (!rows) return rows.error();
  const bool is_taken = std::any_of(rows->begin(), rows->end(), [&](const store::Project& row) {
    return row.slug == wanted.slug;
  });
  if (is_taken) return Error{Code::kConflict, store::kProjectTaken, {}};
  if (rows->size() >= kProjectsMax) {
    return Error{Code::kLimitExceeded, "The workspace has too many projects.", {}};
  }
  *made = {.id = ProjectId(context.new_id()),
           .workspace = workspace,
           .slug = wanted.slug,
           .name = wanted.name,
           .is_private = is_private,
           .created = context.now};
  Change change;
  change.projects.push_back(*made);
  // Whoever makes a private project must not be hidden from it himself.
  const auto user = tenancy::user_of(context.by);
  if (is_private && user && user->set()) {
    change.put.push_back(encode(context.hasher, workspace, made->id,
                                {*user, tenancy::ProjectRole::kAdmin}, context.now));
  }
  change.audit.push_back(context.line(workspace, Permission::kProjectCreate,
                                      "project:" + made->id.to_string(), {"slug", "name"},
                                      made->id));
  return change;
}

Result<Change> change_project(store::Documents& documents, const Context& context,
                              WorkspaceId workspace, ProjectId project, const ProjectPatch& patch,
                              store::Project* changed) {
  auto found = find_project(documents, workspace, project);
  if (!found) return found.error();
  *changed = *std::move(found);
  std::vector<std::string> fields;
  if (patch.name && *patch.name != changed->name) {
    changed->name = *patch.name;
    fields.emplace_back("name");
  }
  if (patch.is_private && *patch.is_private != changed->is_private) {
    changed->is_private = *patch.is_private;
    fields.emplace_back("private");
  }
  if (patch.retention_days && *patch.retention_days != changed->retention_days) {
    changed->retention_days = *patch.retention_days;
    fields.emplace_back("retention_days");
  }
  const bool archives = patch.is_archived && *patch.is_archived != changed->archived.set();
  if (archives) {
    changed->archived = *patch.is_archived ? context.now : TimePoint{};
    fields.emplace_back("archived");
  }
  Change change;
  if (fields.empty()) return change;
  change.projects.push_back(*changed);
  change.audit.push_back(context.line(
      workspace, archives ? Permission::kProjectArchive : Permission::kProjectChange,
      "project:" + project.to_string(), std::move(fields), project));
  return change;
}

Result<Change> change_project_role(store::Documents& documents, const Context& context,
                                   WorkspaceId workspace, ProjectId project, UserId user,
                                   std::optional<tenancy::ProjectRole> role) {
  if (const auto found = find_project(documents, workspace, project); !found) {
    return found.error();
  }
  const auto members = roster_of(documents, workspace);
  if (!members) return members.error();
  const auto roster = roster_of(documents, workspace, project);
  if (!roster) return roster.error();
  return written(documents, context, workspace, project,
                 role ? tenancy::give_role(*members, *roster, user, *role)
                      : tenancy::take_role(*roster, user),
                 Permission::kProjectMemberChange, user);
}

Result<Change> leave_project(store::Documents& documents, const Context& context,
                             WorkspaceId workspace, ProjectId project, UserId user) {
  const auto found = find_project(documents, workspace, project);
  if (!found) return found.error();
  const auto members = roster_of(documents, workspace);
  if (!members) return members.error();
  const auto roster = roster_of(documents, workspace, project);
  if (!roster) return roster.error();
  return written(documents, context, workspace, project,
                 tenancy::leave_project(*members, *roster, found->is_private, user),
                 Permission::kProjectLeave, user);
}

}  // namespace troupe::directory
