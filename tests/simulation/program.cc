#include "tests/simulation/program.h"

#include <algorithm>

namespace troupe::simulation {
namespace {

bool chance(Random& random, int percent) { return random.below(100) < std::uint64_t(percent); }

std::string number(std::int64_t n) { return std::to_string(n); }

/// Where a step's value lies in its result.
std::string value_path(const Node& node) {
  switch (node.kind) {
    case Kind::kForEach:
      return "results";
    case Kind::kWhile:
      return "iteration_count";
    case Kind::kChild:
      return "end";
    default:
      return "v";
  }
}

/// A script in the language of executor.h.
std::string script(const std::string& what, const std::string& id, const std::string& flags = "") {
  return R"("type":"lua_script","name":"n","script":")" + what + " @" + id + " run.id" + flags +
         "\"";
}

std::string lua(const std::string& id, const std::string& what, const std::string& more = "") {
  return R"({"id":")" + id + "\"," + script(what, id) + more + "}";
}

std::string sum_of(const Program& program, int at) {
  const Node& node = program.nodes[static_cast<std::size_t>(at)];
  std::string what = number(node.constant) + " input.n";
  for (const int dep : node.deps) {
    what += " steps." + step_id(dep) + ".result." +
            value_path(program.nodes[static_cast<std::size_t>(dep)]);
  }
  return what;
}

constexpr const char* kRetryTimeout =
    R"(,"retry":{"max_attempts":4,"initial_ms":40,"factor":2,"max_ms":400,"on":["timeout"]})";
/// What is over its deadline waits far longer than that.
constexpr const char* kDeadline = R"(,"timeout_s":1)";
constexpr const char* kLongWait = "900";

constexpr const char* kRetry =
    R"(,"retry":{"max_attempts":9,"initial_ms":40,"factor":2,"max_ms":400,)"
    R"("on":["lua_error","sandbox_lost"]})";

/// What only steps whose effect may be repeated shall make use of.
constexpr const char* kRetryLost =
    R"(,"retry":{"max_attempts":9,"initial_ms":40,"factor":2,"max_ms":400,)"
    R"("on":["sandbox_lost","timeout","outcome_unknown","unavailable"]})";

/// A worker's task with the same words, and as its arguments what a script would see.
std::string task_of(const Program& program, int at, const std::string& line) {
  std::string steps;
  for (const int dep : program.nodes[static_cast<std::size_t>(at)].deps) {
    const std::string path = value_path(program.nodes[static_cast<std::size_t>(dep)]);
    const std::string id = step_id(dep);
    steps += (steps.empty() ? "\"" : ",\"") + id + R"(":{"result":{")" + path +
             R"(":"{{steps.)" + id + ".result." + path + R"( | default: 0}}"}})";
  }
  return R"("type":"worker_task","name":"k","queue":"q","task":"do","args":{"line":")" + line +
         R"(","run":{"id":"{{run.id}}"},"input":{"n":"{{input.n}}"},"steps":{)" + steps + "}}";
}

std::string while_fields(const std::string& body, int max, const std::string& test) {
  return R"("type":"while","name":"w","while_mode":"until","while_max_iterations":)" + number(max) +
         "," + test + R"(,"while_body_steps":[)" + body + "]";
}

std::string body_of(const Node& node) {
  const std::string x = number(node.constant) + " 7*index";
  const std::string modulo = number(node.stop_at + 2);
  switch (node.items) {
    case Items::kPlain:
      return lua("x", "sum " + x);
    case Items::kTwoSteps:
      return lua("x", "sum " + x) + "," + lua("y", "sum 1 body.x.v");
    case Items::kWithWait:
      return lua("x", "sum " + x) + R"(,{"id":"p","type":"wait","duration_s":)" +
             (node.lapses ? kLongWait : "0.05") + R"(},{"id":"y","depends_on":["x","p"],)" +
             script("sum 1 body.x.v", "y") + "}";
    case Items::kSomeFail:
    case Items::kFailing:
      return lua("x", "failmod " + modulo + " " + x);
    case Items::kWithWhile:
      return R"({"id":"w",)" +
             while_fields(lua("z", "ge 1 loop.iteration"), 3,
                          R"("while_condition":"{{body.z.v}}")") +
             "}," + lua("y", "sum " + x + " body.w.iteration_count");
    case Items::kWithLoop:
      return R"({"id":"q","type":"for_each","name":"q","for_each_items":{"count":2},)"
             R"("for_each_body_steps":[)" +
             lua("z", "sum 3 index") + "]}," + lua("y", "sum " + x + " body.q.results");
    case Items::kFlaky:
      return lua("x", "flaky 1 " + x, kRetry);
  }
  return {};
}

