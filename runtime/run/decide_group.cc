#include <algorithm>
#include <utility>

#include "runtime/json/read.h"
#include "runtime/run/globals.h"
#include "runtime/run/machine.h"

// A long for_each of a cluster is cut into groups of branches, each a run of its own in a slot of
// its own, so that all nodes share the work. Here are both ends: the run that counts its groups,
// and the group that does its items. The parent journals only the ends of groups. Those in flight
// are always the first `at_once` that have not ended, so that after a crash they are known without
// a record of their beginning; to start one again meets the first.

namespace troupe::run {
namespace {

/// Branches in flight of a loop are dealt out to so many groups at most.
constexpr std::uint32_t kGroupsMax = 16;
/// So many groups for each node, so that none is idle while another has its last one to do.
constexpr std::uint64_t kGroupsPerNode = 4;
/// Of what a group is started with: it travels in one message.
constexpr std::size_t kSpecBytesMax = 256 << 10;

/// Whether its branches can be done away from their run: nothing in them that people, events or
/// other runs find by the run's id.
bool may_spread(const graph::Graph& body) {
  return std::all_of(body.steps.begin(), body.steps.end(), [](const graph::Step& step) {
    switch (step.type) {
      case graph::StepType::kHumanTask:
      case graph::StepType::kWaitEvent:
      case graph::StepType::kRunWorkflow:
        return false;
      default:
        break;
    }
    if (step.effect == graph::Effect::kOnce && step.in_doubt == graph::InDoubt::kAsk) return false;
    const graph::Graph* const inner = body_of(step);
    return inner == nullptr || may_spread(*inner);
  });
}

/// The elements [first, end) of a list, as a list.
std::string part_of(std::string_view list, std::uint64_t first, std::uint64_t end) {
  std::string part = "[";
  std::uint64_t index = 0;
  json::for_each_element(list, [&](std::string_view element) {
    if (index >= first) {
      if (part.size() > 1) part += ',';
      part += element;
    }
    return ++index < end;
  });
  part += ']';
  return part;
}

/// The groups that may be in flight: the first that have not ended.
std::vector<std::uint32_t> first_open(Loop& loop) {
  const std::uint64_t groups = (loop.count + loop.chunk_items - 1) / loop.chunk_items;
  const auto ended = [&loop](std::uint64_t number) {
    return number < loop.chunks.size() && loop.chunks[number].set();
  };
  while (loop.next < groups && ended(loop.next)) ++loop.next;
  std::vector<std::uint32_t> open;
  for (std::uint64_t n = loop.next; n < groups && open.size() < loop.spread.at_once; ++n) {
    if (!ended(n)) open.push_back(static_cast<std::uint32_t>(n));
  }
  return open;
}

}  // namespace

// ---- the run that counts its groups -------------------------------------------------------------

Spread Machine::spread_of(const StepPath& path, const Located& at, std::uint64_t count) {
  const auto& work = std::get<graph::ForEach>(at.step->work);
  const auto parallel = static_cast<std::uint32_t>(work.parallel_max);
  const bool may = context_.nodes > 1 && path.top_level() && !state_.group.set() &&
                   count >= context_.limits.loop_spread_items && parallel > 1 &&
                   may_spread(*work.body);
  if (!may) return {};
  std::string spec;
  encode(Record(group_spec(path)), spec);
  if (spec.size() > kSpecBytesMax) return {};
  const std::uint64_t wanted = kGroupsPerNode * static_cast<std::uint64_t>(context_.nodes);
  const std::uint64_t items = std::clamp<std::uint64_t>(
      (count + wanted - 1) / wanted, context_.limits.group_items_min, Loop::kChunkItems);
  Spread spread;
  spread.group_items = static_cast<std::uint32_t>(items);
  spread.parallel = (parallel + kGroupsMax - 1) / kGroupsMax;
  spread.at_once = parallel / spread.parallel;
  return spread;
}

/// What all groups of a loop begin with: the run's input, and what lies before the loop.
record::RunCreated Machine::group_spec(const StepPath& path) const {
  record::RunCreated spec;
  spec.workspace = state_.workspace;
  spec.project = state_.project;
  spec.workflow = state_.workflow;
  spec.version = state_.version;
  spec.trigger_type = "for_each";
  spec.external_id = state_.external_id;
  spec.at = context_.now;
  spec.input = state_.input;
  spec.overlays = state_.overlays;
  spec.parent = {state_.id, path};
  spec.depth = state_.depth;
  spec.bucket = state_.bucket;
  const std::vector<bool> before = upstream(*state_.graph, path.step());
  for (std::uint32_t i = 0; i < before.size(); ++i) {
    if (!before[i]) continue;
    const StepState& step = state_.root.steps[i];
    Carried& carried = spec.carried.emplace_back(
        Carried{i, step.result, step.input, step.skip, step.rejected, {}, 0, {}});
    if (step.status == StepStatus::kFailed && step.failure) carried.failure = *step.failure;
    if (step.loop == nullptr || step.loop->chunks.empty()) continue;
    carried.count = step.loop->count;
    carried.chunks = step.loop->chunks;
  }
  return spec;
}

RunId Machine::group_of(const StepPath& path, std::uint32_t number) {
  return group_id(context_.hasher, state_, path, number);
}

void Machine::begin_groups(const StepPath& path) {
  const Located at = locate(state_, path);
  Loop& loop = *at.state->loop;
  if (loop.done == loop.count) return finish_for_each(path);
  if (!may_start()) return;
  for (const std::uint32_t number : first_open(loop)) {
    if (loop.groups.count(number) == 0) tell_group(path, number, Wish::kGo);
  }
}

void Machine::tell_group(const StepPath& path, std::uint32_t number, Wish wish) {
  const Located at = locate(state_, path);
  Loop& loop = *at.state->loop;
  if (wish != Wish::kStop) {
    const Tally tally(state_, path, at);
    loop.groups.try_emplace(number);
    loop.sum_groups();
  }
  command::TellGroup tell{path, number, group_of(path, number), wish, state_.records, nullptr};
  if (wish == Wish::kGo) {
    auto spec = std::make_shared<record::RunCreated>(group_spec(path));
    spec->group.step = path.step();
    spec->group.number = number;
    spec->group.first = std::uint64_t{number} * loop.chunk_items;
    spec->group.end = std::min(spec->group.first + loop.chunk_items, loop.count);
    spec->group.count = loop.count;
    spec->group.parallel = loop.spread.parallel;
    spec->group.items = loop.items;
    tell.spec = std::move(spec);
  }
  decision_.commands.emplace_back(std::move(tell));
}

void Machine::tell_groups(Wish wish) {
  for (std::uint32_t i = 0; i < state_.root.steps.size(); ++i) {
    const StepState& step = state_.root.steps[i];
    if (step.loop == nullptr || step.ended()) continue;
    std::vector<std::uint32_t> numbers;
    for (const auto& [number, far] : step.loop->groups) numbers.push_back(number);
    for (const std::uint32_t number : numbers) tell_group(StepPath(i), number, wish);
  }
}

/// What a crash may have kept from groups: that they are to rest, or to come to an end.
void Machine::tell_groups_again() {
  if (!draining() && !state_.user_paused) return;  // they are started again, which says all
  for (std::uint32_t i = 0; i < state_.root.steps.size(); ++i) {
    const StepState& step = state_.root.steps[i];
    if (step.status != StepStatus::kRunning || step.loop == nullptr) continue;
    if (!step.loop->spread.set()) continue;
    for (const std::uint32_t number : first_open(*step.loop)) {
      tell_group(StepPath(i), number, draining() ? Wish::kDrain : Wish::kPause);
    }
  }
}

void Machine::stop_groups(const StepPath& path, Loop& loop) {
  if (!loop.spread.set()) return;
  for (const std::uint32_t number : first_open(loop)) tell_group(path, number, Wish::kStop);
}

bool Machine::waits_for_group(const StepPath& path, RunId group) {
  if (ended()) return false;
  const Located at = locate(state_, path);
  if (!at || at.state->status != StepStatus::kRunning || at.state->loop == nullptr) return false;
  Loop& loop = *at.state->loop;
  if (!loop.spread.set()) return false;
  const std::vector<std::uint32_t> open = first_open(loop);
  return std::any_of(open.begin(), open.end(),
                     [&](std::uint32_t number) { return group_of(path, number) == group; });
}

void Machine::show_progress(const StepPath& path, const Loop& loop) {
  decision_.commands.emplace_back(command::Progress{path, loop.done + loop.under_way_done,
                                                    loop.failed + loop.under_way_failed,
                                                    loop.count});
}

Status Machine::on(const event::GroupEnded& e) {
  if (!waits_for_group(e.path, e.group)) return ok();
  if (e.status == store::RunStatus::kFailed) {
    fail(e.path, e.failure);
    return ok();
  }
  if (e.status == store::RunStatus::kStopped && !draining()) {
    fail(e.path, {Code::kChildRunFailed, "A group of the loop's items was stopped."});
    return ok();
  }
  // One that was cut short before its first item leaves nothing to be recorded.
  if (!e.ref.set()) return on(event::GroupGone{e.path, e.number, e.group});
  record::GroupFinished finished;
  finished.loop = e.path;
  finished.number = e.number;
  finished.ref = e.ref;
  finished.done = e.done;
  finished.failed = e.failed;
  finished.run = e.group;
  finished.log_lines = e.log_lines;
  finished.usage = e.usage;
  finished.first_log = e.log_lines > 0 ? state_.log_lines + 1 : 0;
  emit(std::move(finished));
  const Loop& loop = *locate(state_, e.path).state->loop;
  show_progress(e.path, loop);
  if (loop.result_bytes > context_.limits.loop_result_bytes_max) {
    fail_for_good(
        e.path, {Code::kResultTooLarge, "The results of the items are over the limit of a loop."});
    return ok();
  }
  begin_groups(e.path);
  return ok();
}

Status Machine::on(const event::GroupGone& e) {
  if (!waits_for_group(e.path, e.group)) return ok();
  const Located at = locate(state_, e.path);
  {
    const Tally tally(state_, e.path, at);
    at.state->loop->groups.erase(e.number);
    at.state->loop->sum_groups();
  }
  begin_groups(e.path);
  return ok();
}

Status Machine::on(const event::GroupProgress& e) {
  if (!waits_for_group(e.path, e.group)) return ok();
  Loop& loop = *locate(state_, e.path).state->loop;
  const auto found = loop.groups.find(e.number);
  if (found == loop.groups.end()) return ok();
  found->second = {e.done, e.failed};
  loop.sum_groups();
  show_progress(e.path, loop);
  return ok();
}

std::map<std::uint32_t, RunId> groups_cut_short(const Hasher& hasher, State& state,
                                                std::string_view step_id) {
  std::map<std::uint32_t, RunId> groups;
  const auto index = state.graph->find(step_id);
  if (!index) return groups;
  const StepState& step = state.root.steps[*index];
  if (step.loop == nullptr || !step.loop->spread.set()) return groups;
  if (step.status == StepStatus::kCompleted) return groups;
  if (!step.ended() && !store::ended(state.status)) return groups;
  const Loop& loop = *step.loop;
  for (std::uint32_t number = 0; std::uint64_t{number} * loop.chunk_items < loop.count; ++number) {
    if (groups.size() == loop.spread.at_once) break;  // no more were in flight
    if (number < loop.chunks.size() && loop.chunks[number].set()) continue;
    groups.emplace(number, group_id(hasher, state, StepPath(*index), number));
  }
  return groups;
}

// ---- the group ----------------------------------------------------------------------------------

Status Machine::on(const event::ParentWaits&) {
  if (ended() || !state_.group.set() || state_.started.set()) return ok();
  emit(record::RunStarted{context_.now});
  look_everywhere();
  return ok();
}

Status Machine::on(const event::ParentWishes& e) {
  if (ended()) return {Code::kRunEnded, "The run has ended."};
  // What it says was overtaken by what the parent wished later.
  if (!state_.group.set() || e.version < state_.parent_heard) return ok();
  if (e.version > state_.parent_heard) emit(record::ParentHeard{e.version});
  switch (e.wish) {
    case Wish::kGo: return draining() ? ok() : on(event::ResumeAsked{});
    case Wish::kPause: return draining() ? ok() : on(event::PauseAsked{});
    case Wish::kDrain: return on(event::StopAsked{true});
    case Wish::kStop: return on(event::StopAsked{false});
  }
  return ok();
}

void Machine::begin_group(const StepPath& path, const Located& at) {
  record::LoopStarted started;
  started.count = state_.group.count;
  const json::Text& items = state_.group.items.text;
  if (!items.empty()) {
    started.items = value(part_of(items.view(), state_.group.first, state_.group.end));
  }
  started.attempt = attempt_of(path, at);
  started.attempt.finished = {};
  emit_at(path, std::move(started));
  begin_branches(path);
}

/// What the parent is told: how many items are done, and where their results are; of a group that
/// was cut short, those that it has.
event::GroupEnded Machine::group_end() {
  event::GroupEnded end;
  end.path = state_.parent.path;
  end.number = state_.group.number;
  end.group = state_.id;
  end.status = state_.status;
  end.log_lines = state_.log_lines;
  end.usage = state_.usage;
  if (state_.failure) end.failure = *state_.failure;
  const Loop* const loop = state_.root.steps[state_.group.step].loop.get();
  if (loop == nullptr) return end;
  end.done = loop->done;
  end.failed = loop->failed;
  if (!loop->chunks.empty()) {
    end.ref = loop->chunks.front();
  } else if (!loop->open.empty()) {
    end.ref = store_chunk(loop->open.begin()->second);
  }
  return end;
}

}  // namespace troupe::run
