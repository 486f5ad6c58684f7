#include <algorithm>
#include <memory>

#include "config/suggest.h"
#include "deploy/troupe/await.h"
#include "deploy/troupe/commands.h"
#include "deploy/troupe/graph_file.h"
#include "deploy/troupe/local_run.h"
#include "deploy/troupe/settings.h"
#include "runtime/json/read.h"

namespace troupe::cli {
namespace {

struct RunArguments {
  std::string graph;
  std::string input;
  bool input_given = false;
  Decisions decisions;
  Printing printing;
};

void human_tasks_of(const graph::Graph& graph, std::vector<std::string>* known) {
  for (const graph::Step& step : graph.steps) {
    if (step.type == graph::StepType::kHumanTask) known->push_back(step.id);
    if (const auto* loop = std::get_if<graph::ForEach>(&step.work))
      human_tasks_of(*loop->body, known);
    if (const auto* loop = std::get_if<graph::While>(&step.work))
      human_tasks_of(*loop->body, known);
  }
}

/// --approve and --reject must name human tasks, or a typing error would leave the run waiting.
bool decisions_fit(const graph::Graph& graph, const Decisions& decisions) {
  std::vector<std::string> known;
  human_tasks_of(graph, &known);
  std::vector<std::string> given = decisions.approve;
  given.insert(given.end(), decisions.reject.begin(), decisions.reject.end());
  for (const std::string& id : given) {
    const std::string own = id.substr(id.rfind('#') + 1);
    if (std::find(known.begin(), known.end(), own) != known.end()) continue;
    const std::string meant = config::nearest(own, known);
    note("error: there is no human task " + id + " in this graph" +
         (meant.empty() ? "" : "; did you mean " + meant + "?"));
    return false;
  }
  return true;
}

Result<json::Text> read_input(const RunArguments& arguments) {
  if (!arguments.input_given) return json::Text();
  Result<std::string> text = read_argument(arguments.input);
  if (!text) return std::move(text).error();
  Result<json::Text> input = json::Text::parse(std::move(*text));
  if (!input) return Error{input.error().code, "--input: " + input.error().message, {}};
  if (json::kind(input->view()) != json::Kind::kObject) {
    return Error{Code::kInvalidRequest, "--input must be a JSON object", {}};
  }
  return input;
}

Result<store::RunRow> start(LocalNode& node,
                            const store::Version& version,
                            const json::Text& input,
                            bool input_given) {
  StartRequest request;
  request.workspace = node.scope().workspace;
  request.project = *node.scope().project;
  request.workflow = version.workflow;
  request.version = version.version;
  request.input = input;
  request.input_given = input_given;
  request.trigger_type = "cli";
  const auto started =
      await<Started>([&](auto reply) { node.engine().start(request, std::move(reply)); });
  if (!started) return started.error();
  store::RunRow row;
  row.id = started->run;
  row.workflow = started->workflow;
  row.version = started->version;
  return row;
}

int run(const RunArguments& arguments, const Shared& shared) {
  const Result<config::Loaded> settings = load_settings(shared);
  if (!settings) return fail(settings.error());
  const Result<json::Text> input = read_input(arguments);
  if (!input) {
    fail(input.error());
    return kUsage;
  }
  Result<GraphFile> file = read_graph(arguments.graph, input->empty() ? nullptr : &*input,
                                      graph_limits(settings->options));
  if (!file) {
    if (!file.error().message.empty()) fail(file.error());
    return kUsage;
  }
  if (!decisions_fit(*file->parsed.graph, arguments.decisions)) return kUsage;

  hold_signals();
  Result<std::unique_ptr<LocalNode>> started = start_node(settings->options, true);
  if (!started) return fail(started.error());
  LocalNode& node = **started;
  Mailbox mailbox;
  const auto finish = [&](int exit) {
    release_signals();
    node.shutdown();
    return exit;
  };
  const Result<store::Version> version = publish_graph(node, *file);
  if (!version) return finish(fail(version.error()));
  const Result<store::RunRow> row = start(node, *version, *input, arguments.input_given);
  if (!row) return finish(fail(row.error()));
  note("run " + row->id.to_string());
  return finish(follow_and_print(node, mailbox, *row, file->name, version->graph,
                                 arguments.decisions, arguments.printing,
                                 settings->options.node.data_dir));
}

}  // namespace

void add_run(CLI::App& line, Shared& shared, Action& action) {
  auto arguments = std::make_shared<RunArguments>();
  CLI::App* command = line.add_subcommand("run", "Run a graph to its end in this process, durably");
  command->add_option("graph", arguments->graph, "The graph, a JSON file; - for stdin")->required();
  CLI::Option* input =
      command->add_option("--input,-i", arguments->input, "JSON, @file, or - for stdin");
  add_following(*command, arguments->decisions, arguments->printing, shared);
  command->footer(
      "Examples:\n"
      "  troupe run hello.json --input '{\"name\":\"Ada\"}'\n"
      "  troupe run audit.json --input @packages.json --approve review --raw > report.md\n"
      "Exit: 0 completed, 1 failed, 2 invalid, 4 waits for a human, 6 stopped.\n"
      "After a kill: troupe resume --data-dir D");
  command->callback([&shared, &action, arguments, input] {
    action = [&shared, arguments, input_given = input->count() > 0] {
      arguments->input_given = input_given;
      arguments->printing.json = shared.json;
      arguments->printing.quiet = shared.quiet;
      return run(*arguments, shared);
    };
  });
}

}  // namespace troupe::cli
