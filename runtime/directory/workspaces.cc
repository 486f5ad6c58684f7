#include "runtime/directory/workspaces.h"

#include <utility>

#include "runtime/port/catalog.h"

namespace troupe::directory {
namespace {

using store::Change;
using store::Document;
using store::DocumentKind;
using tenancy::Permission;

struct Seeded {
  const char* slug;
  const char* name;
  const char* colour;
};
constexpr Seeded kEnvironments[] = {{"production", "Production", "#d64545"},
                                    {"staging", "Staging", "#e0a030"}};

Error no_environment() { return {Code::kNotFound, "There is no such environment.", {}}; }
Error taken() { return {Code::kConflict, "There is an environment of this slug already.", {}}; }

Result<std::optional<Environment>> find_environment(store::Documents& documents,
                                                    WorkspaceId workspace,
                                                    const std::string& slug) {
  const auto found = documents.find_by_key(DocumentKind::kEnvironment, workspace, {}, slug);
  if (!found) return found.error();
  if (!*found) return std::optional<Environment>();
  auto environment = decode_environment(**found);
  if (!environment) return environment.error();
  return std::optional(*std::move(environment));
}

}  // namespace

Result<Change> found_workspace(store::Documents& documents, const Context& context,
                               const std::string& product_code, const Named& wanted,
                               const User* owner, store::Workspace* made) {
  const auto same = documents.workspace_of_slug(wanted.slug);
  if (!same) return same.error();
  if (*same) return Error{Code::kConflict, store::kWorkspaceTaken, {}};
  Change change;
  *made = {.id = WorkspaceId(context.new_id()),
           .slug = wanted.slug,
           .name = wanted.name,
           .product_code = product_code,
           .created = context.now};
  change.workspaces.push_back(*made);
  for (const Seeded& one : kEnvironments) {
    change.put.push_back(encode(Environment{.id = context.new_id(),
                                            .workspace = made->id,
                                            .slug = one.slug,
                                            .name = one.name,
                                            .colour = one.colour,
                                            .is_protected = true,
                                            .created = context.now}));
  }
  if (owner != nullptr) {
    change.projects.push_back({.id = ProjectId(context.new_id()),
                               .workspace = made->id,
                               .slug = "default",
                               .name = "Default",
                               .is_private = false,
                               .created = context.now});
    change.put.push_back(encode(context.hasher, made->id,
                                tenancy::founder(owner->id, owner->email, context.now)));
  }
  return change;
}

Result<Change> create_workspace(store::Documents& documents, const Context& context,
                                const std::string& product_code, const Named& wanted,
                                store::Workspace* made) {
  auto change = found_workspace(documents, context, product_code, wanted, nullptr, made);
  if (!change) return change;
  change->audit.push_back(context.line(made->id, Permission::kWorkspaceCreate,
                                       "workspace:" + made->id.to_string()));
  return change;
}

Result<WorkspaceSettings> settings_of(store::Documents& documents, WorkspaceId workspace) {
  const auto found = documents.find(DocumentKind::kWorkspaceSettings, workspace);
  if (!found) return found.error();
  return *found ? decode_settings(**found) : WorkspaceSettings{workspace, {}};
}

Result<Change> change_workspace(store::Documents& documents, const Context& context,
                                WorkspaceId workspace, const WorkspacePatch& patch,
                                store::Workspace* changed) {
  const auto row = documents.workspace(workspace);
  if (!row) return row.error();
  if (!*row) return Error{Code::kNotFound, "There is no such workspace.", {}};
  *changed = **row;
  Change change;
  std::vector<std::string> fields;
  if (patch.name) {
    changed->name = *patch.name;
    change.workspaces.push_back(*changed);
    fields.emplace_back("name");
  }
  if (patch.seats_max) {
    change.put.push_back(encode(WorkspaceSettings{workspace, *patch.seats_max}));
    fields.emplace_back("seats_max");
  }
  if (fields.empty()) return change;
  change.audit.push_back(context.line(workspace, Permission::kWorkspaceChange,
                                      "workspace:" + workspace.to_string(), std::move(fields)));
  return change;
}

Result<std::vector<OwnWorkspace>> workspaces_of(store::Documents& documents, UserId user) {
  const auto rows = documents.all({DocumentKind::kMember, {}, {}, Uuid(user)});
  if (!rows) return rows.error();
  std::vector<OwnWorkspace> own;
  for (const Document& document : *rows) {
    const auto member = decode_member(document);
    if (!member) return member.error();
    if (member->state != tenancy::MemberState::kActive) continue;
    auto row = documents.workspace(document.workspace);
    if (!row) return row.error();
    if (*row) own.push_back({**std::move(row), member->role});
  }
  return own;
}

Result<std::vector<Environment>> environments_of(store::Documents& documents,
                                                 WorkspaceId workspace) {
  return decode_all(documents.all({DocumentKind::kEnvironment, workspace, {}, {}}),
                    decode_environment);
}

Result<Change> create_environment(store::Documents& documents, const Context& context,
                                  WorkspaceId workspace, const Named& wanted,
                                  const std::string& colour, Environment* made) {
  const auto same = find_environment(documents, workspace, wanted.slug);
  if (!same) return same.error();
  if (*same) return taken();
  const auto present = environments_of(documents, workspace);
  if (!present) return present.error();
  if (present->size() >= kEnvironmentsMax) {
    return Error{Code::kLimitExceeded, "The workspace has too many environments.", {}};
  }
  *made = {.id = context.new_id(),
           .workspace = workspace,
           .slug = wanted.slug,
           .name = wanted.name,
           .colour = colour,
           .is_protected = false,
           .created = context.now,
           .etag = 1};
  Change change;
  change.put.push_back(encode(*made));
  change.audit.push_back(context.line(workspace, Permission::kEnvironmentChange,
                                      "environment:" + made->id.to_string(),
                                      {"slug", "name", "colour"}));
  return change;
}

Result<Change> change_environment(store::Documents& documents, const Context& context,
                                  WorkspaceId workspace, const std::string& slug,
                                  const EnvironmentPatch& patch, Environment* changed) {
  const auto found = find_environment(documents, workspace, slug);
  if (!found) return found.error();
  if (!*found) return no_environment();
  *changed = **found;
  std::vector<std::string> fields;
  if (patch.slug && *patch.slug != slug) {
    if (changed->is_protected) {
      return Error{Code::kConflict, "A protected environment keeps its slug.", {}};
    }
    const auto same = find_environment(documents, workspace, *patch.slug);
    if (!same) return same.error();
    if (*same) return taken();
    changed->slug = *patch.slug;
    fields.emplace_back("slug");
  }
  if (patch.name) {
    changed->name = *patch.name;
    fields.emplace_back("name");
  }
  if (patch.colour) {
    changed->colour = *patch.colour;
    fields.emplace_back("colour");
  }
  Change change;
  if (fields.empty()) return change;
  ++changed->etag;
  change.put.push_back(encode(*changed));
  change.audit.push_back(context.line(workspace, Permission::kEnvironmentChange,
                                      "environment:" + changed->id.to_string(),
                                      std::move(fields)));
  return change;
}

Result<Change> delete_environment(store::Documents& documents, const Context& context,
                                  WorkspaceId workspace, const std::string& slug) {
  const auto found = find_environment(documents, workspace, slug);
  if (!found) return found.error();
  if (!*found) return no_environment();
  if ((*found)->is_protected) {
    return Error{Code::kConflict, "A protected environment cannot be deleted.", {}};
  }
  Change change;
  change.removed.push_back({DocumentKind::kEnvironment, (*found)->id});
  change.audit.push_back(context.line(workspace, Permission::kEnvironmentChange,
                                      "environment:" + (*found)->id.to_string()));
  return change;
}

}  // namespace troupe::directory
