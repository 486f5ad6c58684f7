#include "deploy/troupe/answers.h"

#include <unistd.h>

#include <algorithm>
#include <array>

#include "adapters/console/screen.h"
#include "deploy/troupe/await.h"
#include "deploy/troupe/output.h"
#include "runtime/json/read.h"

namespace troupe::cli {
namespace {

bool names(const std::vector<std::string>& list, std::string_view step_id) {
  const std::size_t hash = step_id.rfind('#');
  const std::string_view own = hash == std::string_view::npos ? step_id : step_id.substr(hash + 1);
  return std::any_of(list.begin(), list.end(),
                     [&](const std::string& id) { return id == step_id || id == own; });
}

/// One line from the terminal; nothing after a signal or at the end of input.
std::optional<std::string> read_line(Mailbox& mailbox, bool* interrupted) {
  std::string line;
  while (true) {
    const Mailbox::Woke woke = mailbox.wait(-1, true);
    if (woke == Mailbox::Woke::kSignal) {
      *interrupted = true;
      return std::nullopt;
    }
    if (woke != Mailbox::Woke::kInput) continue;
    std::array<char, 4096> part;
    const ssize_t count = ::read(STDIN_FILENO, part.data(), part.size());
    if (count <= 0) return std::nullopt;
    line.append(part.data(), static_cast<std::size_t>(count));
    if (line.back() == '\n') break;
  }
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r' || line.back() == ' ')) {
    line.pop_back();
  }
  return line;
}

std::string lines_of(std::string_view json) {
  std::string out;
  const std::string text = json::pretty(json);
  for (std::size_t start = 0; start <= text.size();) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    out += "  " + console::clean(text.substr(start, end - start)) + "\n";
    start = end + 1;
  }
  return out;
}

void show_task(const store::TaskRow& task) {
  std::string text = "\n" + console::clean(task.step_id) + " needs a decision";
  if (!task.task_type.empty()) text += " (" + console::clean(task.task_type) + ")";
  note(text + ":");
  if (!task.payload.empty()) note(lines_of(task.payload));
  if (!task.form.empty()) note("The answer must fit:\n" + lines_of(task.form));
}

}  // namespace

std::optional<bool> decided(const Decisions& decisions, std::string_view step_id) {
  if (names(decisions.approve, step_id)) return true;
  if (names(decisions.reject, step_id)) return false;
  return std::nullopt;
}

Asked ask_person(Engine& engine,
                 const store::TenantScope& scope,
                 const store::TaskRow& task,
                 Mailbox& mailbox) {
  show_task(task);
  const std::string hint = task.form.empty() ? "" : ", or approve with a JSON object";
  while (true) {
    console::write_all(STDERR_FILENO, "Approve? [y]es, [n]o, [l]ater" + hint + ": ");
    bool interrupted = false;
    const std::optional<std::string> line = read_line(mailbox, &interrupted);
    if (interrupted) return Asked::kInterrupted;
    if (!line || *line == "l" || *line == "later") return Asked::kLater;
    TaskAnswer answer;
    answer.run = task.run;
    answer.task = task.id.to_string();
    answer.by = "terminal";
    if (!line->empty() && line->front() == '{') {
      Result<json::Text> fields = json::Text::parse(*line);
      if (!fields) {
        note(fields.error().message);
        continue;
      }
      answer.approved = true;
      answer.result = *fields;
    } else if (*line == "y" || *line == "yes") {
      answer.approved = true;
    } else if (*line != "n" && *line != "no") {
      continue;
    }
    const Result<TaskDecided> done = await<TaskDecided>(
        [&](auto reply) { engine.complete_task(scope, answer, std::move(reply)); });
    if (done || done.error().code == Code::kTaskCompleted) return Asked::kAnswered;
    fail(done.error());
    if (done.error().code != Code::kAnswerInvalid) return Asked::kLater;
  }
}

}  // namespace troupe::cli
