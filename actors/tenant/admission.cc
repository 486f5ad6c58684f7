#include "actors/tenant/admission.h"

#include <algorithm>

#include "runtime/json/read.h"
#include "runtime/json/write.h"
#include "runtime/store/expiry.h"

namespace troupe::actors {
namespace {

json::Text member_text(const json::Text& object, std::string_view key) {
  const auto found = json::member(object.view(), key);
  return found ? json::Text::trusted(std::string(*found)) : json::Text();
}

/// The saved setup's part of a request, where the request does not say it itself.
void apply_run_setup(const json::Text& setup, StartRequest* request) {
  if (setup.empty()) return;
  request->input = merge_objects(member_text(setup, "input"), request->input);
  if (!request->trigger_steps) {
    if (const auto steps = json::member(setup.view(), "trigger_steps")) {
      auto& list = request->trigger_steps.emplace();
      json::for_each_element(*steps, [&](std::string_view id) {
        list.emplace_back(json::decode_string(id), json::Text());
        return true;
      });
      json::for_each_member(*steps, [&](std::string_view id, std::string_view overlay) {
        list.emplace_back(std::string(id), json::Text::trusted(std::string(overlay)));
        return true;
      });
    }
  }
  if (!request->excluded_step_ids) {
    if (const auto ids = json::member(setup.view(), "excluded_step_ids")) {
      auto& list = request->excluded_step_ids.emplace();
      json::for_each_element(*ids, [&](std::string_view id) {
        list.push_back(json::decode_string(id));
        return true;
      });
    }
  }
}

void unknown_step(const std::string& id, std::string pointer, std::vector<Issue>* issues) {
  issues->push_back({Code::kInvalidField, id, std::move(pointer),
                     "the workflow has no step \"" + id + "\"", false});
}

/// Overlays by step, and the set of steps that trigger_steps names.
std::vector<bool> named_steps(const StartRequest& request, const graph::Graph& graph,
                              run::record::RunCreated* spec, std::vector<Issue>* issues) {
  std::vector<bool> named(graph.steps.size(), false);
  if (!request.trigger_steps) return named;
  for (const auto& [id, overlay] : *request.trigger_steps) {
    const auto index = graph.find(id);
    if (!index) {
      unknown_step(id, "/params/trigger_steps", issues);
      continue;
    }
    named[*index] = true;
    if (!overlay.empty()) spec->overlays.emplace_back(*index, run::Value{overlay, {}});
  }
  return named;
}

}  // namespace

json::Text merge_objects(const json::Text& under, const json::Text& over) {
  if (over.empty()) return under;
  if (under.empty() || json::kind(under.view()) != json::Kind::kObject ||
      json::kind(over.view()) != json::Kind::kObject) {
    return over;
  }
  json::Writer out;
  out.begin_object();
  json::for_each_member(under.view(), [&](std::string_view key, std::string_view value) {
    if (!json::member(over.view(), key)) out.member_raw(key, value);
    return true;
  });
  json::for_each_member(over.view(), [&](std::string_view key, std::string_view value) {
    out.member_raw(key, value);
    return true;
  });
  return out.end_object().take_text();
}

Result<run::record::RunCreated> spec_of(const StartRequest& original, const Published& published,
                                        TimePoint now, std::uint32_t retention_days) {
  StartRequest request = original;
  if (request.use_run_setup_defaults) apply_run_setup(published.run_setup, &request);
  const graph::Graph& graph = *published.graph;
  run::record::RunCreated spec;
  spec.workspace = request.workspace;
  spec.project = request.project;
  spec.workflow = published.workflow.id;
  spec.version = published.version;
  spec.trigger_type = request.trigger_type;
  spec.external_id = request.external_id;
  spec.request = request.request;
  spec.at = now;
  spec.bucket = store::bucket_of(now, retention_days);
  spec.input.text = merge_objects(graph.params, request.input);
  if (spec.input.text.empty()) spec.input.text = json::Text::trusted("{}");

  std::vector<Issue> issues;
  const std::vector<bool> named = named_steps(request, graph, &spec, &issues);
  std::vector<bool> out(graph.steps.size(), false);
  for (const graph::Step& step : graph.steps) {
    if (step.no_auto_start && step.depends_on.empty() && !named[step.index]) out[step.index] = true;
  }
  if (request.excluded_step_ids) {
    for (const std::string& id : *request.excluded_step_ids) {
      if (const auto index = graph.find(id)) out[*index] = true;
      else unknown_step(id, "/params/excluded_step_ids", &issues);
    }
  }
  for (std::uint32_t i = 0; i < out.size(); ++i) {
    if (out[i]) spec.out_of_scope.push_back(i);
  }
  if (!issues.empty()) {
    return Error{Code::kValidationFailed, issues.front().message, std::move(issues)};
  }
  return spec;
}

RunId keyed_run_id(const Hasher& hasher, const StartRequest& request) {
  ByteWriter name;
  name.uuid(request.workspace);
  name.uuid(request.project);
  name.uuid(request.workflow);
  name.text(request.idempotency_key);
  return RunId{Uuid::v8(hasher.hash(name.bytes()))};
}

RunId keyed_retry_id(const Hasher& hasher, const RetryRequest& request) {
  ByteWriter name;
  name.text("retry");
  name.uuid(request.run);
  name.text(request.idempotency_key);
  return RunId{Uuid::v8(hasher.hash(name.bytes()))};
}

Status may_admit(const Services& services, std::size_t queued) {
  if (services.shutting_down) return Error{Code::kUnavailable, "the node is shutting down", {}};
  // What was promised now could only be kept once the store is back, and nobody knows when.
  if (!services.ownership.lease_holds()) return Ownership::lost_touch();
  if (services.store_failing) {
    return Error{services.store_full ? Code::kStorageFull : Code::kUnavailable,
                 "the store cannot take new runs at the moment", {}};
  }
  if (services.commit_queue_bytes > services.options.commit_queue_bytes_max) {
    return Error{Code::kOverloaded, "the store is behind; try again shortly", {}};
  }
  if (queued >= services.options.queued_runs_per_workspace) {
    return Error{Code::kOverloaded, "too many runs of this workspace are waiting", {}};
  }
  return ok();
}

}  // namespace troupe::actors
