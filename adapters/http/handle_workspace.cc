// Workspaces, their settings and environments.
#include "adapters/http/change.h"
#include "adapters/http/parse.h"
#include "adapters/http/render.h"
#include "runtime/directory/workspaces.h"
#include "runtime/json/write.h"
#include "runtime/tenancy/names.h"

namespace troupe::http {
namespace {

using directory::Environment;

std::string environment_json(const Environment& environment) {
  json::Writer out;
  out.begin_object()
      .member("id", environment.id.to_string())
      .member("slug", environment.slug)
      .member("name", environment.name)
      .member("colour", environment.colour)
      .member("protected", environment.is_protected)
      .member("created_at", to_rfc3339(environment.created));
  return out.end_object().take();
}

/// A workspace with what only its members see.
struct Shown {
  store::Workspace row;
  directory::WorkspaceSettings settings;
};
void send_workspace(const CallPtr& call, const Shown& shown) {
  json::Writer out;
  out.begin_object()
      .member("id", shown.row.id.to_string())
      .member("slug", shown.row.slug)
      .member("name", shown.row.name)
      .member("product_code", shown.row.product_code)
      .key("seats_max");
  shown.settings.seats_max ? out.number(std::uint64_t{*shown.settings.seats_max}) : out.null();
  const auto role = call->grant->workspace_role();
  if (role) out.member("role", tenancy::name(*role)).member("owner", tenancy::is_owner(*role));
  out.member("created_at", to_rfc3339(shown.row.created));
  call->send_json(out.end_object().take());
}

directory::Named named_in(edge::BodyReader& in) {
  directory::Named named;
  named.slug = checked(in, "slug", in.required_text("slug", 400), tenancy::check_slug);
  named.name = in.text("name", 400).value_or(named.slug);
  if (!named.name.empty()) {
    named.name = checked(in, "name", named.name,
                         [](const auto& text) { return tenancy::check_display_name(text); });
  }
  return named;
}

std::optional<std::string> optional_in(edge::BodyReader& in, std::string_view key,
                                       Result<std::string> (*check)(std::string_view)) {
  const auto text = in.text(key, 400);
  if (!text) return std::nullopt;
  return checked(in, key, *text, check);
}

Result<std::string> check_name(std::string_view text) { return tenancy::check_display_name(text); }

}  // namespace

namespace handle {

void list_workspaces(const CallPtr& call) {
  const auto user = tenancy::user_of(call->principal);
  if (!user || !user->set()) {
    using Rows = std::vector<store::Workspace>;
    return read_store<Rows>(
        call, [](store::Reader& reader) { return reader.workspaces(); },
        [call](Rows rows) { call->send_json(render_list(rows)); });
  }
  using Own = std::vector<directory::OwnWorkspace>;
  read_documents<Own>(
      call, store::DocumentScope::owned_by(*user),
      [user = *user](store::Documents& documents) {
        return directory::workspaces_of(documents, user);
      },
      [call](const Own& own) {
        std::vector<std::string> items;
        for (const directory::OwnWorkspace& one : own) {
          json::Writer out;
          out.begin_object()
              .member("id", one.row.id.to_string())
              .member("slug", one.row.slug)
              .member("name", one.row.name)
              .member("role", tenancy::name(one.role))
              .member("owner", tenancy::is_owner(one.role))
              .member("created_at", to_rfc3339(one.row.created));
          items.push_back(out.end_object().take());
        }
        call->send_json(page_json(items, {}));
      });
}

void create_workspace(const CallPtr& call) {
  auto wanted = read_body(call, named_in);
  if (!wanted) return;
  change_store<store::Workspace>(
      call, {},
      [wanted = *wanted, product = call->core.options.product_code](
          auto& documents, const auto& context, auto* made) {
        return directory::create_workspace(documents, context, product, wanted, made);
      },
      [call](const store::Workspace& made) {
        call->core.scopes.forget();
        call->send_json(render(made), 201);
      });
}

void show_workspace(const CallPtr& call) {
  read_documents<Shown>(
      call, store::DocumentScope::of(call->scope.workspace),
      [id = call->scope.workspace](store::Documents& documents) -> Result<Shown> {
        auto row = documents.workspace(id);
        if (!row) return row.error();
        auto settings = directory::settings_of(documents, id);
        if (!settings) return settings.error();
        return Shown{row->value_or(store::Workspace{}), *settings};
      },
      [call](const Shown& shown) { send_workspace(call, shown); });
}

void change_workspace(const CallPtr& call) {
  auto patch = read_body(call, [](edge::BodyReader& in) {
    directory::WorkspacePatch out;
    out.name = optional_in(in, "name", check_name);
    if (const auto seats = in.raw("seats_max"); seats && json::kind(*seats) == json::Kind::kNull) {
      out.seats_max.emplace();
    } else if (const auto number = in.integer("seats_max", 1, 1'000'000)) {
      out.seats_max.emplace(static_cast<std::uint32_t>(*number));
    }
    return out;
  });
  if (!patch) return;
  // How many seats there are is bought, not chosen.
  if (patch->seats_max && !std::holds_alternative<tenancy::Operator>(call->principal)) {
    return call->fail(Code::kForbidden, "Only the operator sets the number of seats.");
  }
  const WorkspaceId workspace = call->scope.workspace;
  change_store<store::Workspace>(
      call, {Uuid(workspace)},
      [patch = *patch, workspace](auto& documents, const auto& context, auto* changed) {
        return directory::change_workspace(documents, context, workspace, patch, changed);
      },
      [call](const store::Workspace&) { show_workspace(call); });
}

void list_environments(const CallPtr& call) {
  using All = std::vector<Environment>;
  read_documents<All>(
      call, store::DocumentScope::of(call->scope.workspace),
      [workspace = call->scope.workspace](store::Documents& documents) {
        return directory::environments_of(documents, workspace);
      },
      [call](const All& all) {
        std::vector<std::string> items;
        for (const Environment& one : all) items.push_back(environment_json(one));
        call->send_json(page_json(items, {}));
      });
}

void create_environment(const CallPtr& call) {
  struct Body {
    directory::Named named;
    std::string colour;
  };
  auto body = read_body(call, [](edge::BodyReader& in) {
    Body out{named_in(in), in.text("colour", 400).value_or("#808080")};
    out.colour = checked(in, "colour", out.colour, tenancy::check_colour);
    return out;
  });
  if (!body) return;
  const WorkspaceId workspace = call->scope.workspace;
  change_store<Environment>(
      call, {Uuid(workspace)},
      [body = *body, workspace](auto& documents, const auto& context, auto* made) {
        return directory::create_environment(documents, context, workspace, body.named,
                                             body.colour, made);
      },
      [call](const Environment& made) { call->send_json(environment_json(made), 201); });
}

void change_environment(const CallPtr& call) {
  auto patch = read_body(call, [](edge::BodyReader& in) {
    return directory::EnvironmentPatch{optional_in(in, "slug", tenancy::check_slug),
                                       optional_in(in, "name", tenancy::check_environment_name),
                                       optional_in(in, "colour", tenancy::check_colour)};
  });
  if (!patch) return;
  const WorkspaceId workspace = call->scope.workspace;
  change_store<Environment>(
      call, {Uuid(workspace)},
      [patch = *patch, workspace, slug = std::string(call->param("environment"))](
          auto& documents, const auto& context, auto* changed) {
        return directory::change_environment(documents, context, workspace, slug, patch, changed);
      },
      [call](const Environment& changed) { call->send_json(environment_json(changed)); });
}

void delete_environment(const CallPtr& call) {
  const WorkspaceId workspace = call->scope.workspace;
  change_store<Unit>(
      call, {Uuid(workspace)},
      [workspace, slug = std::string(call->param("environment"))](auto& documents,
                                                                  const auto& context, auto*) {
        return directory::delete_environment(documents, context, workspace, slug);
      },
      [call](Unit) { call->send({.status = 204, .body = {}}); });
}

}  // namespace handle
}  // namespace troupe::http
