#include "runtime/journal/frame.h"
#include "runtime/run/archive.h"
#include "runtime/run/change.h"
#include "runtime/run/state.h"

// Stored form of a State: version byte, the run's own fields, its scopes step by step, CRC32C.
// Values that have a stored body go by reference. Counters are stored rather than recounted, so
// that they mean what apply() made of them.

namespace troupe::run {
namespace codec {
namespace {

constexpr std::uint8_t kVersion = 2;  // 1 while no model has been used
constexpr std::size_t kChecksumBytes = 4;
constexpr int kScopesDeepMax = 4;  // the run's steps and three loops inside each other

/// Branches of pure bodies start over after a reload, so a snapshot leaves them out.
bool restarts(const graph::Step& step) {
  const auto* loop = std::get_if<graph::ForEach>(&step.work);
  return loop != nullptr && loop->body != nullptr && pure_body(*loop->body);
}

template <class A>
void run_fields(A& a, Of<A, State>& s) {
  a.required(s.id);
  a.time(s.created, {});
  a.time(s.started, s.created);
  a.time(s.finished, s.created);
  a.optional(s.workspace);
  a.optional(s.project);
  a.optional(s.workflow);
  a.optional(s.version);
  a.optional(s.trigger_type);
  a.optional(s.external_id);
  a.optional(s.request);
  a.optional(s.status);
  a.optional(s.pause_reason);
  a.flag(s.user_paused);
  a.optional(s.bucket);
  a.optional(s.input);
  a.optional(s.output);
  a.optional(s.records);
  a.optional(s.seq);
  a.optional(s.log_lines);
  a.optional(s.retried_from);
  bool has_parent = s.parent.set();
  a.flag(has_parent);
  if (has_parent) {
    a.required(s.parent.run);
    a.required(s.parent.path);
  }
  a.flag(s.parent_acknowledged);
  a.optional(s.depth);
  a.flag(s.graceful_stop);
  a.time(s.drain_deadline, s.created);
  bool failed = s.failure.has_value();
  a.flag(failed);
  if (failed) {
    if constexpr (A::kReads) s.failure.emplace();
    a.required(*s.failure);
  }
  a.optional(s.failed_step);
  a.optional(s.overlays);
  a.optional(s.out_of_scope);
  a.optional(s.events_stored);
  a.optional(s.group);
  a.optional(s.parent_heard);
  a.optional(s.usage);
}

template <class A>
void waiting_fields(A& a, Of<A, Waiting>& w) {
  a.optional(w.kind);
  a.time(w.until, {});
  a.optional(w.task);
  a.optional(w.event);
  a.optional(w.key);
  a.optional(w.child);
}

template <class A>
void step_fields(A& a, Of<A, StepState>& s, TimePoint base) {
  a.optional(s.status);
  a.optional(s.attempts);
  a.time(s.scheduled, base);
  a.time(s.started, s.scheduled);
  a.time(s.finished, s.scheduled);
  a.optional(s.result);
  a.optional(s.input);
  a.optional(s.skip);
  a.flag(s.announced);
  a.flag(s.rejected);
  a.time(s.retry_at, s.scheduled);
  a.time(s.deadline, s.scheduled);
  bool failed = s.failure != nullptr;
  a.flag(failed);
  if (failed) {
    if constexpr (A::kReads) s.failure = std::make_unique<Failure>();
    a.required(*s.failure);
  }
  bool waits = s.waiting != nullptr;
  a.flag(waits);
  bool loops = s.loop != nullptr;
  a.flag(loops);
  if constexpr (A::kReads) {
    if (waits) s.waiting = std::make_unique<Waiting>();
    if (loops) s.loop = std::make_unique<Loop>();
  }
}

template <class A>
void loop_fields(A& a, Of<A, Loop>& l) {
  a.optional(l.count);
  a.optional(l.items);
  a.optional(l.done);
  a.optional(l.failed);
  a.optional(l.chunks);
  a.optional(l.iteration);
  a.optional(l.prev);
  a.optional(l.spread);
  a.optional(l.under_way_done);
  a.optional(l.under_way_failed);
}

constexpr auto kRunFields = [](auto& a, auto& s) { run_fields(a, s); };
constexpr auto kWaitingFields = [](auto& a, auto& w) { waiting_fields(a, w); };
constexpr auto kLoopFields = [](auto& a, auto& l) { loop_fields(a, l); };

class SnapshotWriter {
 public:
  explicit SnapshotWriter(const State& state) : state_(state) {}

  std::string write() {
    out_.byte(state_.usage.set() ? kVersion : 1);
    put_fields(out_, state_, kRunFields);
    state_.chain.encode(out_);
    out_.varint(state_.mailbox.size());
    for (const StoredEvent& event : state_.mailbox) {
      put(out_, event.number);
      put(out_, event.event);
      put(out_, event.key);
      put(out_, event.data);
    }
    scope(*state_.graph, state_.root);
    const std::uint32_t checksum = journal::crc32c(out_.bytes());
    for (std::size_t i = 0; i < kChecksumBytes; ++i) {
      out_.byte(static_cast<std::uint8_t>(checksum >> (8 * i)));
    }
    return out_.take();
  }

