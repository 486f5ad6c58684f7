#include "adapters/http/handlers.h"
#include "adapters/http/parse.h"
#include "adapters/http/render.h"

namespace troupe::http::handle {

void list_workspaces(const CallPtr& call) {
  using Rows = std::vector<store::Workspace>;
  read_store<Rows>(
      call, [](store::Reader& reader) { return reader.workspaces(); },
      [call](Rows rows) { call->send_json(render_list(rows)); });
}

void create_workspace(const CallPtr& call) {
  auto body = parse_named(call->body);
  if (!body.ok()) return call->fail(body.error());
  store::Workspace workspace{.id = WorkspaceId(call->core.new_id()),
                             .slug = std::move(body->slug),
                             .name = std::move(body->name),
                             .product_code = {},
                             .created = call->core.services.clock.now()};
  write_store<store::Workspace>(
      call, [workspace](store::Writer& writer) { return writer.create_workspace(workspace); },
      [call](const store::Workspace& row) {
        call->core.scopes.forget();
        call->send_json(render(row), 201);
      });
}

void list_projects(const CallPtr& call) {
  using Rows = std::vector<store::Project>;
  read_store<Rows>(
      call,
      [workspace = call->scope.workspace](store::Reader& reader) {
        return reader.projects(workspace);
      },
      [call](Rows rows) { call->send_json(render_list(rows)); });
}

void create_project(const CallPtr& call) {
  auto body = parse_named(call->body);
  if (!body.ok()) return call->fail(body.error());
  store::Project project{.id = ProjectId(call->core.new_id()),
                         .workspace = call->scope.workspace,
                         .slug = std::move(body->slug),
                         .name = std::move(body->name),
                         .is_private = false,
                         .created = call->core.services.clock.now()};
  write_store<store::Project>(
      call, [project](store::Writer& writer) { return writer.create_project(project); },
      [call](const store::Project& row) {
        // A workspace without a project was remembered as scoped to the whole of it.
        call->core.scopes.forget();
        call->send_json(render(row), 201);
      });
}

}  // namespace troupe::http::handle
