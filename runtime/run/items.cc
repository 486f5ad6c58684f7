#include <algorithm>

#include "runtime/json/read.h"
#include "runtime/json/write.h"
#include "runtime/run/shown.h"
#include "runtime/run/view.h"

// Results of a for_each, item by item: some still in memory, the others in stored chunks of 1,024.

namespace troupe::run {
namespace {

/// Collects entries in order up to one more than the page holds, which tells whether there are
/// more.
struct ItemPage {
  std::int64_t after = -1;
  std::size_t limit = 0;
  std::vector<std::pair<std::int64_t, std::string>> entries;

  bool full() const { return entries.size() > limit; }
  void add(std::int64_t index, std::string_view entry) {
    if (index > after && !full()) entries.emplace_back(index, entry);
  }
};

Status add_sealed(ItemPage& page, const PayloadRef& ref, const PayloadSource& payloads) {
  const Result<json::Text> chunk = payloads(ref);
  if (!chunk.ok()) return chunk.error();
  bool damaged = false;
  json::for_each_element(chunk->view(), [&](std::string_view entry) {
    const auto index = json::member(entry, "index");
    const auto number = index ? json::as_int(*index) : std::nullopt;
    damaged = !number.has_value();
    if (!damaged) page.add(*number, entry);
    return !damaged && !page.full();
  });
  if (damaged) return {Code::kCorrupt, "A chunk of loop results is damaged."};
  return ok();
}

/// Chunks that may hold something. A loop of many items that has just begun has hardly any, and a
/// reader must not pay for those to come.
std::uint64_t chunks_of(const Loop& loop) {
  const std::uint64_t open = loop.open.empty() ? 0 : std::uint64_t{loop.open.rbegin()->first} + 1;
  return std::max<std::uint64_t>(loop.chunks.size(), open);
}

/// Of a group: the loop that it has done a part of.
const Loop* loop_of(const State& group) {
  const auto& steps = group.root.steps;
  return group.group.set() ? steps[group.group.step].loop.get() : nullptr;
}

Status collect_items(ItemPage& page,
                     const Loop& loop,
                     const PayloadSource& payloads,
                     const std::map<std::uint32_t, State>& cut_short) {
  const std::uint64_t groups = cut_short.empty() ? 0 : std::uint64_t{cut_short.rbegin()->first} + 1;
  const std::uint64_t chunks = std::max(chunks_of(loop), groups);
  const std::uint64_t after = static_cast<std::uint64_t>(page.after + 1);
  const std::uint64_t first = after > loop.first ? (after - loop.first) / loop.chunk_items : 0;
  for (std::uint64_t number = first; number < chunks && !page.full(); ++number) {
    if (number < loop.chunks.size() && loop.chunks[number].set()) {
      Status status = add_sealed(page, loop.chunks[number], payloads);
      if (!status.ok()) return status;
      continue;
    }
    const auto open = loop.open.find(static_cast<std::uint32_t>(number));
    if (open != loop.open.end()) {
      for (const auto& [item, entry] : open->second.entries) page.add(item, entry);
    }
    const auto group = cut_short.find(static_cast<std::uint32_t>(number));
    if (group == cut_short.end() || loop_of(group->second) == nullptr) continue;
    Status status = collect_items(page, *loop_of(group->second), payloads, {});
    if (!status.ok()) return status;
  }
  return ok();
}

/// A completed loop that never had chunks keeps its entries in its result alone.
Status add_result(ItemPage& page, const Value& result, const PayloadSource& payloads) {
  const Result<json::Text> text = text_of(result, payloads);
  if (!text.ok()) return text.error();
  std::int64_t index = 0;
  json::for_each_element(json::member(text->view(), "results").value_or("[]"),
                         [&](std::string_view entry) {
                           page.add(index++, entry);
                           return !page.full();
                         });
  return ok();
}

std::string_view inside_brackets(std::string_view array) {
  array = json::trim(array);
  return json::trim(array.substr(1, array.size() - 2));
}

}  // namespace

Result<json::Text> items_json(State& state,
                              std::string_view step_id,
                              std::int64_t after,
                              std::size_t limit,
                              const PayloadSource& payloads,
                              const std::map<std::uint32_t, State>& cut_short) {
  const auto index = state.graph->find(step_id);
  if (!index || state.graph->steps[*index].type != graph::StepType::kForEach) {
    return {Code::kNotFound, "There is no for_each step with this id."};
  }
  ItemPage page{std::max<std::int64_t>(after, -1), std::max<std::size_t>(limit, 1), {}};
  const StepState& step = state.root.steps[*index];
  Status read = ok();
  if (step.loop != nullptr) {
    read = collect_items(page, *step.loop, payloads, cut_short);
  } else if (step.status == StepStatus::kCompleted && step.result.present()) {
    read = add_result(page, step.result, payloads);
  }
  if (!read.ok()) return std::move(read).error();
  const bool more = page.full();
  if (more) page.entries.pop_back();
  json::Writer json;
  json.begin_object().key("items").begin_array();
  for (const auto& [item, entry] : page.entries) json.raw(entry);
  json.end_array().key("next");
  if (more)
    json.number(page.entries.back().first);
  else
    json.null();
  json.end_object();
  return json.take_text();
}

Result<json::Text> join_results(const StepState& step,
                                int max_parallel,
                                const std::vector<json::Text>& chunks,
                                std::size_t bytes_max) {
  TROUPE_ENSURE(step.loop != nullptr);
  const Loop& loop = *step.loop;
  json::Writer json;
  json.begin_object();
  json.member("count", loop.count).member("max_parallel", max_parallel);
  json.key("results").begin_array();
  const std::uint64_t count = chunks_of(loop);
  std::size_t sealed = 0;
  for (std::uint64_t number = 0; number < count && json.size() <= bytes_max; ++number) {
    if (number < loop.chunks.size() && loop.chunks[number].set()) {
      if (sealed == chunks.size() || json::kind(chunks[sealed].view()) != json::Kind::kArray) {
        return {Code::kCorrupt, "A chunk of loop results is missing."};
      }
      const std::string_view entries = inside_brackets(chunks[sealed++].view());
      if (!entries.empty()) json.raw(entries);
      continue;
    }
    const auto open = loop.open.find(static_cast<std::uint32_t>(number));
    if (open == loop.open.end()) continue;
    for (const auto& [item, entry] : open->second.entries) json.raw(entry);
  }
  json.end_array().end_object();
  if (json.size() > bytes_max) {
    return {Code::kResultTooLarge, "The results of the loop are larger than they may be."};
  }
  return json.take_text();
}

}  // namespace troupe::run