std::string while_of(const Node& node) {
  const std::string k = number(node.stop_at);
  std::string body = lua("z", "ge " + k + " loop.iteration");
  if (node.style == 1) {
    body += std::string(R"(,{"id":"p","type":"wait","duration_s":)") +
            (node.lapses ? kLongWait : "0.03") + "}";
  }
  if (node.style == 2) {
    body += R"(,{"id":"q","type":"for_each","name":"q","for_each_items":[4,5],)"
            R"("for_each_body_steps":[)" +
            lua("u", "sum item") + "]}";
  }
  if (node.style == 3) body += R"(,{"id":"h","type":"human_task","task_type":"look"})";
  std::string test = R"("while_condition":"{{body.z.v}}")";
  if (node.style == 4) {
    test = R"("while_eval_script":"pass )" + k + R"( loop.iteration @t run.id")";
  }
  return while_fields(body, node.count, test);
}

constexpr const char* kOnTimeout[] = {"fail", "approve", "reject"};

std::string work_of(const Program& program, int at, const std::vector<std::string>& ids) {
  const Node& node = program.nodes[static_cast<std::size_t>(at)];
  const std::string id = step_id(at);
  std::string flags;
  if (node.effect > 0) flags += " !effect";
  if (node.effect > 0) flags += " !lossy";
  if (node.big) flags += " !big";
  if (node.prints) flags += " !prints";
  switch (node.kind) {
    case Kind::kSum: {
      const std::string what = (node.parity ? "parity " : "sum ") + sum_of(program, at);
      if (node.worker) return task_of(program, at, what + " @" + id + flags) + kRetryLost;
      return script(what, id, flags) + (node.effect > 0 ? kRetryLost : "");
    }
    case Kind::kFlaky:
      return script("flaky " + number(node.flakes) + " " + sum_of(program, at), id,
                    flags + " !lossy") + kRetry;
    case Kind::kFail:
      return script("fail", id, flags) + (node.flakes > 0 ? kRetry : "");
    case Kind::kHang:
      // Without a retry it hangs for good: a crash may have it tried again.
      return script("hang " + number(hang_retries(node) ? node.flakes : 99 * node.flakes) + " " +
                        sum_of(program, at),
                    id, flags) +
             kDeadline + (hang_retries(node) ? kRetryTimeout : "");
    case Kind::kForEach:
      return R"("type":"for_each","name":"f","for_each_items":{"count":)" + number(node.count) +
             R"(},"for_each_max_parallel":)" + number(node.parallel) +
             (node.items == Items::kSomeFail ? R"(,"on_item_error":"continue")" : "") +
             (lapsing_loop(node) ? kDeadline : "") + R"(,"for_each_body_steps":[)" +
             body_of(node) + "]";
    case Kind::kWhile:
      return while_of(node) + (lapsing_loop(node) ? kDeadline : "");
    case Kind::kWait:
      return R"("type":"wait","name":"t","duration_s":)" + std::to_string(node.seconds);
    case Kind::kEvent:
      return R"("type":"wait_event","name":"e","event":")" + event_name(program, at) + "\"" +
             (node.lapses ? kDeadline : "");
    case Kind::kHuman:
      return std::string(R"("type":"human_task","name":"h","task_type":"ask",)") +
             R"("task_payload":{"of":1})" +
             (node.lapses ? kDeadline + std::string(R"(,"on_timeout":")") +
                                kOnTimeout[node.style % 3] + "\""
                          : std::string());
    case Kind::kChild:
      return R"("type":"run_workflow","name":"c","input":{"n":"{{input.n}}"},"workflow_id":")" +
             ids[static_cast<std::size_t>(node.child)] + "\"";
  }
  return {};
}

void choose_loop(Random& random, Node& node) {
  node.items = static_cast<Items>(random.below(8));
  node.count = static_cast<int>(random.below(node.kind == Kind::kWhile ? 4 : 6));
  if (node.kind == Kind::kWhile) ++node.count;
  node.parallel = static_cast<int>(1 + random.below(4));
  node.stop_at = static_cast<int>(random.below(4));
  node.style = static_cast<int>(random.below(5));
}

Kind random_kind(Random& random, int number) {
  constexpr Kind kKinds[] = {Kind::kSum,     Kind::kSum,   Kind::kSum,   Kind::kSum,
                             Kind::kSum,     Kind::kFlaky, Kind::kFlaky, Kind::kForEach,
                             Kind::kForEach, Kind::kWhile, Kind::kWait,  Kind::kWait,
                             Kind::kEvent,   Kind::kHuman, Kind::kChild, Kind::kFail,
                             Kind::kHang};
  const Kind kind = kKinds[random.below(std::size(kKinds))];
  return kind == Kind::kChild && number == 0 ? Kind::kFlaky : kind;
}

