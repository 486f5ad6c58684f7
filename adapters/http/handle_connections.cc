// Connections: what steps show to services outside. Values come in and never go out.
#include "adapters/http/render.h"
#include "adapters/http/sealing.h"
#include "runtime/directory/connections.h"
#include "runtime/edge/outside_body.h"
#include "runtime/json/read.h"
#include "runtime/json/write.h"

namespace troupe::http {
namespace {

using directory::Connection;

/// Unset: the workspace's own.
ProjectId project_of(const CallPtr& call) { return call->scope.project.value_or(ProjectId{}); }

std::string connection_json(const Connection& connection) {
  json::Writer out;
  out.begin_object().member("id", connection.id.to_string()).member("name", connection.name);
  out.key("project_id");
  if (connection.project.set()) out.string(connection.project.to_string());
  else out.null();
  out.member("auth", directory::name(connection.auth)).key("auth_name");
  if (connection.auth_name.empty()) out.null();
  else out.string(connection.auth_name);
  out.key("hosts").begin_array();
  for (const std::string& host : connection.hosts) out.string(host);
  out.end_array().key("environment");
  if (connection.environment.empty()) out.null();
  else out.string(connection.environment);
  out.member("enabled", connection.is_enabled);
  out.key("credential_keys").begin_array().string("value").end_array();
  out.member("created_at", to_rfc3339(connection.created));
  out.member("updated_at", to_rfc3339(connection.updated));
  return out.end_object().take();
}

struct Asked {
  Connection connection;
  SecretValue value;
};

void put(const CallPtr& call, const Asked& body, int status) {
  const auto answer = [call, status](const Connection& connection) {
    call->send_json(connection_json(connection), status);
  };
  Connection connection = body.connection;
  if (body.value == nullptr) {
    return change_store<Connection>(
        call, {Uuid(connection.workspace)},
        [connection](auto& documents, const auto& context, auto* made) {
          *made = connection;
          return directory::put_connection(documents, context, connection);
        },
        answer);
  }
  directory::Secret secret;
  secret.workspace = connection.workspace;
  secret.project = connection.project;
  secret.path = connection.secret = "connections/" + connection.id.to_string();
  secret.description = "connection " + connection.name;
  store_secret(
      call, std::move(secret), body.value,
      [connection](store::Documents& documents, const directory::Context& context, const auto&) {
        return directory::put_connection(documents, context, connection);
      },
      [answer, connection](const directory::Secret&) { answer(connection); });
}

template <class Read>
void with_connection(const CallPtr& call, Read use) {
  const auto id = id_param<Uuid>(call, "connection", "connection");
  if (!id) return;
  read_documents<Connection>(
      call, store::DocumentScope::of(call->scope.workspace),
      [workspace = call->scope.workspace, project = project_of(call),
       id = *id](store::Documents& documents) {
        return directory::find_connection(documents, workspace, project, id);
      },
      std::move(use));
}

/// A workflow whose draft names the connection.
struct Use {
  WorkflowId workflow;
  std::string name, step;
};

void look_for(std::string_view steps, const Connection& connection, const store::Workflow& workflow,
              std::vector<Use>& uses) {
  json::for_each_element(steps, [&](std::string_view step) {
    const auto text = [&](std::string_view name) {
      return json::decode_string(json::member(step, name).value_or("null"));
    };
    const std::string named = text("connection_id");
    if (named == connection.name || named == connection.id.to_string()) {
      uses.push_back({workflow.id, workflow.name, text("id")});
    }
    for (const char* body : {"for_each_body_steps", "while_body_steps"}) {
      look_for(json::member(step, body).value_or("[]"), connection, workflow, uses);
    }
    return true;
  });
}

/// Drafts of the connection's project; of a workspace's connection, those of every project.
Result<std::vector<Use>> uses_of(store::Reader& reader, const Connection& connection) {
  std::vector<ProjectId> places{connection.project};
  if (!connection.project.set()) {
    const auto projects = reader.projects(connection.workspace);
    if (!projects) return projects.error();
    for (const store::Project& project : *projects) places.push_back(project.id);
  }
  std::vector<Use> uses;
  for (const ProjectId place : places) {
    store::Page page{.limit = 200, .cursor = {}};
    do {
      const std::optional<ProjectId> project = place;
      auto rows = reader.workflows({connection.workspace, project}, page, false);
      if (!rows) return rows.error();
      for (const store::Workflow& workflow : rows->items) {
        if (workflow.project != place) continue;
        look_for(json::member(workflow.graph, "steps").value_or("[]"), connection, workflow, uses);
      }
      page.cursor = std::move(rows->next_cursor);
    } while (!page.cursor.empty());
  }
  return uses;
}

template <class Then>
void with_uses(const CallPtr& call, const Connection& connection, Then use) {
  read_store<std::vector<Use>>(
      call, [connection](store::Reader& reader) { return uses_of(reader, connection); },
      std::move(use));
}

void remove(const CallPtr& call, const Connection& connection) {
  change_store<Unit>(
      call, {Uuid(connection.workspace)},
      [connection](auto& documents, const auto& context, auto*) {
        return directory::delete_connection(documents, context, connection);
      },
      [call](Unit) { call->send({.status = 204, .body = {}}); });
}

}  // namespace

namespace handle {

void list_connections(const CallPtr& call) {
  using All = std::vector<Connection>;
  read_documents<All>(
      call, store::DocumentScope::of(call->scope.workspace),
      [workspace = call->scope.workspace,
       project = project_of(call)](store::Documents& documents) -> Result<All> {
        auto all = directory::connections_of(documents, workspace, project);
        if (!all || !project.set()) return all;
        // What belongs to the workspace is used in each of its projects.
        auto shared = directory::connections_of(documents, workspace, {});
        if (!shared) return shared;
        for (Connection& one : *shared) all->push_back(std::move(one));
        return all;
      },
      [call](const All& all) {
        std::vector<std::string> items;
        for (const Connection& connection : all) items.push_back(connection_json(connection));
        call->send_json(page_json(items, {}));
      });
}

void create_connection(const CallPtr& call) {
  auto body = read_body(call, [&](edge::BodyReader& in) {
    Asked out{edge::read_connection(in, {}), read_secret_value(in, "value")};
    if (out.value == nullptr) in.missing("value");
    out.connection.workspace = call->scope.workspace;
    out.connection.project = project_of(call);
    out.connection.id = call->core.new_id();
    out.connection.created = out.connection.updated = call->core.services.clock.now();
    return out;
  });
  if (body) put(call, *body, 201);
}

void show_connection(const CallPtr& call) {
  with_connection(call, [call](const Connection& connection) {
    call->send_json(connection_json(connection));
  });
}

void change_connection(const CallPtr& call) {
  with_connection(call, [call](const Connection& before) {
    auto body = read_body(call, [&](edge::BodyReader& in) {
      Asked out{edge::read_connection(in, before), read_secret_value(in, "value")};
      out.connection.updated = call->core.services.clock.now();
      // Or whoever may change it could have the value sent to himself.
      const bool moves = out.connection.hosts != before.hosts ||
                         out.connection.auth != before.auth ||
                         out.connection.auth_name != before.auth_name;
      if (moves && out.value == nullptr) {
        in.wrong("value", "is needed where hosts or the way it is shown are changed.",
                 Code::kMissingField);
      }
      return out;
    });
    if (body) put(call, *body, 200);
  });
}

void list_connection_uses(const CallPtr& call) {
  with_connection(call, [call](const Connection& connection) {
    with_uses(call, connection, [call](const std::vector<Use>& uses) {
      std::vector<std::string> items;
      for (const Use& use : uses) {
        json::Writer out;
        out.begin_object().member("workflow_id", use.workflow.to_string());
        out.member("workflow_name", use.name).member("step_id", use.step);
        items.push_back(out.end_object().take());
      }
      call->send_json(page_json(items, {}));
    });
  });
}

void delete_connection(const CallPtr& call) {
  with_connection(call, [call](const Connection& connection) {
    if (call->query.find("force") == std::string_view("true")) return remove(call, connection);
    with_uses(call, connection, [call, connection](const std::vector<Use>& uses) {
      if (uses.empty()) return remove(call, connection);
      call->fail(Code::kConflict, "The connection is used by the workflow \"" +
                                      uses.front().name + "\": delete it with ?force=true.");
    });
  });
}

}  // namespace handle
}  // namespace troupe::http
