#include "adapters/http/change.h"
#include "adapters/http/handlers.h"
#include "adapters/http/parse.h"
#include "adapters/http/receipt.h"
#include "adapters/http/render.h"
#include "runtime/json/read.h"

namespace troupe::http {
namespace {

/// The draft of the path, whether archived or not.
void with_draft(const CallPtr& call, std::function<void(store::Workflow)> use) {
  const auto id = id_param<WorkflowId>(call, "id", "workflow");
  if (!id) return;
  using Row = std::optional<store::Workflow>;
  read_store<Row>(
      call,
      [scope = call->scope, id = *id](store::Reader& reader) { return reader.workflow(scope, id); },
      [call, use = std::move(use)](Row row) {
        if (!row) return call->fail(Code::kNotFound, "There is no such workflow.");
        use(*std::move(row));
      });
}

/// The same, to change it: what belongs to the workspace as a whole is only shown in its projects.
void with_own_draft(const CallPtr& call, std::function<void(store::Workflow)> use) {
  with_draft(call, [call, use = std::move(use)](store::Workflow draft) {
    const bool is_shown_only = call->scope.project && *call->scope.project != draft.project;
    if (is_shown_only) {
      return call->fail(Code::kForbidden,
                        "The workflow belongs to the workspace as a whole; it is changed there.");
    }
    use(std::move(draft));
  });
}

void send_draft(const CallPtr& call, const store::Workflow& workflow, int status) {
  call->send({.status = status,
              .body = render(workflow),
              .headers = "ETag: " + etag_of(workflow) + "\r\n"});
}

/// The answer that a repeated request got the first time, whatever has become of the draft.
void send_as_created(const CallPtr& call, store::Workflow draft, const Receipt& receipt) {
  using Row = std::optional<store::Workflow>;
  read_store<Row>(
      call,
      [scope = call->scope, id = WorkflowId(receipt.made)](store::Reader& reader) {
        return reader.workflow(scope, id);
      },
      [call, draft = std::move(draft)](const Row& row) mutable {
        if (!row) return call->fail(Code::kNotFound, "There is no such workflow.");
        draft.id = row->id;
        draft.created = draft.updated = row->created;
        draft.etag = 1;
        send_draft(call, draft, 201);
      });
}

void send_version(const CallPtr& call, WorkflowId workflow, std::int32_t number, int status) {
  using Row = std::optional<store::Version>;
  read_store<Row>(
      call,
      [workflow, number](store::Reader& reader) { return reader.version(workflow, number); },
      [call, status](const Row& row) {
        if (!row) return call->fail(Code::kNotFound, "There is no such version.");
        call->send_json(render(*row), status);
      });
}

/// What the engine says of a graph points into the graph, which is a member of the body.
void fail_graph(const CallPtr& call, const Error& error) {
  call->fail(error, {.pointer_prefix = "/graph", .with_issues = true, .decision = {}});
}

Callback<store::Workflow> draft_changed(const CallPtr& call, int status) {
  return call->finally<store::Workflow>([call, status](Result<store::Workflow> result) {
    if (!result.ok()) return fail_graph(call, result.error());
    send_draft(call, *result, status);
  });
}

void lay_over(store::Workflow& draft, WorkflowBody body) {
  if (body.name) draft.name = *std::move(body.name);
  if (body.description) draft.description = *std::move(body.description);
  if (body.graph) draft.graph = body.graph->view();
  if (body.run_setup) draft.run_setup = body.run_setup->view();
}

std::string target_of(WorkflowId id) { return "workflow:" + id.to_string(); }

/// Names of what a patch changes, for the audit log.
std::vector<std::string> fields_of(const WorkflowBody& body) {
  std::vector<std::string> fields;
  if (body.name) fields.emplace_back("name");
  if (body.description) fields.emplace_back("description");
  if (body.graph) fields.emplace_back("graph");
  if (body.run_setup) fields.emplace_back("run_setup");
  return fields;
}

}  // namespace

namespace handle {

void list_workflows(const CallPtr& call) {
  const auto page = parse_page(call->query, call->core.options.limits.page_max);
  if (!page.ok()) return call->fail(page.error());
  const bool archived = call->query.find("archived") == std::string_view("true");
  using Rows = store::Rows<store::Workflow>;
  read_store<Rows>(
      call,
      [scope = call->scope, page = *page, archived](store::Reader& reader) {
        return reader.workflows(scope, page, archived);
      },
      [call](Rows rows) { call->send_json(render_rows(rows)); });
}

void create_workflow(const CallPtr& call) {
  auto body = parse_new_workflow(call->body);
  if (!body.ok()) return call->fail(body.error());
  const auto once = MadeOnce::of(call);
  if (!once) return;
  store::Workflow draft;
  draft.id = WorkflowId(call->core.new_id());
  draft.workspace = call->scope.workspace;
  if (call->scope.project) draft.project = *call->scope.project;
  draft.created = draft.updated = call->core.services.clock.now();
  lay_over(draft, *std::move(body));
  const auto again = [call, draft](const Receipt& receipt) {
    send_as_created(call, draft, receipt);
  };
  const auto first = [call, draft, once = *once, again] {
    store::Along along(audit_of(call, target_of(draft.id), {"name", "graph"}));
    along.once = once.receipt_for(draft.id);
    call->core.services.engine.create_workflow(
        draft, std::move(along),
        call->finally<store::Workflow>([call, once, again](Result<store::Workflow> made) {
          if (made) return send_draft(call, *made, 201);
          const auto fail = [call](const Error& error) { fail_graph(call, error); };
          once.failed(call, made.error(), fail, again);
        }));
  };
  once->look(call, first, again);
}

void show_workflow(const CallPtr& call) {
  with_draft(call, [call](const store::Workflow& draft) {
    if (call->header("if-none-match") == etag_of(draft)) {
      return call->send({.status = 304, .headers = "ETag: " + etag_of(draft) + "\r\n"});
    }
    send_draft(call, draft, 200);
  });
}

void change_workflow(const CallPtr& call) {
  auto body = parse_workflow_patch(call->body);
  if (!body.ok()) return call->fail(body.error());
  const std::string_view field = call->header("if-match");
  if (field.empty()) {
    return call->fail(Code::kPreconditionRequired, "Send If-Match with the draft's ETag.");
  }
  const auto wanted = parse_if_match(field);
  if (!wanted.ok()) return call->fail(wanted.error());
  with_own_draft(call, [call, wanted = *wanted, body = *std::move(body)](store::Workflow draft) {
    if (draft.archived) return call->fail(Code::kConflict, "The workflow is archived.");
    if (wanted && *wanted != draft.etag) {
      return call->fail(Code::kPreconditionFailed, "The draft has changed; read it again.");
    }
    const std::uint64_t etag = draft.etag;
    lay_over(draft, body);
    draft.updated = call->core.services.clock.now();
    store::AuditLines audit = audit_of(call, target_of(draft.id), fields_of(body));
    call->core.services.engine.update_workflow(std::move(draft), etag, std::move(audit),
                                               draft_changed(call, 200));
  });
}

void archive_workflow(const CallPtr& call) {
  const std::string_view field = call->header("if-match");
  std::optional<std::uint64_t> wanted;
  if (!field.empty()) {
    const auto parsed = parse_if_match(field);
    if (!parsed.ok()) return call->fail(parsed.error());
    wanted = *parsed;
  }
  with_own_draft(call, [call, wanted](store::Workflow draft) {
    if (wanted && *wanted != draft.etag) {
      return call->fail(Code::kPreconditionFailed, "The draft has changed; read it again.");
    }
    if (draft.archived) return call->send({.status = 204});
    const std::uint64_t etag = draft.etag;
    draft.archived = true;
    const store::AuditLines audit = audit_of(call, target_of(draft.id), {"archived"});
    draft.updated = call->core.services.clock.now();
    // Not the engine's update: a graph that has become invalid must still be archivable.
    write_store<store::Workflow>(
        call,
        [draft = std::move(draft), etag, audit](store::Writer& writer) {
          return writer.update_workflow(draft, etag, audit);
        },
        [call](const store::Workflow&) {
          call->core.scopes.forget();
          call->send({.status = 204});
        });
  });
}

void publish(const CallPtr& call) {
  auto changelog = parse_changelog(call->body);
  if (!changelog.ok()) return call->fail(changelog.error());
  const auto once = MadeOnce::of(call);
  if (!once) return;
  with_own_draft(call, [call, once = *once,
                    changelog = *std::move(changelog)](const store::Workflow& draft) {
    const auto again = [call](const Receipt& receipt) {
      send_version(call, WorkflowId(receipt.made), receipt.version, 201);
    };
    const auto first = [call, draft, changelog, once, again] {
      if (draft.archived) return call->fail(Code::kConflict, "The workflow is archived.");
      store::Along along(audit_of(call, target_of(draft.id)));
      along.once = once.receipt_for(draft.id);
      call->core.services.engine.publish(
          call->scope, draft.id, changelog, std::move(along),
          call->finally<store::Version>([call, once, again](Result<store::Version> made) {
            if (made) return call->send_json(render(*made), 201);
            const auto fail = [call](const Error& error) { fail_graph(call, error); };
            once.failed(call, made.error(), fail, again);
          }));
    };
    once.look(call, first, again);
  });
}

void list_versions(const CallPtr& call) {
  const auto page = parse_page(call->query, call->core.options.limits.page_max);
  if (!page.ok()) return call->fail(page.error());
  with_draft(call, [call, page = *page](const store::Workflow& draft) {
    using Rows = store::Rows<store::Version>;
    read_store<Rows>(
        call,
        [scope = call->scope, id = draft.id, page](store::Reader& reader) {
          return reader.versions(scope, id, page);
        },
        [call](Rows rows) { call->send_json(render_rows(rows)); });
  });
}

void show_version(const CallPtr& call) {
  const auto number = json::as_int(call->param("version"));
  if (!number || *number < 1 || *number > INT32_MAX) {
    return call->fail(Code::kNotFound, "There is no such version.");
  }
  with_draft(call, [call, number = static_cast<std::int32_t>(*number)](const auto& draft) {
    send_version(call, draft.id, number, 200);
  });
}

void validate(const CallPtr& call) {
  auto body = parse_validate(call->body);
  if (!body.ok()) return call->fail(body.error());
  with_draft(call, [call, body = *std::move(body)](const store::Workflow& draft) {
    json::Text graph = body.graph.empty() ? json::Text::trusted(draft.graph) : body.graph;
    call->core.services.engine.validate(
        std::move(graph), body.trigger_payload,
        call->then<graph::Parsed>(
            [call](const graph::Parsed& parsed) { call->send_json(render(parsed)); }));
  });
}

}  // namespace handle
}  // namespace troupe::http
