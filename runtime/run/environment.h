#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/graph/template.h"
#include "runtime/run/state.h"

namespace troupe::run {

/// A loop around a step, and where in it the step is.
struct Around {
  Loop* loop = nullptr;
  const graph::Step* step = nullptr;
  StepPath path;           ///< of the loop
  std::uint32_t item = 0;  ///< or iteration
  bool for_each = false;
  explicit operator bool() const { return loop != nullptr; }
};

/// The values that one step sees: input, steps before it, the loops around it. Lives for one
/// decision on the stack of whoever expands a template or collects globals.
class Surroundings {
 public:
  /// `path` is the step, or (for the test of a while) any step of its body.
  Surroundings(State& state, const StepPath& path);

  State& state() const { return state_; }
  const StepPath& path() const { return path_; }
  /// The run's input with what trigger_steps laid over it for this step.
  std::string_view input() const;
  /// A step of the run's graph by id; null if there is none.
  const StepState* top_step(std::string_view id, std::uint32_t* index) const;
  /// The nearest loop of any kind, or of one kind.
  const Around& nearest() const { return nearest_; }
  const Around& nearest_for_each() const { return for_each_; }
  const Around& nearest_while() const { return while_; }
  /// The body that the step lies in; null at the top.
  const graph::Graph* body() const { return body_; }
  const Scope* body_scope() const { return body_scope_; }
  /// The item as JSON: a view into the loop's items or into `*storage`.
  std::string_view item(std::string* storage) const;

 private:
  State& state_;
  StepPath path_;
  Around nearest_, for_each_, while_;
  const graph::Graph* body_ = nullptr;
  const Scope* body_scope_ = nullptr;
  mutable std::string merged_input_;
};

/// Whether the results of this step lie in chunks that are not in memory.
bool chunks_absent(const StepState& step);

/// graph::Environment over a run.
class RunEnvironment final : public graph::Environment {
 public:
  explicit RunEnvironment(const Surroundings& around) : around_(around) {}
  std::optional<std::string_view> find(const graph::Reference& reference,
                                       std::string* storage) const override;
  /// A for_each whose chunks have to be read before the expansion counts.
  std::optional<std::uint32_t> absent_loop() const { return absent_loop_; }

 private:
  std::optional<std::string_view> step_value(const graph::Reference& reference,
                                             std::string* storage) const;
  std::optional<std::string_view> body_value(const graph::Reference& reference,
                                             std::string* storage) const;
  std::optional<std::string_view> previous(const graph::Reference& reference) const;

  const Surroundings& around_;
  mutable std::optional<std::uint32_t> absent_loop_;
};

}  // namespace troupe::run
