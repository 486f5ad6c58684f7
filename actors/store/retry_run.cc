#include "actors/store/retry_run.h"

#include "actors/store/load_run.h"
#include "actors/tenant/admission.h"
#include "runtime/store/expiry.h"

namespace troupe::actors {

void retry_from(Services& services, store::Reader& reader, const RetryRequest& request,
                const RunLook& seen, std::shared_ptr<const Published> to, Callback<Started> done) {
  auto state = state_of(seen);
  if (!state) return done(std::move(state).error());
  if (state->group.set()) {
    return done(Error{Code::kConflict, "a part of a loop is tried again with its run", {}});
  }
  const auto payloads = payload_source(reader, state->bucket, state->project);
  for (run::Value* value : run::absent_values(*state)) {
    auto text = payloads(value->ref);
    if (!text) return done(std::move(text).error());
    value->text = std::move(*text);
  }
  auto carried = run::carry_over(*state, *to->graph, request.from_step);
  if (!carried) return done(std::move(carried).error());
  if (services.retention.look(state->project, services.now()) != Retention::Known::kFresh) {
    const Status read = services.retention.load(reader, state->workspace, services.now());
    if (!read) return done(read.error());
  }
  auto spec = std::make_shared<run::record::RunCreated>();
  spec->workspace = state->workspace;
  spec->project = state->project;
  spec->workflow = to->workflow.id;
  spec->version = to->version;
  spec->trigger_type = "retry";
  spec->external_id = state->external_id;
  spec->request = request.request;
  spec->at = services.now();
  spec->bucket = store::bucket_of(spec->at, services.retention.days(spec->project));
  spec->input.text = request.input.empty() ? state->input.text : request.input;
  spec->retried_from = state->id;
  spec->carried = std::move(*carried);
  for (const auto& [step, overlay] : state->overlays) {
    const auto index = to->graph->find(seen.graph->steps[step].id);
    if (index) spec->overlays.emplace_back(*index, run::Value{overlay.text, {}});
  }
  for (const std::uint32_t step : state->out_of_scope) {
    const auto index = to->graph->find(seen.graph->steps[step].id);
    if (index) spec->out_of_scope.push_back(*index);
  }
  const bool has_key = !request.idempotency_key.empty();
  const RunId run = has_key ? keyed_retry_id(services.ports.hasher, request)
                            : services.new_run_id();
  caf::anon_send(services.tenant(state->workspace),
                 StartMade{run, std::move(to), std::move(spec), has_key, done});
}

namespace {

/// The id of the task that an answer names by either of its names.
std::optional<TaskId> task_of(Services& services, const RunLook& seen, const std::string& name) {
  if (const auto id = Uuid::parse(name)) return TaskId{*id};
  auto state = state_of(seen);
  if (!state) return std::nullopt;
  const auto index = state->graph->find(name);
  if (!index || state->graph->steps[*index].type != graph::StepType::kHumanTask) {
    return std::nullopt;
  }
  return run::task_id(services.ports.hasher, *state, run::StepPath(*index),
                      state->root.steps[*index].attempts);
}

}  // namespace

Error task_conflict(Services& services, store::Reader& reader, const store::TenantScope& scope,
                    const RunLook& seen, const TaskAnswer& answer, const Error& error) {
  const auto id = task_of(services, seen, answer.task);
  if (!id) return error;
  const auto row = reader.task(scope, *id);
  if (!row) return row.error();
  if (!*row || (*row)->run != answer.run) return {Code::kNotFound, "there is no such task", {}};
  if ((*row)->pending) return error;
  Issue decision{Code::kTaskCompleted, (*row)->step_id, {}, (*row)->decision};
  return {Code::kTaskCompleted, "the task has been decided: " + (*row)->decision, {decision}};
}

}  // namespace troupe::actors
