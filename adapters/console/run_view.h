#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "runtime/base/time.h"

namespace troupe::console {

enum class StepState : std::uint8_t {
  kPending,
  kScheduled,
  kRunning,
  kWaiting,
  kRetrying,
  kCompleted,
  kFailed,
  kCancelled,
  kSkipped,
};
inline bool ended(StepState state) { return state >= StepState::kCompleted; }

/// A step as the graph declares it.
struct StepOutline {
  std::string id;
  std::string type;
};

/// One line of the tree.
struct StepRow {
  std::string id;    ///< of a body step: its id inside the body
  std::string type;  ///< empty for a body step
  StepState state = StepState::kPending;
  std::string note;  ///< why it waits, was skipped or failed
  TimePoint started, finished;
  std::uint64_t done = 0, failed = 0, total = 0;  ///< of a for_each
  std::string iteration;                          ///< of a while: the newest one
  std::vector<StepRow> body;                      ///< of a while: steps of that iteration
  std::uint64_t touched = 0;                      ///< order of the last change
};

/// What a person watching a run needs to know, folded from the run's events as API.md §2 writes
/// them. Belongs to one thread. Unknown events are skipped: a newer server may send them.
class RunView {
 public:
  RunView(std::string title, std::vector<StepOutline> steps);

  void apply(std::string_view event);

  const std::string& title() const { return title_; }
  const std::string& status() const { return status_; }  ///< "running", "paused", …
  const std::string& reason() const { return reason_; }  ///< of the pause
  const std::string& error() const { return error_; }    ///< of a failed run, for people
  const std::vector<StepRow>& steps() const { return steps_; }
  TimePoint started() const { return started_; }
  TimePoint finished() const { return finished_; }
  std::size_t steps_ended() const;

 private:
  void apply_run(std::string_view type, std::string_view data, TimePoint at);
  StepRow& row(const std::string& step_id);

  std::string title_, status_ = "queued", reason_, error_;
  TimePoint started_, finished_;
  std::vector<StepRow> steps_;
  std::unordered_map<std::string, std::size_t> by_id_;
  std::uint64_t changes_ = 0;
};

/// "code: message" of an error object, fit for one line.
std::string error_text(std::string_view error);
/// The decoded string member, or empty.
std::string text_member(std::string_view object, std::string_view key);

}  // namespace troupe::console
