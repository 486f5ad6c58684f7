#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "runtime/graph/findings.h"
#include "runtime/graph/graph.h"
#include "runtime/graph/script_use.h"
#include "runtime/json/tree.h"

namespace troupe::graph {

// A graph between JSON and `Graph`: parsed field by field, not yet wired. Private to this folder;
// lives as long as one call of parse().

/// Where a template or script is evaluated: as part of its step, or after the step's body (a
/// while's test), where it sees what the body sees.
enum class Place : std::uint8_t { kStep, kAfterBody };

struct TemplateUse {
  Template compiled;
  std::string pointer;
  Place place = Place::kStep;
  bool missing_is_false = false;  ///< a condition may read what the input does not have
};

struct ScriptDraft {
  ScriptNames names;
  std::string pointer;
  Place place = Place::kStep;
};

struct DependencyDraft {
  std::string id;
  std::string pointer;
};

struct LevelDraft;

struct StepDraft {
  Step step;
  const json::Tree* tree = nullptr;
  std::string pointer;
  bool depends_on_given = false;
  std::vector<DependencyDraft> dependencies;
  std::vector<TemplateUse> templates;
  std::vector<ScriptDraft> scripts;
  std::unique_ptr<LevelDraft> body;
};

/// The steps of the document, or of one body.
struct LevelDraft {
  enum class Kind : std::uint8_t { kTop, kForEach, kWhile };
  Kind kind = Kind::kTop;
  int depth = 0;  ///< 0 for the document
  std::vector<StepDraft> steps;
  std::unordered_map<std::string_view, std::uint32_t> by_id;  ///< the first with each id
};

/// What every part of the parser works with.
struct ParseContext {
  const Tools& tools;
  const Limits& limits;
  Findings& findings;
  std::size_t steps_total = 0;
  bool steps_limit_reported = false;
};

/// Parses an array of steps. parse.cc
std::unique_ptr<LevelDraft> parse_level(const json::Tree& array,
                                        const std::string& pointer,
                                        LevelDraft::Kind kind,
                                        int depth,
                                        ParseContext& context);
/// Parses all fields of one step. parse_step.cc
void parse_step(StepDraft& draft, const LevelDraft& level, ParseContext& context);

class Fields;
/// Parses the fields of the step's type into `work`. parse_work.cc, parse_service.cc
void parse_work(Fields& fields, const LevelDraft& level);
void parse_service(Fields& fields);

/// What {{input.…}} is checked against.
struct StartInput {
  std::string_view given;   ///< empty: no check
  std::string_view params;  ///< lies under `given`
};

/// Edges, cycles, what each template and script reads; fills the indices and ScriptUse of the
/// steps. validate.cc
void validate(LevelDraft& top,
              const TemplateUse* output,
              const StartInput& input,
              ParseContext& context);

}  // namespace troupe::graph
