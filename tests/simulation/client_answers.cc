// Answers to what runs wait for: tasks and events. A poll finds them, as a person does.
#include "tests/simulation/client.h"
#include "tests/simulation/model.h"

namespace troupe::simulation {

void Client::poll() {
  world_.later(milliseconds(100), [this] { poll(); });
  if (resting_ || world_.any_node() == nullptr) return;
  const auto reader = world_.disk.open_reader();
  const auto tasks = reader->tasks_pending({world_.workspace, std::nullopt}, RunId{}, {200, ""});
  if (!tasks) return world_.complain("tasks cannot be listed: " + tasks.error().message);
  for (const store::TaskRow& row : tasks->items) {
    if (tasks_in_hand_.count(row.id) > 0 || world_.chance(60)) continue;
    answer_task(row);
  }
  for (const Program& program : world_.programs) {
    for (std::size_t i = 0; i < program.nodes.size(); ++i) {
      if (program.nodes[i].kind != Kind::kEvent || program.nodes[i].lapses) continue;
      const int node = static_cast<int>(i);
      const auto waiters =
          reader->waiters({world_.workspace, std::nullopt}, event_name(program, node), "");
      if (!waiters) return world_.complain("waiters cannot be listed");
      for (const store::WaiterRow& row : *waiters) {
        if (world_.chance(50)) send_event(row.run, program.number, node);
      }
    }
  }
  for (const auto& [id, run] : world_.watch.runs()) {
    if (run.ended || world_.watch.rowless().count(id) > 0) continue;
    const auto row = reader->run_unscoped(id);
    if (!row || !*row) return world_.complain("an open run has no row: " + id.to_string());
    const bool aside = (*row)->pause_reason == store::PauseReason::kQuarantine;
    // A pause whose caller gave up may come to pass after the resume that was to follow it.
    const bool forgotten =
        world_.cluster && (*row)->pause_reason == store::PauseReason::kUser && !world_.faults;
    if ((aside || forgotten) && world_.chance(30)) revive(id);
  }
  for (std::size_t at = 0; at < starts_.size(); ++at) {
    const Start& start = starts_[at];
    if (!start.accepted || retried_.count(start.run) > 0) continue;
    const JournalWatch::Run* run = world_.watch.find(start.run);
    if (run == nullptr || !run->ended) continue;
    retried_.insert(start.run);
    if (run->status == store::RunStatus::kFailed && !start.retried && world_.chance(60)) retry(at);
  }
}

/// What a person says to a task; nothing if nobody is to answer it.
std::optional<TaskAnswer> Client::answer_to(const store::TaskRow& row) {
  TaskAnswer answer;
  answer.run = row.run;
  answer.by = "somebody";
  answer.approved = true;
  std::int64_t v = 1;
  for (const Program& program : world_.programs) {
    if (world_.workflows[static_cast<std::size_t>(program.number)] != row.workflow) continue;
    for (std::size_t i = 0; i < program.nodes.size(); ++i) {
      const Node& node = program.nodes[i];
      if (step_id(static_cast<int>(i)) != row.step_id) continue;
      if (node.kind == Kind::kHuman) {
        if (node.lapses) return std::nullopt;
        answer.approved = !node.reject;
        v = node.constant;
        continue;
      }
      // Of an effect in doubt it looks up whether it happened, and with what result.
      const JournalWatch::Run* const run = world_.watch.find(row.run);
      const auto value = expected_of(world_.programs, program.number, run->n,
                                     doubts_of(world_.watch, row.run))
                             .values[i];
      answer.approved = value && world_.books.happened(row.run, row.step_id);
      v = value.value_or(0);
    }
  }
  // The name of a step means the doubt of a later attempt, if the answer comes that late.
  const bool by_id = world_.chance(50) || row.task_type == run::name(run::WaitKind::kInDoubt);
  answer.task = by_id ? row.id.to_string() : row.step_id;
  answer.result = json::Text::trusted("{\"v\":" + std::to_string(v) + "}");
  return answer;
}

void Client::answer_task(const store::TaskRow& row) {
  const std::optional<TaskAnswer> answer = answer_to(row);
  SimNode* const node = world_.any_node();
  if (!answer || node == nullptr) return;
  tasks_in_hand_.insert(row.id);
  const TaskId id = row.id;
  node->engine().complete_task(
      world_.scope(), *answer,
      call<TaskDecided>(
          *node, "answer task of " + row.step_id,
          [this, id, run = row.run](Result<TaskDecided> decided) {
            if (!decided) {
              const Code code = decided.error().code;
              const bool known = code == Code::kTaskCompleted || code == Code::kRunEnded ||
                                 code == Code::kConflict || code == Code::kNotFound ||
                                 code == Code::kQuarantined || passing(code);
              if (!known) world_.complain("an answer was refused: " + decided.error().message);
              tasks_in_hand_.erase(id);
              return;
            }
            if (decided->task != id) world_.complain("an answer decided another task");
            if (!tasks_answered_.insert(id).second) {
              world_.complain("I4: a task was decided twice");
            }
            (void)run;
          },
          [this, id] { tasks_in_hand_.erase(id); }));
}

void Client::send_event(RunId run, int program, int step) {
  SimNode* const node = world_.any_node();
  if (node == nullptr) return;
  const Program& of = world_.programs[static_cast<std::size_t>(program)];
  const std::string event = event_name(of, step);
  if (!events_sent_.insert({run, event}).second) return;
  const std::string data =
      "{\"v\":" + std::to_string(of.nodes[static_cast<std::size_t>(step)].constant) + "}";
  node->engine().send_event(
      world_.scope(), run, event, "", json::Text::trusted(data),
      call<Unit>(
          *node, "event " + event,
          [this, run, event](Result<Unit> answer) {
            if (answer || answer.error().code == Code::kRunEnded) return;
            if (answer.error().code == Code::kQuarantined || passing(answer.error().code)) {
              events_sent_.erase({run, event});
              return;
            }
            world_.complain("an event was refused: " + answer.error().message);
          },
          [this, run, event] { events_sent_.erase({run, event}); }));
}

}  // namespace troupe::simulation
