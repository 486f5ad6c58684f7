#include "adapters/http/handlers.h"
#include "adapters/http/parse.h"
#include "adapters/http/render.h"

namespace troupe::http {
namespace {

Callback<json::Text> text_answer(const CallPtr& call) {
  return call->then<json::Text>(
      [call](const json::Text& text) { call->send_json(std::string(text.view())); });
}

Result<std::uint64_t> limit_of(const CallPtr& call) {
  const auto limit = call->query.number("limit", 50, 1, UINT32_MAX);
  if (!limit.ok()) return limit;
  return std::min<std::uint64_t>(*limit, call->core.options.limits.page_max);
}

}  // namespace

void with_run_row(const CallPtr& call, RunId run, std::function<void(store::RunRow)> use) {
  std::optional<WorkflowId> workflow;
  if (!call->param("id").empty()) {
    workflow = id_param<WorkflowId>(call, "id", "workflow");
    if (!workflow) return;
  }
  call->core.services.engine.summary(
      call->scope, run,
      call->then<store::RunRow>([call, workflow, use = std::move(use)](store::RunRow row) {
        if (workflow && row.workflow != *workflow) {
          return call->fail(Code::kNotFound, "There is no such run.");
        }
        use(std::move(row));
      }));
}

void with_run(const CallPtr& call, std::function<void(RunId)> use) {
  const auto run = id_param<RunId>(call, "run", "run");
  if (!run) return;
  if (call->param("id").empty()) return use(*run);
  with_run_row(call, *run, [use = std::move(use)](const store::RunRow& row) { use(row.id); });
}

namespace handle {

void list_runs(const CallPtr& call) {
  const auto page = parse_page(call->query, call->core.options.limits.page_max);
  if (!page.ok()) return call->fail(page.error());
  auto filter = parse_run_filter(call->query);
  if (!filter.ok()) return call->fail(filter.error());
  if (!call->param("id").empty()) {
    const auto workflow = id_param<WorkflowId>(call, "id", "workflow");
    if (!workflow) return;
    filter->workflow = *workflow;
  }
  using Rows = store::Rows<store::RunRow>;
  read_store<Rows>(
      call,
      [scope = call->scope, filter = *filter, page = *page](store::Reader& reader) {
        return reader.runs(scope, filter, page);
      },
      [call](Rows rows) { call->send_json(render_rows(rows)); });
}

void summary(const CallPtr& call) {
  const auto run = id_param<RunId>(call, "run", "run");
  if (!run) return;
  with_run_row(call, *run, [call](const store::RunRow& row) { call->send_json(render(row)); });
}

void context(const CallPtr& call) {
  with_run(call, [call](RunId run) {
    call->core.services.engine.context(call->scope, run, text_answer(call));
  });
}

void items(const CallPtr& call) {
  const auto limit = limit_of(call);
  if (!limit.ok()) return call->fail(limit.error());
  const auto after = call->query.find("after");
  std::int64_t after_index = -1;  // indices count from 0, so the first page starts after -1
  if (after && *after != "-1") {
    const auto number = call->query.number("after", 0, 0, INT64_MAX);
    if (!number.ok()) return call->fail(number.error());
    after_index = static_cast<std::int64_t>(*number);
  }
  const auto step = percent_decode(call->param("step"), false);
  if (!step) return call->fail(Code::kNotFound, "There is no such step.");
  with_run(call, [call, step = *step, after_index, limit = *limit](RunId run) {
    call->core.services.engine.items(call->scope, run, step, after_index, limit, text_answer(call));
  });
}

void logs(const CallPtr& call) {
  const auto limit = limit_of(call);
  if (!limit.ok()) return call->fail(limit.error());
  const auto after = call->query.number("after", 0, 0, UINT64_MAX);
  if (!after.ok()) return call->fail(after.error());
  with_run(call, [call, after = *after, limit = *limit](RunId run) {
    call->core.services.engine.logs(call->scope, run, after, limit, text_answer(call));
  });
}

void value(const CallPtr& call) {
  const auto reference = percent_decode(call->param("reference"), false);
  if (!reference) return call->fail(Code::kNotFound, "There is no such value.");
  with_run(call, [call, reference = *reference](RunId run) {
    call->core.services.engine.value(call->scope, run, reference, text_answer(call));
  });
}

}  // namespace handle
}  // namespace troupe::http
