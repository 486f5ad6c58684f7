#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "runtime/journal/frame.h"
#include "runtime/port/engine.h"
#include "runtime/run/state.h"

// What outsiders see of a run: events, context, items, logs, rows. Pure functions of state and
// records.

namespace troupe::run {

/// Brings the text of a stored body, or an error (kCorrupt, kNotFound).
using PayloadSource = std::function<Result<json::Text>(const PayloadRef&)>;

/// The events of one record, as API.md §2 shows them, with seq from `*next_seq` on. Values of 1–4
/// KiB are read through `payloads`; larger ones become {bytes, href:"/v1/runs/<run>/values/<hash
/// hex>"}.
Status expand(const graph::Graph& graph, RunId run, const Record& record, std::uint64_t* next_seq,
              const PayloadSource& payloads, std::vector<LiveEvent>& out);

/// Whether the event JSON of this seq ends the run's feed (run_completed, run_failed, run_stopped).
bool terminal(const Record& record);

/// {input, output, steps:{id:{status, reason?, input, result, error, attempts, started_at,
/// finished_at}}}. for_each results that lie in chunks are read through `payloads`.
Result<json::Text> context_json(State& state, const PayloadSource& payloads);

/// {items:[{index, result|error}], next} of a for_each step, items with index > after. `cut_short`:
/// groups of it (see groups_cut_short) by their numbers.
Result<json::Text> items_json(State& state, std::string_view step_id, std::int64_t after,
                              std::size_t limit, const PayloadSource& payloads,
                              const std::map<std::uint32_t, State>& cut_short = {});

/// Log lines of one record: {n, step_id, attempt, at, level, message} each. `before`: so many lines
/// come before the run's own.
Status log_lines(const graph::Graph& graph, const Record& record, const PayloadSource& payloads,
                 std::uint64_t before,
                 std::vector<std::pair<std::uint64_t, std::string>>& out);

/// The searchable row as of this state.
store::RunRow row_of(const State& state);

/// Rows of human tasks and event waiters that this record creates or ends; appended to the batch.
/// The state is the one after the record was applied.
void project(State& state, const Record& record, store::Batch& batch);

/// The whole result of a completed for_each from its chunks: {count, max_parallel, results:[…]}.
Result<json::Text> join_results(const StepState& step, int max_parallel,
                                const std::vector<json::Text>& chunks, std::size_t bytes_max);

}  // namespace troupe::run
