#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/run/record.h"
#include "runtime/run/state.h"

// The JSON forms in which results and errors are kept and shown to templates and scripts.

namespace troupe::run {

/// {"code":…,"message":…}
std::string failure_json(const Failure& failure);
/// The result that a step which failed under on_error: continue has: {"error":{…}}.
std::string continued_json(const Failure& failure);
/// {"skipped":true,"reason":…}
std::string skipped_json(SkipReason reason);
/// One element of a for_each's results: {"index":…,"result":…} or {"index":…,"error":…}.
std::string item_entry(std::uint32_t item, const Failure* failure, std::string_view result);
/// What others see of an ended step: its result, or that it was skipped. A view into the step or
/// into
/// `*storage`; null as JSON where a completed step has none, empty if there is nothing to see yet.
std::string_view visible_result(const StepState& step, std::string* storage);
/// {inner id: result} of the steps of one branch or iteration.
std::string results_by_id(const graph::Graph& graph, const Scope& scope);

}  // namespace troupe::run
