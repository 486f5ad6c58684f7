#include <utility>

#include "runtime/graph/draft.h"
#include "runtime/graph/fields.h"
#include "runtime/graph/graph.h"
#include "runtime/json/read.h"

namespace troupe::graph {
namespace {

/// Turns a validated level into its graph, innermost bodies first.
std::shared_ptr<Graph> assemble(LevelDraft& level) {
  auto graph = std::make_shared<Graph>();
  graph->steps.reserve(level.steps.size());
  graph->by_id.reserve(level.steps.size());
  for (StepDraft& draft : level.steps) {
    if (draft.body) {
      std::shared_ptr<const Graph> body = assemble(*draft.body);
      if (auto* loop = std::get_if<ForEach>(&draft.step.work))
        loop->body = std::move(body);
      else if (auto* loop = std::get_if<While>(&draft.step.work))
        loop->body = std::move(body);
    }
    graph->by_id.emplace(draft.step.id, draft.step.index);
    graph->steps.push_back(std::move(draft.step));
  }
  return graph;
}

/// The parts of the document beside its steps.
struct Frame {
  json::Text params;
  std::optional<Template> output;
};

Frame parse_frame(const json::Tree& root, ParseContext& context) {
  Frame frame;
  const json::Tree* params = root.find("params");
  if (params != nullptr && params->kind == json::Kind::kObject) {
    frame.params = json::Text::trusted(json::compact(params->raw));
  } else if (params != nullptr && params->kind != json::Kind::kNull) {
    context.findings.error(
        Code::kInvalidField, "", "/params",
        "\"params\" must be an object, not " + std::string(kind_name(params->kind)));
  }
  const json::Tree* output = root.find("output");
  if (output != nullptr && output->kind != json::Kind::kNull) {
    auto compiled = Template::compile(output->raw);
    if (compiled.ok()) {
      frame.output = std::move(compiled).value();
    } else {
      for (const Issue& issue : compiled.error().issues) {
        context.findings.error(issue.code, "", "/output" + issue.pointer, issue.message);
      }
    }
  }
  return frame;
}

/// The array of steps, or null with the reason reported.
const json::Tree* find_steps(const json::Tree& root, Findings& findings) {
  if (root.kind != json::Kind::kObject) {
    findings.error(Code::kInvalidField, "", "",
                   "a graph must be an object, not " + std::string(kind_name(root.kind)));
    return nullptr;
  }
  const json::Tree* steps = root.find("steps");
  if (steps == nullptr || steps->kind == json::Kind::kNull) {
    const bool nodes = root.find("nodes") != nullptr;
    findings.error(Code::kMissingField, "", "/steps",
                   nodes ? "\"steps\" is missing: write a list of steps instead of nodes and edges"
                         : "\"steps\" is missing");
    return nullptr;
  }
  if (steps->kind != json::Kind::kArray) {
    findings.error(Code::kInvalidField, "", "/steps",
                   "\"steps\" must be a list, not " + std::string(kind_name(steps->kind)));
    return nullptr;
  }
  if (steps->elements.empty()) {
    findings.error(Code::kMissingField, "", "/steps", "\"steps\" must have at least one step");
    return nullptr;
  }
  return steps;
}

}  // namespace

std::unique_ptr<LevelDraft> parse_level(const json::Tree& array,
                                        const std::string& pointer,
                                        LevelDraft::Kind kind,
                                        int depth,
                                        ParseContext& context) {
  auto level = std::make_unique<LevelDraft>();
  level->kind = kind;
  level->depth = depth;
  context.steps_total += array.elements.size();
  if (context.steps_total > context.limits.steps_max) {
    if (!context.steps_limit_reported) {
      context.findings.error(Code::kLimitExceeded, "", pointer,
                             "a graph has at most " + std::to_string(context.limits.steps_max) +
                                 " steps, bodies included");
    }
    context.steps_limit_reported = true;
    return level;
  }
  // Sized once: ids are referred to by views from here on.
  level->steps.resize(array.elements.size());
  for (std::size_t i = 0; i < array.elements.size(); ++i) {
    StepDraft& draft = level->steps[i];
    draft.tree = &array.elements[i];
    draft.pointer = pointer + '/' + std::to_string(i);
    draft.step.index = static_cast<std::uint32_t>(i);
    parse_step(draft, *level, context);
  }
  return level;
}

Parsed parse(const json::Text& document,
             const Tools& tools,
             const Limits& limits,
             const json::Text* start_input) {
  Parsed parsed;
  Findings findings;
  ParseContext context{tools, limits, findings};
  parsed.checks_performed = {"limits", "structure", "ids",    "types",   "fields", "dependencies",
                             "cycles", "templates", "wiring", "scripts", "schemas"};
  if (start_input != nullptr) parsed.checks_performed.emplace_back("input");
  if (document.empty()) {
    findings.error(Code::kInvalidField, "", "", "a graph must be an object");
  } else if (document.size() > limits.graph_bytes_max) {
    findings.error(Code::kLimitExceeded, "", "",
                   "a graph has at most " + std::to_string(limits.graph_bytes_max) +
                       " bytes, not " + std::to_string(document.size()));
  } else {
    const json::Tree root = json::parse_tree(document);
    if (const json::Tree* steps = find_steps(root, findings)) {
      Frame frame = parse_frame(root, context);
      const auto level = parse_level(*steps, "/steps", LevelDraft::Kind::kTop, 0, context);
      StartInput input;
      if (start_input != nullptr) {
        input.given = start_input->empty() ? std::string_view("{}") : start_input->view();
        input.params = frame.params.view();
      }
      TemplateUse output;
      if (frame.output) output = TemplateUse{*frame.output, "/output"};
      validate(*level, frame.output ? &output : nullptr, input, context);
      if (!findings.failed()) {
        auto graph = assemble(*level);
        graph->output = std::move(frame.output);
        graph->params = std::move(frame.params);
        parsed.graph = std::move(graph);
      }
    }
  }
  parsed.issues = findings.take();
  return parsed;
}

}  // namespace troupe::graph
