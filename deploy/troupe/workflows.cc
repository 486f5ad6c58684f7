#include "deploy/troupe/graph_file.h"
#include "deploy/troupe/noun.h"
#include "runtime/json/read.h"
#include "runtime/json/write.h"

namespace troupe::cli {
namespace {

struct WorkflowArguments {
  std::string id;
  std::string file;
  std::string name;
  std::string description;
  std::string changelog;
  std::string input;
  std::string key;
  std::string external_id;
  std::size_t limit = 50;
  bool publish = false;
};

std::string path_of(const WorkflowArguments& arguments, const std::string& rest = "") {
  return "/v1/workflows/" + segment(arguments.id) + rest;
}

Result<int> list(Client& client, const WorkflowArguments& arguments, const Shared& shared) {
  const Listing workflows{
      "/v1/workflows", {}, arguments.limit, {"ID", "NAME", "STATUS", "UPDATED"}};
  return print_listing(client, workflows, shared, [](std::string_view item) -> Cells {
    return {cell(item, "id"), cell(item, "name"), cell(item, "status"), cell(item, "updated_at")};
  });
}

Result<int> publish(Client& client,
                    const std::string& id,
                    const std::string& changelog,
                    const Shared& shared) {
  json::Writer body;
  body.begin_object();
  if (!changelog.empty()) body.member("changelog", changelog);
  Result<json::Text> version =
      client.post("/v1/workflows/" + segment(id) + "/versions", body.end_object().take());
  if (!version) return std::move(version).error();
  if (shared.json) {
    print_json(version->view());
  } else {
    note("published version " + cell(version->view(), "version"));
    print(id);
  }
  return int{kOk};
}

/// The graph is checked here first, because only here its lines are known.
Result<int> create(Client& client, const WorkflowArguments& arguments, const Shared& shared) {
  const Result<GraphFile> file = read_graph(arguments.file, nullptr);
  if (!file) {
    if (!file.error().message.empty()) return fail(file.error());
    return int{kUsage};
  }
  json::Writer body;
  body.begin_object().member("name", arguments.name.empty() ? file->name : arguments.name);
  if (!arguments.description.empty()) body.member("description", arguments.description);
  body.member_raw("graph", file->text.view()).end_object();
  Result<json::Text> made = client.post("/v1/workflows", body.take());
  if (!made) return std::move(made).error();
  const std::string id = cell(made->view(), "id");
  if (arguments.publish) return publish(client, id, arguments.changelog, shared);
  if (shared.json) {
    print_json(made->view());
  } else {
    note("draft made; publish it with: troupe workflows publish " + id);
    print(id);
  }
  return int{kOk};
}

Result<int> start(Client& client, const WorkflowArguments& arguments, const Shared& shared) {
  json::Writer body;
  body.begin_object().member("command", "start").key("params").begin_object();
  body.member("trigger_type", "cli");
  if (!arguments.input.empty()) {
    Result<std::string> text = read_argument(arguments.input);
    Result<json::Text> input = text ? json::Text::parse(std::move(*text)) : text.error();
    if (!input) return std::move(input).error();
    body.member_raw("trigger_payload", input->view());
  }
  if (!arguments.external_id.empty()) body.member("external_id", arguments.external_id);
  body.end_object().end_object();
  Headers headers;
  if (!arguments.key.empty()) headers.emplace_back("Idempotency-Key", arguments.key);
  Result<json::Text> started =
      client.call("POST", path_of(arguments, "/command"), body.take(), headers);
  if (!started) return std::move(started).error();
  const std::string run = cell(started->view(), "run_id");
  if (shared.json) {
    print_json(started->view());
  } else {
    note("follow it with: troupe runs events " + run + " --follow");
    print(run);
  }
  return int{kOk};
}

Result<int> show(Client& client, const WorkflowArguments& arguments) {
  Result<json::Text> flow = client.get(path_of(arguments));
  if (!flow) return std::move(flow).error();
  print_json(flow->view());
  return int{kOk};
}

Result<int> archive(Client& client, const WorkflowArguments& arguments) {
  Result<json::Text> gone = client.call("DELETE", path_of(arguments), "");
  if (!gone) return std::move(gone).error();
  note("archived; its runs and versions are kept");
  return int{kOk};
}

}  // namespace

void add_workflows(CLI::App& line, Shared& shared, Action& action) {
  Noun<WorkflowArguments> noun(line, "workflows", "Workflows of a server", shared, action);
  const auto arguments = noun.arguments();
  const auto with_id = [&](CLI::App* command) {
    command->add_option("workflow", arguments->id, "Id of the workflow")->required();
    return command;
  };
  noun.list("List workflows, newest first", list);
  with_id(noun.verb("show", "Show one with its draft graph",
               [](Client& client, const auto& given, auto&) { return show(client, given); }));
  CLI::App* creating = noun.verb("create", "Make a draft from a graph file", create);
  creating->add_option("file", arguments->file, "The graph; - for stdin")->required();
  creating->add_option("--name", arguments->name, "Default: the file's name");
  creating->add_option("--description", arguments->description);
  creating->add_flag("--publish", arguments->publish, "Publish it at once");
  creating->add_option("--changelog", arguments->changelog, "What is new, with --publish");
  with_id(noun.verb("publish", "Publish the draft as the next version",
               [](Client& client, const auto& given, auto& how) {
                 return publish(client, given.id, given.changelog, how);
               }))
      ->add_option("--changelog", arguments->changelog, "What is new");
  CLI::App* starting = with_id(noun.verb("start", "Start a run of the latest version", start));
  starting->add_option("--input,-i", arguments->input, "JSON, @file, or - for stdin");
  starting->add_option("--key", arguments->key,
                       "Idempotency key: a repeated call starts nothing new");
  starting->add_option("--external-id", arguments->external_id, "Your own name for the run");
  with_id(noun.verb("archive", "Take it out of use; runs and versions stay",
               [](Client& client, const auto& given, auto&) { return archive(client, given); }));
  noun.examples(
      "  troupe workflows create hello.json --publish\n"
      "  troupe workflows start ID --input '{\"name\":\"Ada\"}'");
}

}  // namespace troupe::cli
