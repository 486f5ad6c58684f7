#include "tests/system/cluster_effects.h"

#include <algorithm>

#include "tests/system/cluster_graphs.h"

namespace troupe::testing {
namespace {

/// `more` as in quoted(). Silence is noticed soon: what was lost on the way is no long pause.
std::string task(const std::string& id, const std::string& before, const std::string& more) {
  return quoted(",{@id@:@" + id + "@,@name@:@" + id + "@,@type@:@worker_task@,@queue@:@" +
                Effects::kQueue + "@,@task@:@count@,@args@:{@n@:@{{steps." + before +
                ".result.v}}@},@heartbeat_s@:1.5,@depends_on@:[@" + before + "@]," + more + "}");
}

}  // namespace

std::string Effects::graph() {
  return graph_with(
      lua("begin", "return {v=input.n}") +
          task(kRepeatable, "begin",
               "@effect@:@idempotent@,@retry@:{@max_attempts@:1000,@initial_ms@:50,"
               "@max_ms@:500}") +
          task(kOnce, kRepeatable, "@effect@:@once@") + "," +
          lua("end", "return {v=steps.once.result.v+1}", "@depends_on@:[@once@]"),
      "steps.end.result.v");
}

void Effects::serve(Bus& bus, const std::vector<std::string>& workspaces) {
  for (const std::string& workspace : workspaces) {
    bus.serve("troupe.v1.work." + workspace + "." + kQueue, "workers",
              [this, workspace](const std::string& body) { return act(workspace, body); });
  }
}

std::string Effects::act(const std::string& workspace, const std::string& body) {
  const Json task = parse_json(body);
  Deed deed{text_at(task, "/run_id"), text_at(task, "/step_id"), text_at(task, "/workspace"),
            workspace, text_at(task, "/args"), static_cast<int>(int_at(task, "/attempt")), 0};
  const std::lock_guard lock(mutex_);
  deed.number = ++count_;
  by_key_[text_at(task, "/idempotency_key")].push_back(deed);
  return R"({"v":)" + std::to_string(int_at(task, "/args/n") + 1) + R"(,"deed":)" +
         std::to_string(deed.number) + "}";
}

std::string Effects::fault_of(const std::string& run, const std::string& step,
                              const Json& result) const {
  if (step != kRepeatable && step != kOnce) return "";
  const Json& number = at(result, "/deed");
  if (number.is_null()) return step == kOnce ? "" : "the result of " + step + " is nobody's";
  const std::lock_guard lock(mutex_);
  const auto found = by_key_.find(run + "/" + step);
  if (found == by_key_.end()) return step + " is recorded as done and was not";
  const bool fits = std::any_of(found->second.begin(), found->second.end(), [&](const Deed& deed) {
    return Json(deed.number) == number;
  });
  return fits ? "" : "the result of " + step + " is that of another";
}

std::vector<std::string> Effects::faults(const std::set<std::string>& known) const {
  std::vector<std::string> faults;
  const std::lock_guard lock(mutex_);
  for (const auto& [key, deeds] : by_key_) {
    const auto complain = [&](const std::string& what) { faults.push_back(key + ": " + what); };
    const Deed& first = deeds.front();
    if (key != first.run + "/" + first.step) complain("the key is not that of its step");
    if (known.count(first.run) == 0) complain("was done for a run that does not exist");
    if (first.step == kOnce && deeds.size() > 1) {
      complain("may be done once and was done " + std::to_string(deeds.size()) + " times");
    }
    for (const Deed& deed : deeds) {
      if (deed.workspace != deed.heard_for) complain("was told to another workspace");
      if (deed.args != first.args) complain("was done with different arguments");
    }
  }
  return faults;
}

long long Effects::done() const {
  const std::lock_guard lock(mutex_);
  return count_;
}

long long Effects::repeated() const {
  const std::lock_guard lock(mutex_);
  return count_ - static_cast<long long>(by_key_.size());
}

}  // namespace troupe::testing
