#include "runtime/run/children.h"

#include "runtime/run/decide.h"

namespace troupe::run {

void ChildrenLetGo::note(const Record& record) {
  if (const auto* waiting = std::get_if<record::StepWaiting>(&record)) {
    if (waiting->kind == WaitKind::kChild) waited_for_[waiting->attempt.path] = waiting->child;
  } else if (const auto* failed = std::get_if<record::AttemptFailed>(&record)) {
    waited_for_.erase(failed->attempt.path);  // the child has ended, or never began
  } else if (const auto* finished = std::get_if<record::StepFinished>(&record)) {
    const auto node = waited_for_.extract(finished->attempt.path);
    const bool cut = finished->status == StepStatus::kCancelled ||
                     (finished->status == StepStatus::kFailed &&
                      finished->failure.code == Code::kTimeout);
    if (!node.empty() && cut) let_go_.push_back(node.mapped());
  }
}

}  // namespace troupe::run
