// Projects of a workspace, and who has which role in one.
#include "adapters/http/change.h"
#include "adapters/http/render.h"
#include "runtime/directory/caller.h"
#include "runtime/directory/projects.h"
#include "runtime/json/write.h"
#include "runtime/tenancy/names.h"

namespace troupe::http {
namespace {

constexpr std::int64_t kRetentionDaysMax = 36'500;

/// The project of the path: the grant has one, as the route's permission is about a project.
ProjectId project_of(const CallPtr& call) { return call->grant->project().value_or(ProjectId{}); }

Result<std::string> check_name(std::string_view text) { return tenancy::check_display_name(text); }

void change(const CallPtr& call, const directory::ProjectPatch& patch,
            std::function<void(const store::Project&)> use) {
  const WorkspaceId workspace = call->scope.workspace;
  change_store<store::Project>(
      call, {Uuid(workspace)},
      [patch, workspace, project = project_of(call)](auto& documents, const auto& context,
                                                     auto* changed) {
        return directory::change_project(documents, context, workspace, project, patch, changed);
      },
      std::move(use));
}

void change_role(const CallPtr& call, std::optional<tenancy::ProjectRole> role) {
  const auto user = id_param<UserId>(call, "user", "member");
  if (!user) return;
  const WorkspaceId workspace = call->scope.workspace;
  change_store<Unit>(
      call, {Uuid(workspace)},
      [role, workspace, project = project_of(call), user = *user](
          auto& documents, const auto& context, auto*) {
        return directory::change_project_role(documents, context, workspace, project, user, role);
      },
      [call](Unit) { call->send({.status = 204, .body = {}}); });
}

}  // namespace

namespace handle {

void list_projects(const CallPtr& call) {
  using Seen = std::vector<directory::SeenProject>;
  read_documents<Seen>(
      call, store::DocumentScope::of(call->scope.workspace),
      [principal = call->principal, grant = *call->grant](store::Documents& documents) {
        return directory::projects_seen(documents, principal, grant);
      },
      [call](const Seen& seen) {
        const bool with_archived = call->query.find("archived") == "true";
        std::vector<store::Project> rows;
        for (const directory::SeenProject& one : seen) {
          if (one.row.archived.set() == with_archived) rows.push_back(one.row);
        }
        call->send_json(render_list(rows));
      });
}

void create_project(const CallPtr& call) {
  struct Body {
    directory::Named named;
    bool is_private = false;
  };
  auto body = read_body(call, [](edge::BodyReader& in) {
    Body out;
    out.named.slug = checked(in, "slug", in.required_text("slug", 400), tenancy::check_slug);
    const auto name = in.text("name", 400);
    out.named.name = name ? checked(in, "name", *name, check_name) : out.named.slug;
    out.is_private = in.boolean("private").value_or(false);
    return out;
  });
  if (!body) return;
  const WorkspaceId workspace = call->scope.workspace;
  change_store<store::Project>(
      call, {Uuid(workspace)},
      [body = *body, workspace](auto& documents, const auto& context, auto* made) {
        return directory::create_project(documents, context, workspace, body.named,
                                         body.is_private, made);
      },
      [call](const store::Project& made) {
        call->core.scopes.forget();
        call->send_json(render(made), 201);
      });
}

void show_project(const CallPtr& call) {
  using Found = std::optional<store::Project>;
  read_documents<Found>(
      call, store::DocumentScope::of(call->scope.workspace),
      [workspace = call->scope.workspace,
       project = project_of(call)](store::Documents& documents) -> Result<Found> {
        const auto rows = documents.projects_of(workspace);
        if (!rows) return rows.error();
        for (const store::Project& row : *rows) {
          if (row.id == project) return Found(row);
        }
        return Found();
      },
      [call](const Found& found) {
        if (!found) return call->fail(Code::kNotFound, "There is no such project.");
        call->send_json(render(*found));
      });
}

void change_project(const CallPtr& call) {
  auto patch = read_body(call, [](edge::BodyReader& in) {
    directory::ProjectPatch out;
    if (const auto name = in.text("name", 400)) out.name = checked(in, "name", *name, check_name);
    out.is_private = in.boolean("private");
    if (const auto days = in.integer("retention_days", 0, kRetentionDaysMax)) {
      out.retention_days = static_cast<std::uint32_t>(*days);
    }
    return out;
  });
  if (!patch) return;
  change(call, *patch, [call](const store::Project& row) { call->send_json(render(row)); });
}

void archive_project(const CallPtr& call) {
  const directory::ProjectPatch patch{
      .name = {}, .is_private = {}, .is_archived = true, .retention_days = {}};
  change(call, patch, [call](const store::Project&) {
    call->core.scopes.forget();
    call->send({.status = 204, .body = {}});
  });
}

void leave_project(const CallPtr& call) {
  const UserId user = tenancy::user_of(call->principal).value_or(UserId{});
  const WorkspaceId workspace = call->scope.workspace;
  change_store<Unit>(
      call, {Uuid(workspace), Uuid(user)},
      [user, workspace, project = project_of(call)](auto& documents, const auto& context, auto*) {
        return directory::leave_project(documents, context, workspace, project, user);
      },
      [call](Unit) { call->send({.status = 204, .body = {}}); });
}

void list_project_members(const CallPtr& call) {
  read_documents<tenancy::ProjectRoster>(
      call, store::DocumentScope::of(call->scope.workspace),
      [workspace = call->scope.workspace, project = project_of(call)](
          store::Documents& documents) {
        return directory::roster_of(documents, workspace, project);
      },
      [call](const tenancy::ProjectRoster& roster) {
        std::vector<std::string> items;
        for (const tenancy::ProjectMember& member : roster.members) {
          json::Writer out;
          out.begin_object()
              .member("user_id", member.user.to_string())
              .member("role", tenancy::name(member.role));
          items.push_back(out.end_object().take());
        }
        call->send_json(page_json(items, {}));
      });
}

void give_project_role(const CallPtr& call) {
  auto role = read_body(call, [](edge::BodyReader& in) {
    const auto parsed = tenancy::parse_project_role(in.required_text("role", 64));
    if (!parsed) {
      in.wrong("role", "must be project_viewer, project_contributor or project_admin.");
    }
    return parsed;
  });
  if (role) change_role(call, *role);
}

void take_project_role(const CallPtr& call) { change_role(call, std::nullopt); }

}  // namespace handle
}  // namespace troupe::http
