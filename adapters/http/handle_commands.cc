#include "adapters/http/change.h"
#include "adapters/http/parse.h"
#include "adapters/http/receipt.h"
#include "adapters/http/render.h"

namespace troupe::http {
namespace {

/// Fills what every start has in common; false if it has answered with an error.
bool complete_start(const CallPtr& call, WorkflowId workflow, StartRequest& start) {
  const auto key = idempotency_key(call);
  if (!key) return false;
  start.workspace = call->scope.workspace;
  if (call->scope.project) start.project = *call->scope.project;
  start.workflow = workflow;
  start.idempotency_key = *key;
  // Only a repeated request is ever compared, so only one that can be repeated is hashed.
  if (!key->empty() || start.run_id) start.request = request_digest(call);
  return true;
}

/// Goes on if the scope has the workflow; at once if that is known.
void with_workflow(const CallPtr& call, WorkflowId workflow, std::function<void()> use) {
  ScopeCache& scopes = call->core.scopes;
  if (scopes.sees(call->scope, workflow)) return use();
  scopes.check_workflow(call->scope, workflow,
                        call->then<Unit>([use = std::move(use)](Unit) { use(); }));
}

void send_started(const CallPtr& call, const Started& started) {
  call->send_json(render(started));
}

void start(const CallPtr& call, WorkflowId workflow, StartRequest request) {
  if (!complete_start(call, workflow, request)) return;
  if (call->core.scopes.sees(call->scope, workflow)) {
    return call->core.services.engine.start(
        std::move(request),
        call->then<Started>([call](const Started& started) { send_started(call, started); }));
  }
  with_workflow(call, workflow, [call, request = std::move(request)] {
    call->core.services.engine.start(
        request,
        call->then<Started>([call](const Started& started) { send_started(call, started); }));
  });
}

std::string target_of(RunId run) { return "run:" + run.to_string(); }

std::string_view name_of(Verb verb) {
  if (verb == Verb::kPause) return "pause";
  if (verb == Verb::kResume) return "resume";
  return verb == Verb::kStopGraceful ? "stop_gracefully" : "stop";
}

Control control_of(Verb verb) {
  if (verb == Verb::kPause) return Control::kPause;
  if (verb == Verb::kResume) return Control::kResume;
  return verb == Verb::kStopGraceful ? Control::kStopGraceful : Control::kStopImmediate;
}

}  // namespace

namespace handle {

void command(const CallPtr& call) {
  const auto workflow = id_param<WorkflowId>(call, "id", "workflow");
  if (!workflow) return;
  auto command = parse_command(call->body);
  if (!command.ok()) return call->fail(command.error());
  if (command->verb == Verb::kStart) return start(call, *workflow, std::move(command->start));
  if (command->verb == Verb::kRetry) {
    const auto key = idempotency_key(call);
    if (!key) return;
    command->retry.idempotency_key = *key;
    if (!key->empty()) command->retry.request = request_digest(call);
  }
  with_run_row(call, command->run, [call, command = *std::move(command)](const store::RunRow& row) {
    Engine& engine = call->core.services.engine;
    if (command.verb == Verb::kRetry) {
      return engine.retry(
          call->scope, command.retry, call->then<Started>([call](const Started& started) {
            audited(call, tenancy::Permission::kRunRetry, target_of(started.run), {},
                    [call, started] { send_started(call, started); });
          }));
    }
    const auto controlled = [call, verb = command.verb](const store::RunRow& after) {
      audited(call, tenancy::Permission::kRunControl, target_of(after.id),
              {std::string(name_of(verb))}, [call, after] { call->send_json(render(after)); });
    };
    engine.control(call->scope, row.id, control_of(command.verb),
                   call->then<store::RunRow>(controlled));
  });
}

void start_batch(const CallPtr& call) {
  const auto workflow = id_param<WorkflowId>(call, "id", "workflow");
  if (!workflow) return;
  auto items = parse_batch(call->body, call->core.options.limits.batch_items_max);
  if (!items.ok()) return call->fail(items.error());
  StartRequest common;
  if (!complete_start(call, *workflow, common)) return;
  with_workflow(call, *workflow, [call, common = std::move(common), items = *std::move(items)] {
    using Ids = std::vector<RunId>;
    call->core.services.engine.start_batch(
        common, items, call->then<Ids>([call](const Ids& ids) { call->send_json(render(ids)); }));
  });
}

}  // namespace handle
}  // namespace troupe::http
