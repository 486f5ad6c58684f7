#include "runtime/run/record.h"

#include <array>

namespace troupe::run {
namespace {

constexpr std::array<std::string_view, 9> kStatusNames = {"pending", "scheduled", "running",
                                                          "waiting", "retrying",  "completed",
                                                          "failed",  "cancelled", "skipped"};
constexpr std::array<std::string_view, 7> kSkipNames = {
    "none", "condition", "step_disabled", "blocked", "rejected", "stopped", "out_of_scope"};
constexpr std::array<std::string_view, 6> kWaitNames = {"none",  "timer", "human",
                                                        "event", "child", "in_doubt"};

/// step_scheduled and step_started, unless an earlier record told them.
std::uint32_t announcing(const Attempt& attempt) { return attempt.announced ? 0 : 2; }

struct EventCount {
  std::uint32_t operator()(const record::RunCreated&) const { return 1; }
  std::uint32_t operator()(const record::RunStarted&) const { return 1; }
  std::uint32_t operator()(const record::StepStarted& r) const { return r.attempt.silent ? 0 : 2; }
  std::uint32_t operator()(const record::StepWaiting& r) const {
    if (r.attempt.silent) return 0;
    return announcing(r.attempt) + 1 + (r.kind == WaitKind::kHuman ? 1 : 0);
  }
  std::uint32_t operator()(const record::AttemptFailed& r) const {
    return r.attempt.silent ? 0 : announcing(r.attempt) + 1;
  }
  std::uint32_t operator()(const record::StepFinished& r) const {
    if (r.attempt.silent) return 0;
    return announcing(r.attempt) + (r.task_decided ? 1 : 0) + 1;
  }
  std::uint32_t operator()(const record::StepsSkipped& r) const {
    return r.silent ? 0 : static_cast<std::uint32_t>(r.paths.size());
  }
  std::uint32_t operator()(const record::LoopStarted& r) const { return r.attempt.silent ? 0 : 2; }
  std::uint32_t operator()(const record::ItemFinished&) const { return 0; }
  std::uint32_t operator()(const record::ChunkSealed&) const { return 0; }
  std::uint32_t operator()(const record::IterationFinished&) const { return 0; }
  std::uint32_t operator()(const record::RunPaused&) const { return 1; }
  std::uint32_t operator()(const record::RunResumed&) const { return 1; }
  std::uint32_t operator()(const record::RunDraining&) const { return 1; }
  std::uint32_t operator()(const record::EventStored&) const { return 0; }
  std::uint32_t operator()(const record::ChildAcknowledged&) const { return 0; }
  std::uint32_t operator()(const record::RunFinished&) const { return 1; }
  std::uint32_t operator()(const record::GroupFinished&) const { return 0; }
  std::uint32_t operator()(const record::ParentHeard&) const { return 0; }
};

}  // namespace

std::string_view name(StepStatus status) { return kStatusNames[static_cast<std::size_t>(status)]; }
std::string_view name(SkipReason reason) { return kSkipNames[static_cast<std::size_t>(reason)]; }
std::string_view name(WaitKind kind) { return kWaitNames[static_cast<std::size_t>(kind)]; }

std::uint32_t event_count(const Record& record) { return std::visit(EventCount{}, record); }

}  // namespace troupe::run
