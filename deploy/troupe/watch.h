#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "adapters/console/run_view.h"
#include "adapters/console/screen.h"
#include "deploy/troupe/answers.h"
#include "deploy/troupe/node_setup.h"
#include "deploy/troupe/output.h"

namespace troupe::cli {

/// How a watched run was left.
enum class Ending { kCompleted, kFailed, kStopped, kWaitingForHuman, kQuarantined, kInterrupted };

/// Follows one run of the embedded node to its end: shows it, answers its human tasks from the
/// command line or by asking, and leaves when only a human could move it on and none is there. Made
/// and used by the main thread of a command.
class Watch {
 public:
  Watch(LocalNode& node,
        Mailbox& mailbox,
        RunId run,
        std::string title,
        std::vector<console::StepOutline> steps,
        Decisions decisions,
        bool quiet);

  /// An error is one of the engine, not of the run.
  Result<Ending> follow();
  /// The error of a failed run, for people; the steps that wait, for one that waits.
  std::string detail() const;

 private:
  void request_page();
  void take_page(const FeedPage& page);
  void note_task(std::string_view event);
  Result<std::optional<Ending>> act();
  Status answer_tasks(bool* interrupted);
  Status answer(const std::string& task, const std::string& step, bool approved);
  Status ask(const std::string& task, bool* interrupted);
  Result<std::optional<Ending>> look_at_pause();
  void draw();

  LocalNode& node_;
  Mailbox& mailbox_;
  const RunId run_;
  const Decisions decisions_;
  const bool quiet_;
  console::RunView view_;
  console::Style style_;
  bool live_ = false;
  console::Screen screen_;
  unsigned frame_ = 0;
  std::unique_ptr<Feed> feed_;
  std::map<std::string, std::string> open_tasks_;  ///< task id → step id
  std::set<std::string> put_off_;                  ///< tasks that the person wants to decide later
  bool page_taken_ = false;
  std::optional<Error> error_;
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);  ///< ends with this, for posted work
  bool ended_ = false;
};

/// The steps of a graph, for the tree.
std::vector<console::StepOutline> outline_of(std::string_view graph);

}  // namespace troupe::cli
