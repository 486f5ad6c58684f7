#include "adapters/console/tree.h"
#include "deploy/troupe/noun.h"
#include "runtime/json/read.h"
#include "runtime/json/write.h"

namespace troupe::cli {
namespace {

struct RunsArguments {
  std::string run;
  std::string status;
  std::string workflow;
  std::string external_id;
  std::string from_step;
  std::string input;
  std::size_t limit = 50;
  std::uint64_t after = 0;
  bool follow = false;
  bool graceful = false;
  bool context = false;
};

std::string path_of(const RunsArguments& arguments, const std::string& rest) {
  return "/v1/runs/" + segment(arguments.run) + rest;
}

Result<int> list(Client& client, const RunsArguments& arguments, const Shared& shared) {
  const Listing runs{"/v1/runs",
                     {{"status", arguments.status},
                      {"workflow_id", arguments.workflow},
                      {"external_id", arguments.external_id}},
                     arguments.limit,
                     {"RUN", "STATUS", "STEPS", "CREATED", "EXTERNAL ID"}};
  return print_listing(client, runs, shared, [](std::string_view item) -> Cells {
    const std::string reason = cell(item, "pause_reason");
    return {cell(item, "run_id"), cell(item, "status") + (reason.empty() ? "" : "/" + reason),
            cell(item, "steps_done") + "/" + cell(item, "steps_total"), cell(item, "created_at"),
            cell(item, "external_id")};
  });
}

Result<int> show(Client& client, const RunsArguments& arguments, const Shared& shared) {
  Result<json::Text> summary = client.get(path_of(arguments, "/summary"));
  if (!summary) return std::move(summary).error();
  Result<json::Text> context = client.get(path_of(arguments, "/context"));
  if (!context) return std::move(context).error();
  if (arguments.context) {
    print_json(context->view());
    return int{kOk};
  }
  if (shared.json) {
    print_json(summary->view());
    return int{kOk};
  }
  json::for_each_member(summary->view(), [](std::string_view key, std::string_view value) {
    if (value == "null") return true;
    print(std::string(key) + ": " +
          console::clean(json::kind(value) == json::Kind::kString ? json::decode_string(value)
                                                                  : json::compact(value)));
    return true;
  });
  std::vector<std::vector<std::string>> rows;
  json::for_each_member(
      json::member(context->view(), "steps").value_or("{}"),
      [&](std::string_view id, std::string_view step) {
        const auto error = json::member(step, "error");
        const bool failed = error && json::truthy(*error);
        rows.push_back({std::string(id), cell(step, "status"),
                        failed ? console::error_text(*error) : cell(step, "reason")});
        return true;
      });
  print("");
  print_table({"STEP", "STATUS", "NOTE"}, rows);
  return int{kOk};
}

void print_event(std::string_view event, bool as_json) {
  if (as_json) return print(json::compact(event));
  const std::string line = console::plain_line(event);
  if (!line.empty()) print(line);
}

/// Pages of a list that goes on by number; answers where it ended.
Result<std::uint64_t> print_pages(Client& client,
                                  const RunsArguments& arguments,
                                  const std::string& rest,
                                  const std::function<void(std::string_view)>& visit) {
  std::uint64_t after = arguments.after;
  while (true) {
    Result<json::Text> page =
        client.get(path_of(arguments, rest) + "?limit=200&after=" + std::to_string(after));
    if (!page) return std::move(page).error();
    std::size_t count = 0;
    json::for_each_element(json::member(page->view(), "items").value_or("[]"),
                           [&](std::string_view item) {
                             ++count;
                             visit(item);
                             return true;
                           });
    const auto next = json::member(page->view(), "next");
    const auto number = next ? json::as_int(*next) : std::nullopt;
    if (count == 0 || !number || static_cast<std::uint64_t>(*number) <= after) return after;
    after = static_cast<std::uint64_t>(*number);
  }
}

Result<int> events(Client& client, const RunsArguments& arguments, const Shared& shared) {
  if (arguments.follow) {
    Status done =
        client.stream(path_of(arguments, "/events") + "?after=" + std::to_string(arguments.after),
                      [&](std::string_view event) {
                        print_event(event, shared.json);
                        return true;
                      });
    if (!done) return std::move(done).error();
    return int{kOk};
  }
  Result<std::uint64_t> end =
      print_pages(client, arguments, "/events",
                  [&](std::string_view event) { print_event(event, shared.json); });
  if (!end) return std::move(end).error();
  return int{kOk};
}

Result<int> logs(Client& client, const RunsArguments& arguments, const Shared& shared) {
  Result<std::uint64_t> end = print_pages(client, arguments, "/logs", [&](std::string_view line) {
    if (shared.json) return print(json::compact(line));
    print(console::clean(cell(line, "at") + "  " + cell(line, "step_id") + "  " +
                         cell(line, "message")));
  });
  if (!end) return std::move(end).error();
  return int{kOk};
}

/// The command route of a run lies under its workflow.
Result<int> command(Client& client,
                    const RunsArguments& arguments,
                    const Shared& shared,
                    const std::string& name,
                    const std::string& more) {
  Result<json::Text> summary = client.get(path_of(arguments, "/summary"));
  if (!summary) return std::move(summary).error();
  const std::string workflow = cell(summary->view(), "workflow_id");
  const std::string body = "{\"command\":" + json::quote(name) +
                           ",\"params\":{\"run_id\":" + json::quote(arguments.run) + more + "}}";
  const std::string path = "/v1/workflows/" + segment(workflow) + "/command";
  return print_answer(client.post(path, body), shared, [](std::string_view done) {
    return cell(done, "run_id") + "  " + cell(done, "status");
  });
}

Result<int> pause(Client& client, const RunsArguments& arguments, const Shared& shared) {
  return command(client, arguments, shared, "pause", "");
}
Result<int> resume(Client& client, const RunsArguments& arguments, const Shared& shared) {
  return command(client, arguments, shared, "resume", "");
}
Result<int> stop(Client& client, const RunsArguments& arguments, const Shared& shared) {
  return command(client, arguments, shared, "stop",
                 arguments.graceful ? ",\"mode\":\"graceful\"" : ",\"mode\":\"immediate\"");
}
Result<int> retry(Client& client, const RunsArguments& arguments, const Shared& shared) {
  std::string more;
  if (!arguments.from_step.empty()) more += ",\"from_step\":" + json::quote(arguments.from_step);
  if (!arguments.input.empty()) {
    Result<std::string> text = read_argument(arguments.input);
    Result<json::Text> input = text ? json::Text::parse(std::move(*text)) : text.error();
    if (!input) return std::move(input).error();
    more += ",\"input\":" + std::string(input->view());
  }
  return command(client, arguments, shared, "retry", more);
}

using Verb = Result<int> (*)(Client&, const RunsArguments&, const Shared&);

}  // namespace

void add_runs(CLI::App& line, Shared& shared, Action& action) {
  Noun<RunsArguments> noun(line, "runs", "Runs of a server", shared, action);
  const auto arguments = noun.arguments();
  const auto of_run = [&](const char* name, const char* about, Verb work) {
    CLI::App* command = noun.verb(name, about, work);
    command->add_option("run", arguments->run, "Id of the run")->required();
    return command;
  };
  CLI::App* listing = noun.list("List runs, newest first", list);
  listing->add_option("--status", arguments->status, "Only these")
      ->check(CLI::IsMember(
          {"queued", "running", "paused", "draining", "completed", "failed", "stopped"}));
  listing->add_option("--workflow", arguments->workflow, "Only runs of this workflow");
  listing->add_option("--external-id", arguments->external_id, "Only runs with this name");
  of_run("show", "Show a run and its steps", show)
      ->add_flag("--context", arguments->context, "Input, output and every result, as JSON");
  CLI::App* eventing = of_run("events", "Print a run's events", events);
  eventing->add_option("--after", arguments->after, "Only events behind this number");
  eventing->add_flag("--follow,-f", arguments->follow, "Go on until the run ends");
  of_run("logs", "Print what the run's scripts printed", logs)
      ->add_option("--after", arguments->after, "Only lines behind this number");
  of_run("pause", "Start nothing more until resumed", pause);
  of_run("resume", "Go on after a pause", resume);
  of_run("stop", "End a run", stop)
      ->add_flag("--graceful", arguments->graceful, "Let what is in flight end first");
  CLI::App* retrying = of_run("retry", "Start a new run that keeps what was completed", retry);
  retrying->add_option("--from-step", arguments->from_step, "Default: what failed");
  retrying->add_option("--input,-i", arguments->input, "Another input: JSON, @file or -");
  noun.examples(
      "  troupe runs list --status failed\n"
      "  troupe runs events RUN --follow\n"
      "  troupe runs retry RUN --from-step fetch");
}

}  // namespace troupe::cli