 private:
  void scope(const graph::Graph& graph, const Scope& scope) {
    TROUPE_ENSURE(scope.steps.size() <= graph.steps.size());
    out_.varint(scope.steps.size());
    for (std::size_t i = 0; i < scope.steps.size(); ++i) {
      const StepState& step = scope.steps[i];
      put_fields(out_, step, [&](auto& a, auto& s) { step_fields(a, s, state_.created); });
      if (step.waiting != nullptr) put_fields(out_, *step.waiting, kWaitingFields);
      if (step.loop != nullptr) loop(graph.steps[i], *step.loop);
    }
  }

  void loop(const graph::Step& step, const Loop& loop) {
    put_fields(out_, loop, kLoopFields);
    out_.varint(loop.open.size());
    for (const auto& [number, chunk] : loop.open) {
      put(out_, number);
      out_.varint(chunk.entries.size());
      for (const auto& [item, entry] : chunk.entries) {
        put(out_, item);
        put(out_, entry);
      }
    }
    put_list(out_, loop.iterations);
    const graph::Graph* body = body_of(step);
    TROUPE_ENSURE(body != nullptr);
    out_.varint(restarts(step) ? 0 : loop.active.size());
    if (!restarts(step)) {
      for (const auto& [item, branch] : loop.active) {
        put(out_, item);
        scope(*body, *branch);
      }
    }
    out_.byte(loop.body != nullptr ? 1 : 0);
    if (loop.body != nullptr) scope(*body, *loop.body);
  }

  const State& state_;
  ByteWriter out_;
};

class SnapshotReader {
 public:
  explicit SnapshotReader(std::string_view bytes) : input_(bytes) {}

  Result<State> read() {
    if (const std::uint8_t version = input_.in.byte(); version == 0 || version > kVersion) {
      return {Code::kUnavailable, "A snapshot was written by a newer version of Troupe."};
    }
    State state;
    get_fields(input_, state, kRunFields);
    base_ = state.created;
    state.chain = journal::Chain::decode(input_.in);
    const std::uint64_t events = input_.in.varint();
    for (std::uint64_t i = 0; i < events && !input_.failed(); ++i) {
      StoredEvent& event = state.mailbox.emplace_back();
      get(input_, event.number);
      get(input_, event.event);
      get(input_, event.key);
      get(input_, event.data);
    }
    scope(state.root, 1);
    if (input_.newer && !input_.damaged && !input_.in.failed()) {
      return {Code::kUnavailable, "A snapshot was written by a newer version of Troupe."};
    }
    if (input_.failed() || !input_.in.at_end()) return {Code::kCorrupt, "A snapshot is damaged."};
    return state;
  }

 private:
  void scope(Scope& scope, int depth) {
    if (depth > kScopesDeepMax) {
      input_.damaged = true;
      return;
    }
    const std::uint64_t count = input_.in.varint();
    for (std::uint64_t i = 0; i < count && !input_.failed(); ++i) {
      StepState& step = scope.steps.emplace_back();
      get_fields(input_, step, [&](auto& a, auto& s) { step_fields(a, s, base_); });
      if (step.waiting != nullptr) get_fields(input_, *step.waiting, kWaitingFields);
      if (step.loop != nullptr) loop(*step.loop, depth);
    }
  }

  void loop(Loop& loop, int depth) {
    get_fields(input_, loop, kLoopFields);
    const std::uint64_t chunks = input_.in.varint();
    for (std::uint64_t i = 0; i < chunks && !input_.failed(); ++i) {
      std::uint32_t number = 0;
      get(input_, number);
      OpenChunk& chunk = loop.open[number];
      const std::uint64_t entries = input_.in.varint();
      for (std::uint64_t k = 0; k < entries && !input_.failed(); ++k) {
        std::uint32_t item = 0;
        get(input_, item);
        get(input_, chunk.entries[item]);
      }
    }
    get_list(input_, loop.iterations);
    const std::uint64_t branches = input_.in.varint();
    for (std::uint64_t i = 0; i < branches && !input_.failed(); ++i) {
      std::uint32_t item = 0;
      get(input_, item);
      std::unique_ptr<Scope>& branch = loop.active[item];
      branch = std::make_unique<Scope>();
      scope(*branch, depth + 1);
    }
    if (input_.in.byte() == 0) return;
    loop.body = std::make_unique<Scope>();
    scope(*loop.body, depth + 1);
  }

  Input input_;
  TimePoint base_;
};

}  // namespace
}  // namespace codec

std::string encode_snapshot(const State& state) { return codec::SnapshotWriter(state).write(); }

Result<State> decode_snapshot(std::string_view bytes) {
  if (bytes.size() <= codec::kChecksumBytes) return {Code::kCorrupt, "A snapshot is too short."};
  const std::string_view body = bytes.substr(0, bytes.size() - codec::kChecksumBytes);
  std::uint32_t checksum = 0;
  for (std::size_t i = 0; i < codec::kChecksumBytes; ++i) {
    checksum |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[body.size() + i]))
                << (8 * i);
  }
  if (journal::crc32c(body) != checksum) {
    return {Code::kCorrupt, "A snapshot does not have its checksum."};
  }
  return codec::SnapshotReader(body).read();
}

}  // namespace troupe::run
