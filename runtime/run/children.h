#pragma once

#include <map>
#include <vector>

#include "runtime/run/record.h"

namespace troupe::run {

/// Which child runs a run has told to stop: those whose step was cancelled or ran out of time while
/// it waited for them. A state does not know: what a loop has under way goes with the loop's end.
/// So this reads the records, from the first on. Lives on its user's stack.
class ChildrenLetGo {
 public:
  void note(const Record& record);
  /// Safe to tell again, once the run has ended.
  const std::vector<RunId>& ids() const { return let_go_; }

 private:
  std::map<StepPath, RunId> waited_for_;
  std::vector<RunId> let_go_;
};

}  // namespace troupe::run
