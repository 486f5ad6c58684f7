#include <memory>

#include "deploy/troupe/commands.h"
#include "deploy/troupe/graph_file.h"
#include "runtime/json/write.h"

namespace troupe::cli {
namespace {

struct ValidateArguments {
  std::string graph;
  std::string input;
  bool input_given = false;
};

std::string report_json(const GraphFile* file, const std::vector<Issue>& issues) {
  json::Writer out;
  out.begin_object().member("valid", file != nullptr);
  if (file != nullptr) {
    out.key("checks_performed").begin_array();
    for (const std::string& check : file->parsed.checks_performed) out.string(check);
    out.end_array();
  }
  out.key("issues").begin_array();
  for (const Issue& issue : issues) {
    out.begin_object().member("severity", issue.warning ? "warning" : "error");
    out.member("code", info(issue.code).name).member("step", issue.step);
    out.member("pointer", issue.pointer).member("message", issue.message).end_object();
  }
  return out.end_array().end_object().take();
}

int validate(const ValidateArguments& arguments, const Shared& shared) {
  json::Text input;
  if (arguments.input_given) {
    Result<std::string> text = read_argument(arguments.input);
    Result<json::Text> parsed = text ? json::Text::parse(std::move(*text)) : text.error();
    if (!parsed) {
      fail(parsed.error());
      return kUsage;
    }
    input = *parsed;
  }
  const Result<GraphFile> file =
      read_graph(arguments.graph, arguments.input_given ? &input : nullptr);
  if (!file) {
    const Error& error = file.error();
    if (!error.message.empty()) fail(error);
    if (shared.json) print_json(report_json(nullptr, error.issues));
    return kUsage;
  }
  if (shared.json) {
    print_json(report_json(&*file, file->parsed.issues));
  } else if (!shared.quiet) {
    note(arguments.graph + ": valid, " + std::to_string(file->parsed.graph->steps.size()) +
         " steps");
  }
  return kOk;
}

}  // namespace

void add_validate(CLI::App& line, Shared& shared, Action& action) {
  auto arguments = std::make_shared<ValidateArguments>();
  CLI::App* command = line.add_subcommand("validate", "Check a graph without running it");
  command->add_option("graph", arguments->graph, "The graph, a JSON file; - for stdin")->required();
  CLI::Option* input = command->add_option(
      "--input,-i", arguments->input, "Also check that this input has all that templates read");
  add_json(*command, shared);
  add_quiet(*command, shared);
  command->footer(
      "Example:\n"
      "  troupe validate audit.json\n"
      "Findings look like  audit.json:12:7: error: message [code] (step id).\n"
      "Exit: 0 valid, 2 not. Needs no server.");
  command->callback([&shared, &action, arguments, input] {
    action = [&shared, arguments, given = input->count() > 0] {
      arguments->input_given = given;
      return validate(*arguments, shared);
    };
  });
}

}  // namespace troupe::cli
