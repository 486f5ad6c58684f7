#include "adapters/console/tree.h"

#include <algorithm>
#include <array>
#include <numeric>

#include "runtime/json/read.h"

namespace troupe::console {
namespace {

constexpr int kTypeWidth = 13;

struct Sign {
  std::string_view text;
  Color color;
};

Sign sign_of(StepState state, unsigned frame, const Style& style) {
  static constexpr std::array<std::string_view, 8> kTurning = {"⠋", "⠙", "⠸", "⠴",
                                                               "⠦", "⠇", "⠏", "⠛"};
  static constexpr std::array<std::string_view, 4> kAsciiTurning = {"|", "/", "-", "\\"};
  const bool u = style.unicode;
  switch (state) {
    case StepState::kPending:
      return {u ? "·" : ".", Color::kDim};
    case StepState::kScheduled:
      return {u ? "○" : "o", Color::kDim};
    case StepState::kRunning:
      return {u ? kTurning[frame % kTurning.size()] : kAsciiTurning[frame % kAsciiTurning.size()],
              Color::kBlue};
    case StepState::kWaiting:
      return {u ? "◷" : "w", Color::kYellow};
    case StepState::kRetrying:
      return {u ? "↻" : "r", Color::kYellow};
    case StepState::kCompleted:
      return {u ? "✔" : "+", Color::kGreen};
    case StepState::kFailed:
      return {u ? "✘" : "x", Color::kRed};
    case StepState::kCancelled:
      return {u ? "⊘" : "c", Color::kDim};
    case StepState::kSkipped:
      return {u ? "⤼" : "s", Color::kDim};
  }
  return {"?", Color::kNone};
}

Color color_of_status(const std::string& status) {
  if (status == "completed") return Color::kGreen;
  if (status == "failed" || status == "stopped") return Color::kRed;
  return status == "running" ? Color::kBlue : Color::kYellow;
}

std::string head(const RunView& view, TimePoint now, const Style& style) {
  Line line(style);
  line.add(clean(view.title()), Color::kBold).add("  ");
  line.add(view.status(), color_of_status(view.status()));
  if (!view.reason().empty()) line.add(" (" + view.reason() + ")", Color::kYellow);
  if (view.started().set()) {
    const TimePoint end = view.finished().set() ? view.finished() : now;
    line.add("  " + duration_text((end - view.started()).us), Color::kDim);
  }
  return line.take();
}

void add_progress(Line& line, const StepRow& row, const Style& style) {
  if (row.total == 0) return;
  const std::uint64_t seen = row.done + row.failed;
  if (!ended(row.state)) line.add(bar(style, seen, row.total, 12), Color::kBlue).add(" ");
  line.add(std::to_string(seen) + "/" + std::to_string(row.total));
  if (row.failed > 0) line.add(" " + std::to_string(row.failed) + " failed", Color::kRed);
  line.add("  ");
}

std::string step_line(const StepRow& row,
                      std::string_view branch,
                      int id_width,
                      TimePoint now,
                      unsigned frame,
                      const Style& style) {
  Line line(style);
  const Sign sign = sign_of(row.state, frame, style);
  line.add(branch, Color::kDim).add(sign.text, sign.color).add(" ");
  const int text_start = line.used();
  const bool quiet = row.state == StepState::kPending || row.state == StepState::kSkipped;
  line.add(row.id, quiet ? Color::kDim : Color::kNone).column(text_start + id_width + 2);
  if (!row.type.empty())
    line.add(row.type, Color::kDim).column(text_start + id_width + 2 + kTypeWidth);
  add_progress(line, row, style);
  if (!row.iteration.empty()) line.add("iteration " + row.iteration + "  ");
  if (!row.note.empty()) {
    line.add(row.note + "  ", row.state == StepState::kFailed ? Color::kRed : Color::kYellow);
  }
  const TimePoint end = row.finished.set() ? row.finished : now;
  const bool timed = row.started.set() && row.state != StepState::kSkipped;
  if (timed) line.add(duration_text((end - row.started).us), Color::kDim);
  return line.take();
}

/// Lower is more worth a line.
int rank(const StepRow& row) {
  switch (row.state) {
    case StepState::kRunning:
    case StepState::kWaiting:
    case StepState::kRetrying:
    case StepState::kFailed:
      return 0;
    case StepState::kScheduled:
    case StepState::kCompleted:
    case StepState::kCancelled:
      return 1;
    case StepState::kPending:
    case StepState::kSkipped:
      return 2;
  }
  return 2;
}

/// The indices of the rows to show, in the order of the graph.
std::vector<std::size_t> chosen(const std::vector<StepRow>& steps, std::size_t room) {
  std::vector<std::size_t> order(steps.size());
  std::iota(order.begin(), order.end(), 0);
  if (order.size() <= room) return order;
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    if (rank(steps[a]) != rank(steps[b])) return rank(steps[a]) < rank(steps[b]);
    return steps[a].touched > steps[b].touched;
  });
  order.resize(room);
  std::sort(order.begin(), order.end());
  return order;
}

