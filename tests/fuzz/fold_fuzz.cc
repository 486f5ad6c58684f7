#include <string_view>
#include <vector>

#include "runtime/base/ensure.h"
#include "runtime/run/view.h"
#include "tests/fuzz/entries.h"
#include "tests/fuzz/stored_run.h"

namespace troupe::fuzz {
namespace {

Result<json::Text> no_payload(const run::PayloadRef&) {
  return Error{Code::kNotFound, "There is no such body.", {}};
}

/// What a node does with a record that it has read and folded.
void show(run::State& state, const run::Record& record) {
  std::uint64_t seq = 1;
  std::vector<LiveEvent> events;
  const Status expanded = run::expand(*state.graph, state.id, record, &seq, no_payload, events);
  TROUPE_ENSURE(!expanded.ok() || events.size() == run::event_count(record));
  TROUPE_ENSURE(seq == events.size() + 1);
  store::Batch batch;
  run::project(state, record, batch);
}

}  // namespace

// A journal that belongs to another graph, or has holes: each record fits what is there or is
// refused, and whatever has come together can be shown and stored.
void fuzz_fold(std::string_view bytes) {
  run::State state = stored_run();
  while (!bytes.empty()) {
    const Result<run::Record> record = run::decode(&bytes);
    if (!record.ok()) break;
    const std::uint64_t records = state.records;
    const Status folded = run::fold(state, *record);
    if (!folded.ok()) {
      TROUPE_ENSURE(folded.error().code == Code::kCorrupt && state.records == records);
      break;
    }
    show(state, *record);
  }
  run::context_json(state, no_payload).ok();
  run::items_json(state, "each", -1, 100, no_payload).ok();
  run::row_of(state);
  ensure_stored_alike(state);
}

}  // namespace troupe::fuzz