Node random_node(Random& random, const Program& program) {
  Node node;
  const int at = static_cast<int>(program.nodes.size());
  for (int dep = 0; dep < at; ++dep) {
    if (chance(random, at <= 2 ? 60 : 35)) node.deps.push_back(dep);
  }
  node.kind = random_kind(random, program.number);
  node.constant = static_cast<int>(random.below(1000));
  node.optional = chance(random, node.kind == Kind::kFail ? 75 : 60);
  node.enabled = !chance(random, 4);
  node.flakes = static_cast<int>(random.below(3));
  if (!node.deps.empty() && chance(random, 25)) {
    const int dep = node.deps[random.below(node.deps.size())];
    const Kind kind = program.nodes[static_cast<std::size_t>(dep)].kind;
    if (kind != Kind::kForEach && kind != Kind::kChild) node.condition = dep;
  }
  if (node.kind == Kind::kSum) {
    node.parity = chance(random, 35);
    node.effect = chance(random, 30) ? static_cast<int>(1 + random.below(4)) : 0;
    node.worker = node.effect > 0 && chance(random, 50);
  }
  node.shared_key = node.kind == Kind::kSum && chance(random, 15);
  node.big = chance(random, 10);
  node.prints = chance(random, 10);
  choose_loop(random, node);
  constexpr double kSeconds[] = {0, 0.01, 0.4, 3, 6, 20};
  node.seconds = chance(random, 6) ? 900 : kSeconds[random.below(std::size(kSeconds))];
  node.reject = chance(random, 30);
  node.lapses = chance(random, 25);
  node.child = program.number > 0 ? static_cast<int>(random.below(program.number)) : -1;
  return node;
}

}  // namespace

bool hang_retries(const Node& node) { return node.style % 2 == 1; }

bool lapsing_loop(const Node& node) {
  if (!node.lapses) return false;
  return node.kind == Kind::kForEach ? node.items == Items::kWithWait && node.count > 0
                                     : node.kind == Kind::kWhile && node.style == 1;
}

std::string step_id(int node) { return "s" + number(node); }

std::string event_name(const Program& program, int node) {
  return "go" + number(program.number) + "_" + number(node);
}

Program random_program(Random& random, int number) {
  Program program;
  program.number = number;
  const std::uint64_t size = 1 + random.below(6);
  for (std::uint64_t i = 0; i < size; ++i) program.nodes.push_back(random_node(random, program));
  Node end;
  for (std::uint64_t i = 0; i < size; ++i) end.deps.push_back(static_cast<int>(i));
  end.constant = 5;
  program.nodes.push_back(end);
  return program;
}

std::string graph_of(const Program& program, const std::vector<std::string>& workflow_ids) {
  std::string steps, output;
  constexpr const char* kEffects[] = {
      "", R"(,"effect":"idempotent")", R"(,"effect":"once","in_doubt":"retry")",
      R"(,"effect":"once","in_doubt":"ask")", R"(,"effect":"once","in_doubt":"fail")"};
  for (std::size_t i = 0; i < program.nodes.size(); ++i) {
    const Node& node = program.nodes[i];
    const int at = static_cast<int>(i);
    std::string deps;
    for (const int dep : node.deps) deps += (deps.empty() ? "\"" : ",\"") + step_id(dep) + "\"";
    steps += (i == 0 ? "" : ",") + ("{\"id\":\"" + step_id(at)) + "\",\"depends_on\":[" + deps +
             "]," + work_of(program, at, workflow_ids);
    if (node.optional) steps += R"(,"on_error":"continue")";
    if (!node.enabled) steps += R"(,"enabled":false)";
    if (node.condition >= 0) {
      const Node& dep = program.nodes[static_cast<std::size_t>(node.condition)];
      steps += R"(,"condition":"{{steps.)" + step_id(node.condition) + ".result." +
               value_path(dep) + R"(}}")";
    }
    if (node.shared_key) steps += R"(,"concurrency_key":"shared")";
    steps += std::string(kEffects[node.effect]) + "}";
    if (node.kind == Kind::kForEach) continue;
    const bool last = i + 1 == program.nodes.size();
    output += (output.empty() ? "" : ",") + ("\"" + (last ? "end" : step_id(at))) +
              R"(":"{{steps.)" + step_id(at) + ".result." + value_path(node) +
              R"( | default: -1}}")";
  }
  return R"({"steps":[)" + steps + R"(],"output":{)" + output + "}}";
}

}  // namespace troupe::simulation
