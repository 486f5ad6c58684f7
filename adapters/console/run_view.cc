#include "adapters/console/run_view.h"

#include <algorithm>

#include "adapters/console/style.h"
#include "runtime/json/read.h"

namespace troupe::console {
namespace {

std::uint64_t count_member(std::string_view object, std::string_view key) {
  const auto value = json::member(object, key);
  const auto number = value ? json::as_int(*value) : std::nullopt;
  return number && *number > 0 ? static_cast<std::uint64_t>(*number) : 0;
}

void complete(StepRow& row, std::string_view data, TimePoint at) {
  const auto skipped = json::member(data, "skipped");
  row.state = skipped && json::truthy(*skipped) ? StepState::kSkipped : StepState::kCompleted;
  row.note = row.state == StepState::kSkipped ? clean(text_member(data, "reason")) : "";
  row.finished = at;
  if (row.total > 0 && row.state == StepState::kCompleted) row.done = row.total - row.failed;
}

void wait(StepRow& row, std::string_view data) {
  row.state = StepState::kWaiting;
  const std::string until = text_member(data, "until");
  row.note = "waits for " + clean(text_member(data, "reason"));
  if (!until.empty()) row.note += " until " + clean(until);
}

/// What a step's event does to its row. False: this type is not about the state of a step.
bool apply_step(StepRow& row, std::string_view type, std::string_view data, TimePoint at) {
  if (type == "step_scheduled") {
    row.state = StepState::kScheduled;
  } else if (type == "step_started") {
    row.state = StepState::kRunning;
    row.note.clear();
    if (!row.started.set()) row.started = at;
  } else if (type == "step_waiting") {
    wait(row, data);
  } else if (type == "human_task_created") {
    row.state = StepState::kWaiting;
    row.note = "waits for a human";
  } else if (type == "human_task_completed") {
    const auto approved = json::member(data, "approved");
    row.note = approved && json::truthy(*approved) ? "approved" : "rejected";
  } else if (type == "step_retrying") {
    row.state = StepState::kRetrying;
    row.note = error_text(json::member(data, "error").value_or(""));
  } else if (type == "step_progress") {
    row.done = count_member(data, "done");
    row.failed = count_member(data, "failed");
    row.total = count_member(data, "total");
    if (!ended(row.state)) row.state = StepState::kRunning;
  } else if (type == "step_completed") {
    complete(row, data, at);
  } else if (type == "step_failed") {
    row.state = StepState::kFailed;
    row.note = error_text(json::member(data, "error").value_or(""));
    row.finished = at;
  } else if (type == "step_cancelled") {
    row.state = StepState::kCancelled;
    row.note = clean(text_member(data, "reason"));
    row.finished = at;
  } else {
    return false;
  }
  return true;
}

}  // namespace

std::string text_member(std::string_view object, std::string_view key) {
  const auto value = json::member(object, key);
  return value ? json::decode_string(*value) : std::string();
}

std::string error_text(std::string_view error) {
  if (error.empty()) return {};
  const std::string code = text_member(error, "code");
  const std::string message = text_member(error, "message");
  if (message.empty()) return clean(code);
  return clean(code.empty() ? message : code + ": " + message);
}

RunView::RunView(std::string title, std::vector<StepOutline> steps) : title_(std::move(title)) {
  steps_.reserve(steps.size());
  for (StepOutline& step : steps) {
    by_id_.emplace(step.id, steps_.size());
    StepRow row;
    row.id = std::move(step.id);
    row.type = std::move(step.type);
    steps_.push_back(std::move(row));
  }
}

/// The row of a step, or of a body step `<while>#<iteration>#<inner>`: only the newest iteration
/// shows.
StepRow& RunView::row(const std::string& step_id) {
  const std::size_t hash = step_id.find('#');
  const std::string outer = step_id.substr(0, hash);
  const auto [found, added] = by_id_.emplace(outer, steps_.size());
  if (added) {
    steps_.emplace_back();
    steps_.back().id = clean(outer);
  }
  StepRow& parent = steps_[found->second];
  parent.touched = ++changes_;
  if (hash == std::string::npos) return parent;
  const std::size_t second = step_id.find('#', hash + 1);
  const std::string iteration = step_id.substr(hash + 1, second - hash - 1);
  const std::string inner =
      second == std::string::npos ? std::string() : clean(step_id.substr(second + 1));
  if (parent.iteration != iteration) {
    parent.iteration = clean(iteration);
    parent.body.clear();
  }
  for (StepRow& row : parent.body) {
    if (row.id == inner) return row;
  }
  parent.body.emplace_back();
  parent.body.back().id = inner;
  return parent.body.back();
}

void RunView::apply_run(std::string_view type, std::string_view data, TimePoint at) {
  if (type == "run_created") {
    started_ = at;
  } else if (type == "run_started" || type == "run_resumed") {
    status_ = "running";
    reason_.clear();
  } else if (type == "run_paused") {
    status_ = "paused";
    reason_ = clean(text_member(data, "reason"));
  } else if (type == "run_draining") {
    status_ = "draining";
  } else if (type == "run_completed" || type == "run_failed" || type == "run_stopped") {
    status_ = std::string(type.substr(4));
    reason_.clear();
    finished_ = at;
    if (const auto error = json::member(data, "error")) error_ = error_text(*error);
  }
}

void RunView::apply(std::string_view event) {
  const std::string type = text_member(event, "event_type");
  const std::string_view data = json::member(event, "data").value_or("{}");
  const TimePoint at = parse_rfc3339(text_member(event, "at")).value_or(TimePoint{});
  if (type.rfind("run_", 0) == 0) return apply_run(type, data, at);
  const std::string step = text_member(event, "step_id");
  if (!step.empty()) apply_step(row(step), type, data, at);
}

std::size_t RunView::steps_ended() const {
  return static_cast<std::size_t>(std::count_if(
      steps_.begin(), steps_.end(), [](const StepRow& row) { return ended(row.state); }));
}

}  // namespace troupe::console
