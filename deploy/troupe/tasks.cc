#include "deploy/troupe/noun.h"
#include "runtime/json/read.h"
#include "runtime/json/write.h"

namespace troupe::cli {
namespace {

struct TaskArguments {
  std::string task;
  std::string run;
  std::string result;
  std::string comment;
  std::size_t limit = 50;
  bool approve = false;
  bool reject = false;
};

Result<int> list(Client& client, const TaskArguments& arguments, const Shared& shared) {
  const std::string path = arguments.run.empty()
                               ? "/v1/tasks/pending"
                               : "/v1/runs/" + segment(arguments.run) + "/tasks/pending";
  const Listing tasks{path, {}, arguments.limit, {"TASK", "RUN", "STEP", "TYPE", "CREATED"}};
  return print_listing(client, tasks, shared, [](std::string_view item) -> Cells {
    return {cell(item, "task_id"), cell(item, "run_id"), cell(item, "step_id"),
            cell(item, "task_type"), cell(item, "created_at")};
  });
}

/// The run of a pending task; the route of its completion needs it.
Result<std::string> run_of(Client& client, const TaskArguments& arguments) {
  if (!arguments.run.empty()) return arguments.run;
  std::string run;
  Status done = each_item(client, "/v1/tasks/pending", {}, 0, [&](std::string_view item) {
    if (cell(item, "task_id") == arguments.task) run = cell(item, "run_id");
  });
  if (!done) return std::move(done).error();
  if (run.empty()) {
    return Error{Code::kNotFound,
                 "there is no pending task " + arguments.task +
                     "; name a step by --run RUN and the step's id",
                 {}};
  }
  return run;
}

Result<int> complete(Client& client, const TaskArguments& arguments, const Shared& shared) {
  if (arguments.approve == arguments.reject) {
    return int{fail(kUsage, "give one of --approve and --reject")};
  }
  Result<std::string> run = run_of(client, arguments);
  if (!run) return std::move(run).error();
  json::Writer body;
  body.begin_object().member("approved", arguments.approve);
  if (!arguments.result.empty()) {
    Result<std::string> text = read_argument(arguments.result);
    Result<json::Text> result = text ? json::Text::parse(std::move(*text)) : text.error();
    if (!result) return std::move(result).error();
    body.member_raw("result", result->view());
  }
  if (!arguments.comment.empty()) body.member("comment", arguments.comment);
  body.end_object();
  const std::string path =
      "/v1/runs/" + segment(*run) + "/tasks/" + segment(arguments.task) + "/complete";
  return print_answer(client.post(path, body.take()), shared, [&](std::string_view done) {
    return cell(done, "task_id") + (arguments.approve ? "  approved" : "  rejected");
  });
}

}  // namespace

void add_tasks(CLI::App& line, Shared& shared, Action& action) {
  Noun<TaskArguments> noun(line, "tasks", "Human tasks of a server", shared, action);
  const auto arguments = noun.arguments();
  CLI::App* listing = noun.list("List tasks that wait, oldest first", list);
  listing->add_option("--run", arguments->run, "Only those of this run");
  CLI::App* completing = noun.verb("complete", "Decide a task", complete);
  completing->add_option("task", arguments->task, "Id of the task, or of its step with --run")
      ->required();
  completing->add_option("--run", arguments->run, "The task's run");
  completing->add_flag("--approve", arguments->approve);
  completing->add_flag("--reject", arguments->reject);
  completing->add_option("--result", arguments->result, "Answer fields: a JSON object, @file or -");
  completing->add_option("--comment", arguments->comment);
  noun.examples(
      "  troupe tasks list\n"
      "  troupe tasks complete TASK --approve --comment 'looks right'");
}

}  // namespace troupe::cli
