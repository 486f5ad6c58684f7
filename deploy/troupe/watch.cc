#include "deploy/troupe/watch.h"

#include <unistd.h>

#include "adapters/console/tree.h"
#include "deploy/troupe/await.h"
#include "runtime/json/read.h"

namespace troupe::cli {
namespace {

constexpr int kFrameMs = 100;

}  // namespace

std::vector<console::StepOutline> outline_of(std::string_view graph) {
  std::vector<console::StepOutline> steps;
  json::for_each_element(json::member(graph, "steps").value_or("[]"), [&](std::string_view step) {
    steps.push_back({console::text_member(step, "id"), console::text_member(step, "type")});
    return true;
  });
  return steps;
}

Watch::Watch(LocalNode& node,
             Mailbox& mailbox,
             RunId run,
             std::string title,
             std::vector<console::StepOutline> steps,
             Decisions decisions,
             bool quiet)
    : node_(node),
      mailbox_(mailbox),
      run_(run),
      decisions_(std::move(decisions)),
      quiet_(quiet),
      view_(std::move(title), std::move(steps)),
      screen_(STDERR_FILENO) {
  live_ = !quiet_ && console::terminal_style(STDERR_FILENO, &style_);
}

/// One call at a time, so a run that is quicker than the terminal costs no memory here.
void Watch::request_page() {
  std::weak_ptr<int> alive = alive_;
  feed_->next([this, alive, post = mailbox_.poster()](Result<FeedPage> page) {
    auto shared = std::make_shared<Result<FeedPage>>(std::move(page));
    post([this, alive, shared] {
      if (alive.expired()) return;  // The command has left this run; the mailbox serves the next.
      if (!shared->ok()) {
        error_ = shared->error();
        return;
      }
      take_page(**shared);
      if (!ended_) request_page();
    });
  });
}

void Watch::take_page(const FeedPage& page) {
  for (const LiveEvent& event : page.events) {
    view_.apply(event.json);
    note_task(event.json);
    if (live_ || quiet_) continue;
    const std::string line = console::plain_line(event.json);
    if (!line.empty()) note(line);
  }
  page_taken_ = true;
  ended_ = page.ended;
}

void Watch::note_task(std::string_view event) {
  const std::string type = console::text_member(event, "event_type");
  const std::string step = console::text_member(event, "step_id");
  if (type == "human_task_created") {
    const auto data = json::member(event, "data");
    if (data) open_tasks_[console::text_member(*data, "task_id")] = step;
  } else if (type == "human_task_completed" || type == "step_failed" || type == "step_cancelled" ||
             type == "step_completed") {
    std::erase_if(open_tasks_, [&](const auto& entry) { return entry.second == step; });
  }
}

void Watch::draw() {
  if (!live_) return;
  console::terminal_style(STDERR_FILENO, &style_);  // The window may have changed its size.
  screen_.show(console::draw(view_, node_.clock().now(), frame_++, style_));
}

Status Watch::answer(const std::string& task, const std::string& step, bool approved) {
  TaskAnswer answer;
  answer.run = run_;
  answer.task = task;
  answer.approved = approved;
  answer.by = "command line";
  const Result<TaskDecided> done = await<TaskDecided>(
      [&](auto reply) { node_.engine().complete_task(node_.scope(), answer, std::move(reply)); });
  // Decided by somebody else meanwhile, or gone with its run: the feed tells what came of it.
  if (done || done.error().code == Code::kTaskCompleted || done.error().code == Code::kRunEnded) {
    return ok();
  }
  Error error = done.error();
  error.message = step + ": " + error.message;
  return error;
}

Status Watch::ask(const std::string& task, bool* interrupted) {
  const std::optional<Uuid> id = Uuid::parse(task);
  if (!id) return Error{Code::kInternal, "an event names no task id: " + task, {}};
  const auto row = await_read<std::optional<store::TaskRow>>(
      node_.engine(), [scope = node_.scope(), id = TaskId(*id)](store::Reader& reader) {
        return reader.task(scope, id);
      });
  if (!row) return row.error();
  if (!*row || !(*row)->pending) return ok();
  screen_.leave();
  switch (ask_person(node_.engine(), node_.scope(), **row, mailbox_)) {
    case Asked::kAnswered:
      break;
    case Asked::kLater:
      put_off_.insert(task);
      break;
    case Asked::kInterrupted:
      *interrupted = true;
      break;
  }
  return ok();
}

Status Watch::answer_tasks(bool* interrupted) {
  const std::map<std::string, std::string> tasks = open_tasks_;  // Asking runs posted work.
  for (const auto& [task, step] : tasks) {
    if (!open_tasks_.contains(task) || *interrupted) continue;
    if (const std::optional<bool> approved = decided(decisions_, step)) {
      open_tasks_.erase(task);
      if (Status status = answer(task, step, *approved); !status) return status;
    } else if (person_present() && !put_off_.contains(task)) {
      draw();
      if (Status status = ask(task, interrupted); !status) return status;
      if (!put_off_.contains(task)) open_tasks_.erase(task);
    }
  }
  return ok();
}

/// The feed may still be telling the past, so the run itself is asked whether it waits now.
Result<std::optional<Ending>> Watch::look_at_pause() {
  const Result<store::RunRow> row = await<store::RunRow>(
      [&](auto reply) { node_.engine().summary(node_.scope(), run_, std::move(reply)); });
  if (!row) return row.error();
  if (row->status != store::RunStatus::kPaused) return std::optional<Ending>();
  if (row->pause_reason == store::PauseReason::kQuarantine) {
    return std::optional(Ending::kQuarantined);
  }
  const bool wanting = row->pause_reason == store::PauseReason::kHuman && !open_tasks_.empty();
  return wanting ? std::optional(Ending::kWaitingForHuman) : std::nullopt;
}

/// What the newest page asks for.
Result<std::optional<Ending>> Watch::act() {
  if (ended_) {
    if (view_.status() == "completed") return std::optional(Ending::kCompleted);
    return std::optional(view_.status() == "stopped" ? Ending::kStopped : Ending::kFailed);
  }
  bool interrupted = false;
  if (Status status = answer_tasks(&interrupted); !status) return std::move(status).error();
  if (interrupted) return std::optional(Ending::kInterrupted);
  if (view_.status() == "paused" && (view_.reason() == "human" || view_.reason() == "quarantine")) {
    return look_at_pause();
  }
  return std::optional<Ending>();
}

Result<Ending> Watch::follow() {
  feed_ = node_.engine().open_feed({node_.scope(), run_, std::nullopt, 0});
  request_page();
  std::optional<Ending> ending;
  while (!ending) {
    const Mailbox::Woke woke =
        page_taken_ ? Mailbox::Woke::kWork : mailbox_.wait(live_ ? kFrameMs : -1);
    if (error_) return *error_;
    if (woke == Mailbox::Woke::kSignal) ending = Ending::kInterrupted;
    if (page_taken_ && !ending) {
      page_taken_ = false;
      Result<std::optional<Ending>> decided = act();
      if (!decided) return std::move(decided).error();
      ending = *decided;
    }
    draw();
  }
  screen_.leave();
  return *ending;
}

std::string Watch::detail() const {
  if (open_tasks_.empty()) return view_.error();
  std::string steps;
  for (const auto& [task, step] : open_tasks_) steps += (steps.empty() ? "" : ", ") + step;
  return steps;
}

}  // namespace troupe::cli
