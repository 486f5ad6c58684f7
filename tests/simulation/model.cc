#include "tests/simulation/model.h"

#include <algorithm>

namespace troupe::simulation {
namespace {

constexpr std::int64_t kModulus = 1'000'003;

struct Value {
  enum class State { kDone, kSkipped, kRejectedAbove, kFailed, kUnreached } state = State::kDone;
  std::optional<std::int64_t> v;
  bool rejected = false;  ///< a person said no
};

std::int64_t bounded(std::int64_t v) { return v % kModulus; }

/// The sum over the items that succeed; nothing if the loop fails.
std::optional<std::int64_t> for_each_value(const Node& node) {
  std::int64_t total = 0;
  for (int i = 0; i < node.count; ++i) {
    const std::int64_t x = node.constant + 7 * i;
    switch (node.items) {
      case Items::kPlain:
      case Items::kFlaky:
        total += bounded(x);
        break;
      case Items::kTwoSteps:
      case Items::kWithWait:
        total += bounded(x) + 1;
        break;
      case Items::kSomeFail:
      case Items::kFailing:
        if (i % (node.stop_at + 2) == 0) {
          if (node.items == Items::kFailing) return std::nullopt;
        } else {
          total += bounded(x);
        }
        break;
      case Items::kWithWhile:
        total += bounded(x + 2);
        break;
      case Items::kWithLoop:
        total += bounded(x + 3 + 4);
        break;
    }
  }
  return total;
}

Value work(const std::vector<Program>& programs, const Program& program, const Node& node,
           const std::vector<Value>& before, std::int64_t n, const Doubts& doubts) {
  Value value;
  switch (node.kind) {
    case Kind::kSum:
    case Kind::kFlaky:
    case Kind::kHang: {
      std::int64_t sum = node.constant + n;
      for (const int dep : node.deps) sum += before[static_cast<std::size_t>(dep)].v.value_or(0);
      value.v = bounded(sum);
      if (node.parity) value.v = *value.v % 2;
      if (node.kind == Kind::kHang && node.flakes > 0 && !hang_retries(node)) {
        value.state = Value::State::kFailed;
      }
      break;
    }
    case Kind::kFail:
      value.state = Value::State::kFailed;
      break;
    case Kind::kForEach:
      if (!lapsing_loop(node)) value.v = for_each_value(node);
      if (!value.v) value.state = Value::State::kFailed;
      break;
    case Kind::kWhile:
      value.v = std::min(node.stop_at + 1, node.count);
      if (lapsing_loop(node)) value.state = Value::State::kFailed;
      break;
    case Kind::kWait:
      break;
    case Kind::kEvent:
      value.v = node.constant;
      if (node.lapses) value.state = Value::State::kFailed;
      break;
    case Kind::kHuman:
      if (node.lapses) {
        // fail, approve, reject; a decision by time has no fields.
        if (node.style % 3 == 0) value.state = Value::State::kFailed;
        value.rejected = node.style % 3 == 2;
        break;
      }
      value.v = node.constant;
      value.rejected = node.reject;
      break;
    case Kind::kChild: {
      const auto facts = doubts.children.find(static_cast<int>(before.size()));
      const Expected child = expected_of(
          programs, node.child, n, facts == doubts.children.end() ? Doubts{} : facts->second);
      if (child.completed) value.v = child.end.value_or(-1);
      else value.state = Value::State::kFailed;
      break;
    }
  }
  (void)program;
  return value;
}

/// What keeps a step from beginning, in the order in which the contract asks.
std::optional<Value::State> obstacle(const Node& node, const std::vector<Value>& before) {
  bool rejected = false;
  for (const int dep : node.deps) {
    const Value& value = before[static_cast<std::size_t>(dep)];
    if (value.state == Value::State::kUnreached) return Value::State::kUnreached;
    rejected = rejected || value.rejected;
  }
  for (const int dep : node.deps) {
    const Value& value = before[static_cast<std::size_t>(dep)];
    if (value.state == Value::State::kRejectedAbove) return Value::State::kRejectedAbove;
  }
  if (!node.enabled) return Value::State::kSkipped;
  if (rejected && node.condition < 0) return Value::State::kRejectedAbove;
  if (node.condition >= 0) {
    const auto& v = before[static_cast<std::size_t>(node.condition)].v;
    if (!v || *v == 0) return Value::State::kSkipped;
  }
  return std::nullopt;
}

}  // namespace

Doubts doubts_of(const JournalWatch& watch, RunId id) {
  Doubts doubts;
  const JournalWatch::Run* const run = watch.find(id);
  if (run == nullptr) return doubts;
  doubts.steps = run->doubted;
  for (const auto& [child_id, child] : watch.runs()) {
    if (child.parent.run != id) continue;
    doubts.children[static_cast<int>(child.parent.path.step())] = doubts_of(watch, child_id);
  }
  if (run->carried.empty()) return doubts;
  const Doubts before = doubts_of(watch, run->retried_from);
  for (const int step : run->carried) {
    if (before.steps.count(step) > 0) doubts.steps.insert(step);
    const auto child = before.children.find(step);
    if (child != before.children.end()) doubts.children[step] = child->second;
  }
  return doubts;
}

Expected expected_of(const std::vector<Program>& programs, int number, std::int64_t n,
                     const Doubts& doubts) {
  const Program& program = programs[static_cast<std::size_t>(number)];
  Expected expected;
  std::vector<Value> values;
  for (std::size_t i = 0; i < program.nodes.size(); ++i) {
    const Node& node = program.nodes[i];
    Value value;
    if (const auto state = obstacle(node, values)) value.state = *state;
    else value = work(programs, program, node, values, n, doubts);
    if (value.state == Value::State::kDone && doubts.steps.count(static_cast<int>(i)) > 0) {
      value.state = Value::State::kFailed;
    }
    if (value.state == Value::State::kFailed) {
      value.v.reset();
      if (!node.optional) {
        expected.completed = false;
        expected.failing.insert(step_id(static_cast<int>(i)));
        value.state = Value::State::kUnreached;
      }
    }
    values.push_back(value);
    expected.values.push_back(value.v);
  }
  expected.end = values.back().v;
  std::string output;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (program.nodes[i].kind == Kind::kForEach) continue;
    const std::string name = i + 1 == values.size() ? "end" : step_id(static_cast<int>(i));
    output += (output.empty() ? "\"" : ",\"") + name +
              "\":" + std::to_string(values[i].v.value_or(-1));
  }
  expected.output = "{" + output + "}";
  return expected;
}

}  // namespace troupe::simulation
