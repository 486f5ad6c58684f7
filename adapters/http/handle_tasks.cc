#include "adapters/http/change.h"
#include "adapters/http/parse.h"
#include "adapters/http/render.h"
#include "runtime/tenancy/audit.h"

namespace troupe::http {
namespace {

/// 409 with the decision that was recorded, where it can be found.
void fail_decided(const CallPtr& call, const Error& error, std::string_view task) {
  // An engine that knows it gives it as the only issue.
  if (!error.issues.empty()) {
    const ProblemExtras told{{}, false, error.issues.front().message};
    return call->fail(Error{error.code, error.message, {}, error.told}, told);
  }
  const auto id = Uuid::parse(task);
  if (!id) return call->fail(error);
  using Row = std::optional<store::TaskRow>;
  read_store<Row>(
      call,
      [scope = call->scope, id = TaskId(*id)](store::Reader& reader) {
        return reader.task(scope, id);
      },
      [call, error](const Row& row) {
        const std::string decision = row ? row->decision : std::string();
        call->fail(error, {.pointer_prefix = {}, .with_issues = false, .decision = decision});
      });
}

}  // namespace

namespace handle {

void pending_tasks(const CallPtr& call) {
  const auto page = parse_page(call->query, call->core.options.limits.page_max);
  if (!page.ok()) return call->fail(page.error());
  const auto list = [call, page = *page](RunId run) {
    using Rows = store::Rows<store::TaskRow>;
    read_store<Rows>(
        call,
        [scope = call->scope, run, page](store::Reader& reader) {
          return reader.tasks_pending(scope, run, page);
        },
        [call](Rows rows) { call->send_json(render_rows(rows)); });
  };
  if (call->param("run").empty()) return list(RunId());
  // An absent run is told from one without tasks.
  const auto run = id_param<RunId>(call, "run", "run");
  if (!run) return;
  with_run_row(call, *run, [list](const store::RunRow& row) { list(row.id); });
}

void complete_task(const CallPtr& call) {
  auto answer = parse_task_answer(call->body);
  if (!answer.ok()) return call->fail(answer.error());
  const auto task = percent_decode(call->param("task"), false);
  if (!task) return call->fail(Code::kNotFound, "There is no such task.");
  answer->task = *task;
  answer->by = tenancy::audit_actor(call->principal);
  with_run(call, [call, answer = *std::move(answer)](RunId run) {
    TaskAnswer given = answer;
    given.run = run;
    call->core.services.engine.complete_task(
        call->scope, given,
        call->finally<TaskDecided>([call, task = given.task](Result<TaskDecided> result) {
          if (result.ok()) {
            return audited(call, tenancy::Permission::kTaskAnswer,
                           "task:" + result->task.to_string(),
                           {result->approved ? "approved" : "rejected"},
                           [call, decided = *result] { call->send_json(render(decided)); });
          }
          if (result.error().code == Code::kTaskCompleted) {
            return fail_decided(call, result.error(), task);
          }
          // What is wrong with an answer points into its fields.
          call->fail(result.error(),
                     {.pointer_prefix = "/result", .with_issues = false, .decision = {}});
        }));
  });
}

}  // namespace handle
}  // namespace troupe::http
