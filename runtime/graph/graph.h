#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/base/time.h"
#include "runtime/graph/template.h"
#include "runtime/json/text.h"
#include "runtime/port/script.h"
#include "runtime/schema/schema.h"

namespace troupe::graph {

struct Graph;

enum class StepType : std::uint8_t {
  kLuaScript, kForEach, kWhile, kHumanTask, kWait, kWaitEvent, kRunWorkflow,
  kLlmCall, kMcpCall, kAgentCall, kHttpRequest, kWorkerTask,
};
std::string_view name(StepType type);  ///< "lua_script", …
std::optional<StepType> parse_step_type(std::string_view name);

enum class Effect : std::uint8_t { kNone, kIdempotent, kOnce };
enum class InDoubt : std::uint8_t { kRetry, kAsk, kFail };
enum class OnError : std::uint8_t { kFail, kContinue };

/// When a failed attempt is tried again. Delay before attempt n+1: min(max, initial ·
/// factor^(n-1)), uniformly random in [0, that] with full jitter.
struct Retry {
  int attempts_max = 1;  ///< counts the first
  Duration initial = milliseconds(500);
  double factor = 2;
  Duration delay_max = milliseconds(30'000);
  bool jitter_full = true;
  std::vector<Code> on;  ///< empty: those that the registry calls transient
  bool retries(Code code) const;
};

/// Which values a script reads, found by looking at its text, so that a job carries no more.
struct ScriptUse {
  bool all_steps = true;           ///< `steps` is used in a way that could name any step
  std::vector<std::string> steps;  ///< otherwise: ids (true ids, not the `_` aliases) it may name
  bool input = true, item = true, index = true, loop = true, body = true, run = true;
};

struct LuaScript {
  std::shared_ptr<const Script> script;
  ScriptUse use;
};
struct ForEach {
  std::optional<Template> items;     ///< expands to an array
  std::optional<std::uint64_t> count;  ///< or {"count": N}: items 0…N-1
  int parallel_max = 10;             ///< 1…1000
  bool continue_on_item_error = false;
  std::shared_ptr<const Graph> body;
};
struct While {
  /// Mode: until (stop when true) or while (stop when false); both test after the body.
  bool until = true;
  int iterations_max = 1;
  std::optional<Template> condition;
  std::optional<LuaScript> eval_script;  ///< returns {pass = …}; wins over `condition`
  std::shared_ptr<const Graph> body;
};
struct HumanTask {
  std::string task_type;
  std::optional<Template> payload;
  json::Text form;                               ///< JSON Schema of the answer, or empty
  std::shared_ptr<const schema::Schema> schema;  ///< compiled `form`
  enum class OnTimeout : std::uint8_t { kFail, kApprove, kReject } on_timeout = OnTimeout::kFail;
};
struct Wait {
  std::optional<Template> duration_s;  ///< number of seconds
  std::optional<Template> until;       ///< RFC 3339
};
struct WaitEvent {
  std::string event;
  std::optional<Template> key;
};
struct RunWorkflow {
  std::string workflow_id;
  std::optional<int> version;
  std::optional<Template> input;
};
/// Done by a process of the user's, which listens on a queue.
struct WorkerTask {
  std::string queue;
  std::string task;              ///< what to do, in the worker's words
  std::optional<Template> args;  ///< none: {}
  Duration heartbeat;            ///< the longest silence of the worker; 0: as long as it likes
};
/// Done by a service outside, which is asked for it.
struct ServiceCall {
  Template request;   ///< a JSON object: the step's own fields
  std::string fixed;  ///< likewise, of those in which no template is expanded
};
/// A step type that parses but is not executed yet.
struct Unavailable {};

struct Step {
  std::string id;
  std::string name;
  StepType type = StepType::kLuaScript;
  std::uint32_t index = 0;               ///< in Graph::steps
  /// Indices, ascending; in a body without depends_on: the step before.
  std::vector<std::uint32_t> depends_on;
  std::vector<std::uint32_t> dependants;
  std::optional<Template> condition;
  bool enabled = true;
  Retry retry;
  Duration timeout;  ///< per attempt; on loops, run_workflow and waits it spans the step; 0: none
  OnError on_error = OnError::kFail;
  Effect effect = Effect::kNone;
  InDoubt in_doubt = InDoubt::kAsk;
  bool no_auto_start = false;
  std::optional<Template> concurrency_key;
  int priority = 0;
  /// The step's JSON, compact: retry takes results over where it is byte-equal.
  std::string definition;
  std::variant<LuaScript, ForEach, While, HumanTask, Wait, WaitEvent, RunWorkflow, WorkerTask,
               ServiceCall, Unavailable>
      work;
};

/// A workflow's graph, compiled: of one version, or the body of a loop. Immutable, shared by its
/// runs.
struct Graph {
  std::vector<Step> steps;  ///< in the order of the document
  std::optional<Template> output;
  json::Text params;  ///< default input, or empty
  std::unordered_map<std::string, std::uint32_t> by_id;

  std::optional<std::uint32_t> find(std::string_view id) const;
};

/// Limits of API.md §1, configurable.
struct Limits {
  std::size_t graph_bytes_max = 1 << 20;
  std::size_t steps_max = 10'000;  ///< bodies included
  int body_nesting_max = 2;
  std::size_t script_bytes_max = 64 << 10;
  int parallel_max = 1000;
  int lua_timeout_s_max = 30;
};

/// What the parser needs from outside.
struct Tools {
  const ScriptSyntax& syntax;
  const PatternCompiler& patterns;
  /// False: nothing here reaches a worker, so that who writes a graph with one is told at once.
  bool has_workers = true;
};

/// A graph that may run, and what was found on the way (warnings only, if `graph` is set).
struct Parsed {
  std::shared_ptr<const Graph> graph;  ///< null if any issue is an error
  std::vector<Issue> issues;
  std::vector<std::string> checks_performed;  ///< names of the checks, for the validate call
};

/// Parses and validates everything that API.md §1 lists ("Dry-run codes"). Step types that do not
/// run here are parsed in full and then refused as kStepTypeUnavailable. `start_input`, if given,
/// is checked against every {{input.…}} (kInputMissing), on top of `params`.
Parsed parse(const json::Text& document, const Tools& tools, const Limits& limits = {},
             const json::Text* start_input = nullptr);

/// 422 kValidationFailed with the errors among the issues.
Error to_error(const std::vector<Issue>& issues);

}  // namespace troupe::graph
