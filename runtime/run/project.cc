#include "runtime/json/read.h"
#include "runtime/json/write.h"
#include "runtime/run/view.h"

namespace troupe::run {
namespace {

std::string text_or_null(std::optional<std::string_view> text) {
  return text && !text->empty() ? std::string(*text) : "null";
}

/// Rows that other runs and people find this run's waits by.
class Projection {
 public:
  Projection(State& state, store::Batch& batch) : state_(state), batch_(batch) {}

  void operator()(const record::StepWaiting& r) {
    if (r.kind == WaitKind::kHuman || r.kind == WaitKind::kInDoubt) {
      store::TaskRow row = task(r.attempt.path, r.task, r.attempt.input);
      row.created = r.attempt.started.set() ? r.attempt.started : r.attempt.scheduled;
      row.expires = r.until;
      batch_.tasks.push_back(std::move(row));
    }
    if (r.kind == WaitKind::kEvent) waiter(r.attempt.path, r.event, r.key, true);
  }
  void operator()(const record::AttemptFailed& r) {
    end_waiter(r.attempt);
    if (!r.task.set()) return;
    store::TaskRow row = task(r.attempt.path, r.task, r.attempt.input);
    row.pending = false;
    // Of an effect in doubt a person may say that it did not happen: then it is tried again.
    const bool denied = r.failure.code == Code::kInDoubt;
    row.decision = denied ? R"({"approved":false})" : R"({"cancelled":true})";
    batch_.tasks.push_back(std::move(row));
  }
  void operator()(const record::StepFinished& r) {
    end_waiter(r.attempt);
    const TaskId id = r.task.set() ? r.task : waiting_task(r.attempt.path);
    if (id.set()) end_task(r, id);
  }
  void operator()(const record::StepsSkipped& r) {
    for (const StepPath& path : r.paths) {
      const TaskId id = waiting_task(path);
      if (id.set()) {
        store::TaskRow row = task(path, id, {});
        row.pending = false;
        row.decision = R"({"cancelled":true})";
        batch_.tasks.push_back(std::move(row));
      }
      const Located at = locate(state_, path);
      if (at && at.state->waiting != nullptr && at.state->waiting->kind == WaitKind::kEvent) {
        waiter(path, at.state->waiting->event, at.state->waiting->key, false);
      }
    }
  }
  template <class Other>
  void operator()(const Other&) {}

 private:
  /// The task that the step still waits for, if its state knows.
  TaskId waiting_task(const StepPath& path) {
    const Located at = locate(state_, path);
    return at && at.state->waiting != nullptr ? at.state->waiting->task : TaskId();
  }

  store::TaskRow task(const StepPath& path, TaskId id, const Value& announced_input) {
    const graph::Step& step = step_at(*state_.graph, path);
    store::TaskRow row;
    row.id = id;
    row.run = state_.id;
    row.workspace = state_.workspace;
    row.project = state_.project;
    row.workflow = state_.workflow;
    row.step_id = event_step_id(*state_.graph, path);
    json::Text input = announced_input.text;
    const Located at = locate(state_, path);
    if (at) {
      if (input.empty()) input = at.state->input.text;
      row.created = at.state->started.set() ? at.state->started : at.state->scheduled;
    }
    const auto* human = std::get_if<graph::HumanTask>(&step.work);
    if (human == nullptr) {
      row.task_type = name(WaitKind::kInDoubt);
      row.payload = text_or_null(input.view());
      return row;
    }
    row.task_type = human->task_type;
    row.payload = text_or_null(input.view());  // Its input is the expanded payload.
    row.form = human->form.view();
    return row;
  }

  void end_task(const record::StepFinished& r, TaskId id) {
    store::TaskRow row = task(r.attempt.path, id, r.attempt.input);
    row.pending = false;
    json::Writer json;
    json.begin_object();
    if (r.task_decided) {
      json.member("approved", r.approved).member("by", r.by);
      if (!r.result.text.empty()) json.member_raw("result", r.result.text.view());
      if (!r.comment.empty()) json.member("comment", r.comment);
    } else {
      json.member("cancelled", true);
    }
    json.end_object();
    row.decision = json.take();
    batch_.tasks.push_back(std::move(row));
  }

  void end_waiter(const Attempt& attempt) {
    const graph::Step& step = step_at(*state_.graph, attempt.path);
    const auto* wait = std::get_if<graph::WaitEvent>(&step.work);
    // A step that was announced before its end has waited; steps of branches are never announced.
    if (wait == nullptr || (!attempt.announced && !attempt.silent)) return;
    waiter(attempt.path, wait->event, "", false);
  }

  void waiter(const StepPath& path,
              const std::string& event,
              const std::string& key,
              bool waiting) {
    store::WaiterRow row;
    row.run = state_.id;
    row.step_id = event_step_id(*state_.graph, path);
    row.workspace = state_.workspace;
    row.project = state_.project;
    row.event = event;
    row.key = key;
    row.waiting = waiting;
    batch_.waiters.push_back(std::move(row));
  }

  State& state_;
  store::Batch& batch_;
};

}  // namespace

void project(State& state, const Record& record, store::Batch& batch) {
  std::visit(Projection(state, batch), record);
}

}  // namespace troupe::run
