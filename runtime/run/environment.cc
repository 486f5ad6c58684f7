#include "runtime/run/environment.h"

#include "runtime/json/read.h"
#include "runtime/json/write.h"
#include "runtime/run/change.h"
#include "runtime/run/result_json.h"

namespace troupe::run {
namespace {

std::optional<std::string_view> walk(std::string_view value, const std::vector<std::string>& path) {
  std::optional<std::string_view> at = json::trim(value);
  for (const std::string& segment : path) {
    at = json::child(*at, segment);
    if (!at) return std::nullopt;
  }
  return at;
}

/// Members of `overlay` win; others of `base` stay.
std::string laid_over(std::string_view base, std::string_view overlay) {
  if (json::kind(base) != json::Kind::kObject || json::kind(overlay) != json::Kind::kObject) {
    return std::string(json::kind(overlay) == json::Kind::kObject ? overlay : base);
  }
  json::Writer out;
  out.begin_object();
  json::for_each_member(base, [&](std::string_view key, std::string_view value) {
    if (!json::member(overlay, key)) out.member_raw(key, value);
    return true;
  });
  json::for_each_member(overlay, [&](std::string_view key, std::string_view value) {
    out.member_raw(key, value);
    return true;
  });
  out.end_object();
  return out.take();
}

/// Finds where each element of the items begins and ends, once per loop.
void find_spans(Loop& loop) {
  if (!loop.item_spans.empty() || loop.size() == 0) return;
  const std::string_view items = loop.items.text.view();
  loop.item_spans.reserve(loop.size());
  json::for_each_element(items, [&](std::string_view element) {
    loop.item_spans.emplace_back(static_cast<std::uint32_t>(element.data() - items.data()),
                                 static_cast<std::uint32_t>(element.size()));
    return true;
  });
}

}  // namespace

Surroundings::Surroundings(State& state, const StepPath& path) : state_(state), path_(path) {
  const graph::Graph* graph = state.graph.get();
  Scope* scope = &state.root;
  StepPath at;
  for (int i = 0; i + 2 < path.size; i += 2) {
    at.part[i] = path.part[i];
    at.size = static_cast<std::uint8_t>(i + 1);
    const graph::Step& step = graph->steps[path.part[i]];
    Loop* const loop = scope->steps[path.part[i]].loop.get();
    TROUPE_ENSURE(loop != nullptr);
    const bool for_each = std::holds_alternative<graph::ForEach>(step.work);
    nearest_ = {loop, &step, at, path.part[i + 1], for_each};
    (for_each ? for_each_ : while_) = nearest_;
    graph = body_of(step);
    scope = for_each ? loop->active.at(path.part[i + 1]).get() : loop->body.get();
    at.part[i + 1] = path.part[i + 1];
    body_ = graph;
    body_scope_ = scope;
  }
}

std::string_view Surroundings::input() const {
  const std::string_view base =
      state_.input.text.empty() ? std::string_view("{}") : state_.input.text.view();
  for (const auto& [step, overlay] : state_.overlays) {
    if (path_.size == 0 || step != path_.part[0] || overlay.text.empty()) continue;
    if (merged_input_.empty()) merged_input_ = laid_over(base, overlay.text.view());
    return merged_input_;
  }
  return base;
}

const StepState* Surroundings::top_step(std::string_view id, std::uint32_t* index) const {
  const std::optional<std::uint32_t> found = state_.graph->find(id);
  if (!found) return nullptr;
  *index = *found;
  return &state_.root.steps[*found];
}

std::string_view Surroundings::item(std::string* storage) const {
  const Around& around = for_each_;
  if (!around.loop->items.present()) return *storage = std::to_string(around.item);
  find_spans(*around.loop);
  const auto [from, size] = around.loop->item_spans[around.item - around.loop->first];
  return around.loop->items.text.view().substr(from, size);
}

bool chunks_absent(const StepState& step) {
  return step.status == StepStatus::kCompleted && step.loop != nullptr &&
         !step.loop->chunks.empty() && step.loop->joined.empty();
}

std::optional<std::string_view> RunEnvironment::find(const graph::Reference& reference,
                                                     std::string* storage) const {
  switch (reference.root) {
    case graph::Root::kInput:
      return walk(around_.input(), reference.path);
    case graph::Root::kStepResult:
    case graph::Root::kStepInput:
    case graph::Root::kStepStatus:
    case graph::Root::kStepError:
      return step_value(reference, storage);
    case graph::Root::kItem:
      if (!around_.nearest_for_each()) return std::nullopt;
      return walk(around_.item(storage), reference.path);
    case graph::Root::kIndex:
      if (!around_.nearest_for_each()) return std::nullopt;
      return *storage = std::to_string(around_.nearest_for_each().item);
    case graph::Root::kBody:
      return body_value(reference, storage);
    case graph::Root::kWhileIteration:
      if (!around_.nearest_while()) return std::nullopt;
      return *storage = std::to_string(around_.nearest_while().item);
    case graph::Root::kWhilePrev:
      return previous(reference);
    case graph::Root::kRunId:
      return *storage = json::quote(shown_id(around_.state()).to_string());
    case graph::Root::kRunExternalId:
      return *storage = json::quote(around_.state().external_id);
  }
  return std::nullopt;
}

std::optional<std::string_view> RunEnvironment::step_value(const graph::Reference& reference,
                                                           std::string* storage) const {
  std::uint32_t index = 0;
  const StepState* const step = around_.top_step(reference.step, &index);
  if (step == nullptr) return std::nullopt;
  if (reference.root == graph::Root::kStepStatus) {
    return *storage = json::quote(name(step->status));
  }
  if (reference.root == graph::Root::kStepError) {
    if (step->failure == nullptr || step->status != StepStatus::kFailed) return std::nullopt;
    return walk(*storage = failure_json(*step->failure), reference.path);
  }
  if (reference.root == graph::Root::kStepInput) {
    if (step->input.text.empty()) return std::nullopt;
    return walk(step->input.text.view(), reference.path);
  }
  if (step->loop != nullptr && !step->loop->joined.empty()) {
    return walk(step->loop->joined.view(), reference.path);
  }
  const bool asks_for_all = reference.path.empty() || reference.path[0] == "results";
  if (asks_for_all && chunks_absent(*step)) {
    absent_loop_ = index;
    return std::nullopt;
  }
  const std::string_view result = visible_result(*step, storage);
  if (result.empty()) return std::nullopt;
  return walk(result, reference.path);
}

std::optional<std::string_view> RunEnvironment::body_value(const graph::Reference& reference,
                                                           std::string* storage) const {
  if (around_.body() == nullptr) return std::nullopt;
  const std::optional<std::uint32_t> index = around_.body()->find(reference.step);
  if (!index) return std::nullopt;
  const std::string_view result =
      visible_result(around_.body_scope()->steps[*index], storage);
  if (result.empty()) return std::nullopt;
  return walk(result, reference.path);
}

std::optional<std::string_view> RunEnvironment::previous(const graph::Reference& reference) const {
  const Around& around = around_.nearest_while();
  if (!around) return std::nullopt;
  // There is nothing before the first iteration; null, so that a body need not tell it apart.
  if (!around.loop->prev.present()) return "null";
  const auto result = json::member(around.loop->prev.text.view(), reference.step);
  if (!result) return std::nullopt;
  return walk(*result, reference.path);
}

}  // namespace troupe::run
