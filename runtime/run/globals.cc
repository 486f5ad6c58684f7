#include "runtime/run/globals.h"

#include <vector>

#include "runtime/json/write.h"
#include "runtime/run/result_json.h"

namespace troupe::run {

std::vector<bool> upstream(const graph::Graph& graph, std::uint32_t step) {
  std::vector<bool> before(graph.steps.size());
  std::vector<std::uint32_t> open{step};
  while (!open.empty()) {
    const std::uint32_t at = open.back();
    open.pop_back();
    for (const std::uint32_t dependency : graph.steps[at].depends_on) {
      if (before[dependency]) continue;
      before[dependency] = true;
      open.push_back(dependency);
    }
  }
  return before;
}

namespace {

class Collector {
 public:
  Collector(const Surroundings& around, bool test) : around_(around), test_(test) {}

  Globals collect(const graph::ScriptUse& use) {
    out_.begin_object();
    if (use.input) out_.member_raw("input", around_.input());
    if (use.all_steps || !use.steps.empty()) steps(use);
    if (use.body && around_.body() != nullptr) body();
    std::string storage;
    if (around_.nearest_for_each()) {
      if (use.item) out_.member_raw("item", around_.item(&storage));
      if (use.index) out_.member("index", around_.nearest_for_each().item);
    }
    if (use.loop && around_.nearest()) loop();
    if (use.run) {
      out_.key("run").begin_object();
      out_.member("id", shown_id(around_.state()).to_string());
      out_.member("external_id", around_.state().external_id);
      out_.end_object();
    }
    out_.end_object();
    globals_.json = out_.take();
    return std::move(globals_);
  }

 private:
  void steps(const graph::ScriptUse& use) {
    out_.key("steps").begin_object();
    const graph::Graph& graph = *around_.state().graph;
    if (use.all_steps) {
      const std::vector<bool> before = upstream(graph, around_.path().part[0]);
      for (std::uint32_t i = 0; i < before.size(); ++i) {
        if (before[i]) step(graph.steps[i]);
      }
    } else {
      // The parser kept only ids that come before this step.
      for (const std::string& id : use.steps) {
        if (const auto index = graph.find(id)) step(graph.steps[*index]);
      }
    }
    out_.end_object();
  }

  void step(const graph::Step& step) {
    const StepState& state = around_.state().root.steps[step.index];
    if (chunks_absent(state)) {
      globals_.absent_loop = step.index;
      return;
    }
    std::string storage;
    std::string_view result = visible_result(state, &storage);
    if (state.loop != nullptr && !state.loop->joined.empty()) result = state.loop->joined.view();
    if (result.empty()) return;
    out_.key(step.id).begin_object().member_raw("result", result);
    if (!state.input.text.empty()) out_.member_raw("input", state.input.text.view());
    out_.end_object();
  }

  void body() {
    const graph::Graph& graph = *around_.body();
    std::vector<bool> before;
    if (!test_) before = upstream(graph, around_.path().step());
    out_.key("body").begin_object();
    for (std::uint32_t i = 0; i < graph.steps.size(); ++i) {
      if (!test_ && !before[i]) continue;
      std::string storage;
      const std::string_view result = visible_result(around_.body_scope()->steps[i], &storage);
      if (!result.empty()) out_.member_raw(graph.steps[i].id, result);
    }
    out_.end_object();
  }

  void loop() {
    const Around& nearest = around_.nearest();
    out_.key("loop").begin_object();
    if (nearest.for_each) {
      std::string storage;
      out_.member("index", nearest.item);
      out_.member_raw("item", around_.item(&storage));
      out_.member("count", nearest.loop->count);
    } else {
      out_.member("iteration", nearest.item);
      const json::Text& prev = nearest.loop->prev.text;
      out_.member_raw("prev", prev.empty() ? std::string_view("null") : prev.view());
    }
    out_.end_object();
  }

  const Surroundings& around_;
  const bool test_;
  json::Writer out_;
  Globals globals_;
};

}  // namespace

Globals script_globals(const Surroundings& around, const graph::ScriptUse& use, bool test) {
  return Collector(around, test).collect(use);
}

}  // namespace troupe::run
