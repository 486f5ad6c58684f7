#include <algorithm>
#include <utility>

#include "runtime/json/read.h"
#include "runtime/json/write.h"
#include "runtime/run/machine.h"
#include "runtime/run/result_json.h"

// for_each: branches begin lazily, at most `parallel_max` at a time and not too far ahead of the
// oldest open one, so that a loop over millions of items holds a window of them and a list of
// chunks.

namespace troupe::run {
namespace {

bool item_done(const Loop& loop, std::uint32_t item) {
  const std::uint32_t number = loop.chunk_of(item);
  if (number < loop.chunks.size() && loop.chunks[number].set()) return true;
  const auto chunk = loop.open.find(number);
  return chunk != loop.open.end() && chunk->second.entries.count(item) > 0;
}

std::string array_of(const OpenChunk& chunk) {
  std::string text = "[";
  for (const auto& [item, entry] : chunk.entries) {
    if (text.size() > 1) text += ',';
    text += entry;
  }
  text += ']';
  return text;
}

}  // namespace

/// Results of longer loops at the top are stored in chunks. Inner loops are part of one item's
/// result, which is a value anyway.
bool Machine::chunked(const StepPath& path, const Loop& loop) const {
  return path.top_level() &&
         (state_.group.set() || loop.spread.set() || loop.count > Loop::kChunkItems);
}

PayloadRef Machine::store_chunk(const OpenChunk& chunk) {
  const json::Text text = json::Text::trusted(array_of(chunk));
  const PayloadRef ref{context_.hasher.hash(text.view()), text.size()};
  decision_.payloads.push_back({ref.hash, text});
  return ref;
}

void Machine::start_roots(const graph::Graph& body, const StepPath& loop, std::uint32_t item) {
  for (const graph::Step& step : body.steps) {
    if (step.depends_on.empty()) ready_.push_back(loop.inner(item, step.index));
  }
}

void Machine::begin_for_each(const StepPath& path, const Located& at) {
  if (state_.group.set() && path.top_level()) return begin_group(path, at);
  const auto& work = std::get<graph::ForEach>(at.step->work);
  record::LoopStarted started;
  if (work.count) {
    started.count = *work.count;
  } else {
    Expanded items = expand(*work.items, Surroundings(state_, path));
    if (items.later) return;
    if (items.failure) return fail(path, *items.failure);
    const json::Kind kind = json::kind(items.text);
    started.count = json::length(items.text);
    // An empty Lua table is written as {}, and means the empty list here.
    const bool empty_table = kind == json::Kind::kObject && started.count == 0;
    if (kind != json::Kind::kArray && !empty_table) {
      return fail(path, {Code::kItemsNotList, "for_each_items is no list."});
    }
    started.items = value(std::move(items.text));
  }
  started.spread = spread_of(path, at, started.count);
  started.attempt = attempt_of(path, at);
  started.attempt.finished = {};
  emit_at(path, std::move(started));
  begin_branches(path);
}

void Machine::begin_branches(const StepPath& path) {
  const Located at = locate(state_, path);
  if (!at || at.state->status != StepStatus::kRunning || at.state->loop == nullptr) return;
  Loop& loop = *at.state->loop;
  if (loop.spread.set()) return begin_groups(path);
  if (loop.done == loop.size()) return finish_for_each(path);
  if (!may_start() || changes_ >= kChangesMax) return;
  const auto& work = std::get<graph::ForEach>(at.step->work);
  const bool part = state_.group.set() && path.top_level();
  const auto parallel =
      part ? state_.group.parallel : static_cast<std::size_t>(work.parallel_max);
  while (loop.active.size() < parallel && loop.next < loop.end) {
    const auto item = static_cast<std::uint32_t>(loop.next);
    // After a reload, items before `next` may be done or under way already.
    if (item_done(loop, item) || loop.active.count(item) > 0) {
      ++loop.next;
      continue;
    }
    const std::uint32_t oldest =
        loop.active.empty() ? item : std::min(item, loop.active.begin()->first);
    if (item - oldest >= context_.limits.loop_window_items) return;
    loop.active.emplace_hint(loop.active.end(), item,
                             std::make_unique<Scope>(make_scope(*work.body)));
    ++loop.next;
    start_roots(*work.body, path, item);
  }
}

void Machine::branch_done(const StepPath& path, std::uint32_t item) {
  const Located at = locate(state_, path);
  const graph::Graph& body = *body_of(*at.step);
  record::ItemFinished finished;
  finished.loop = path;
  finished.item = item;
  std::string storage;
  const StepState& last = at.state->loop->active.at(item)->steps[body.steps.size() - 1];
  const std::string_view result = visible_result(last, &storage);
  // Inline whatever its size: the entries of an open chunk are folded without reading the store,
  // and are stored as one body when the chunk is sealed.
  finished.result.text =
      last.result.text.empty() ? json::Text::trusted(std::string(result)) : last.result.text;
  finish_item(path, std::move(finished));
}

void Machine::branch_failed(const StepPath& step) {
  const StepPath path = step.loop();
  const std::uint32_t item = step.item();
  const Located inner = locate(state_, step);
  const Failure cause = *inner.state->failure;
  const std::string id = event_step_id(*state_.graph, step);
  const Located at = locate(state_, path);
  const auto* const work = std::get_if<graph::ForEach>(&at.step->work);
  if (work == nullptr) {
    return fail(path, {cause.code, "Step '" + inner.step->id + "' failed in iteration " +
                                       std::to_string(item) + ": " + cause.message});
  }
  cancel_scope(*inner.graph, *inner.scope, step, "failed", id);
  record::ItemFinished finished;
  finished.loop = path;
  finished.item = item;
  finished.failed = true;
  finished.failure = cause;
  finish_item(path, std::move(finished));
}

void Machine::finish_item(const StepPath& path, record::ItemFinished finished) {
  const std::uint32_t item = finished.item;
  const bool failed = finished.failed;
  const Failure cause = finished.failure;
  emit(std::move(finished));
  const Located at = locate(state_, path);
  Loop& loop = *at.state->loop;
  const auto& work = std::get<graph::ForEach>(at.step->work);
  const std::uint64_t stride = std::max<std::uint64_t>(1, loop.size() / 100);
  if (loop.done % stride == 0 || loop.done == loop.size() || failed) {
    decision_.commands.push_back(command::Progress{path, loop.done, loop.failed, loop.size()});
  }
  if (failed && !work.continue_on_item_error) {
    return fail(path, {Code::kItemFailed, "Item " + std::to_string(item) +
                                              " failed: " + std::string(info(cause.code).name) +
                                              ": " + cause.message});
  }
  if (loop.result_bytes > context_.limits.loop_result_bytes_max) {
    return fail_for_good(
        path, {Code::kResultTooLarge, "The results of the items are over the limit of a loop."});
  }
  if (chunked(path, loop)) {
    const std::uint32_t number = loop.chunk_of(item);
    const std::uint64_t before = std::uint64_t{number} * loop.chunk_items;
    const std::uint64_t size = std::min<std::uint64_t>(loop.chunk_items, loop.size() - before);
    if (const OpenChunk& chunk = loop.open[number]; chunk.entries.size() == size) {
      emit(record::ChunkSealed{path, number, store_chunk(chunk)});
    }
  }
  begin_branches(path);
}

void Machine::finish_for_each(const StepPath& path) {
  const Located at = locate(state_, path);
  const Loop& loop = *at.state->loop;
  const auto& work = std::get<graph::ForEach>(at.step->work);
  json::Writer out;
  out.begin_object();
  out.member("count", loop.count);
  out.member("max_parallel", work.parallel_max);
  if (!chunked(path, loop)) {
    std::string results = "[";
    for (const auto& [number, chunk] : loop.open) {
      const std::string part = array_of(chunk);
      if (results.size() > 1) results += ',';
      results.append(part, 1, part.size() - 2);
    }
    results += ']';
    out.member_raw("results", results);
  }
  out.end_object();
  complete(path, value(out.take()), {});
}

}  // namespace troupe::run