std::string progress_line(const RunView& view, const Style& style) {
  Line line(style);
  const std::size_t ended = view.steps_ended();
  line.add(bar(style, ended, view.steps().size(), std::clamp(style.width / 3, 10, 40)),
           color_of_status(view.status()));
  line.add("  " + std::to_string(ended) + "/" + std::to_string(view.steps().size()) + " steps");
  return line.take();
}

}  // namespace

std::vector<std::string> draw(const RunView& view,
                              TimePoint now,
                              unsigned frame,
                              const Style& style) {
  std::vector<std::string> lines = {head(view, now, style)};
  // Head, progress bar, the count of what is left out, and the line where the cursor rests.
  const std::size_t room = static_cast<std::size_t>(std::max(1, style.height - 4));
  const std::vector<std::size_t> shown = chosen(view.steps(), room);
  const std::size_t hidden = view.steps().size() - shown.size();
  std::size_t spare = room - shown.size();  // Lines that are left for the bodies of loops.
  int id_width = 0;
  for (const std::size_t i : shown) id_width = std::max(id_width, width_of(view.steps()[i].id));
  id_width = std::min(id_width, std::max(8, style.width / 3));
  const std::string_view fork = style.unicode ? "├─ " : "|- ";
  const std::string_view corner = style.unicode ? "└─ " : "`- ";
  for (std::size_t n = 0; n < shown.size(); ++n) {
    const StepRow& row = view.steps()[shown[n]];
    const bool last = n + 1 == shown.size() && hidden == 0;
    lines.push_back(step_line(row, last ? corner : fork, id_width, now, frame, style));
    const std::string stem = last ? "   " : (style.unicode ? "│  " : "|  ");
    for (std::size_t b = 0; b < row.body.size() && spare > 0; ++b, --spare) {
      const std::string branch = stem + std::string(b + 1 == row.body.size() ? corner : fork);
      lines.push_back(step_line(row.body[b], branch, id_width - 3, now, frame, style));
    }
  }
  if (hidden > 0) {
    Line line(style);
    line.add(style.unicode ? "└─ … " : "`- ... ", Color::kDim);
    line.add(std::to_string(hidden) + " more steps", Color::kDim);
    lines.push_back(line.take());
  }
  lines.push_back(progress_line(view, style));
  return lines;
}

std::string plain_line(std::string_view event) {
  const std::string type = text_member(event, "event_type");
  if (type.empty() || type == "token_delta" || type == "step_progress" ||
      type == "step_scheduled") {
    return {};
  }
  const std::string_view data = json::member(event, "data").value_or("{}");
  std::string line = clean(text_member(event, "at")) + "  ";
  const std::string step = text_member(event, "step_id");
  if (!step.empty()) line += clean(step) + "  ";
  line += type == "log" ? clean(text_member(data, "message")) : clean(type);
  const std::string reason = text_member(data, "reason");
  if (!reason.empty()) line += "  " + clean(reason);
  if (const auto error = json::member(data, "error")) line += "  " + error_text(*error);
  if (const auto approved = json::member(data, "approved")) {
    line += json::truthy(*approved) ? "  approved" : "  rejected";
  }
  return line;
}

}  // namespace troupe::console
