#include <array>

#include "runtime/run/archive.h"
#include "runtime/run/record.h"

// Stored form of a record: type byte, version byte, mask of the fields that are there, the fields.
// The type byte is the place of the type in Record, from 1; new types go at its end.

namespace troupe::run {
namespace codec {
namespace {

constexpr std::uint8_t kVersion = 2;

/// What a record is written as: the oldest version that knows all its fields.
template <class R>
std::uint8_t version_of(const R& record) {
  if constexpr (requires { record.usage; }) return record.usage.set() ? 2 : 1;
  return 1;
}

// The fields of an ordinary attempt come first, so that its mask is one byte.
template <class A>
void attempt_fields(A& a, Of<A, Attempt>& r) {
  a.required(r.path);
  a.time(r.scheduled, {});
  a.time(r.started, r.scheduled);
  a.time(r.finished, r.scheduled);
}
template <class A>
void rare_attempt_fields(A& a, Of<A, Attempt>& r) {
  a.flag(r.announced);
  a.flag(r.silent);
  a.optional(r.input);
  bool repeated = r.number != 1;
  a.flag(repeated);
  if (repeated) a.required(r.number);
}

template <class A>
void fields(A& a, Of<A, record::RunCreated>& r) {
  a.time(r.at, {});
  a.optional(r.workspace);
  a.optional(r.project);
  a.optional(r.workflow);
  a.optional(r.version);
  a.optional(r.trigger_type);
  a.optional(r.external_id);
  a.optional(r.request);
  a.optional(r.input);
  a.optional(r.bucket);
  a.optional(r.overlays);
  a.optional(r.out_of_scope);
  a.optional(r.retried_from);
  a.optional(r.carried);
  bool has_parent = r.parent.set();
  a.flag(has_parent);
  if (has_parent) {
    a.required(r.parent.run);
    a.required(r.parent.path);
  }
  a.optional(r.depth);
  a.optional(r.group);
}

template <class A>
void fields(A& a, Of<A, record::RunStarted>& r) {
  a.time(r.at, {});
}

template <class A>
void fields(A& a, Of<A, record::StepStarted>& r) {
  attempt_fields(a, r.attempt);
  rare_attempt_fields(a, r.attempt);
}

template <class A>
void fields(A& a, Of<A, record::StepWaiting>& r) {
  attempt_fields(a, r.attempt);
  a.optional(r.kind);
  a.time(r.until, r.attempt.scheduled);
  a.optional(r.task);
  rare_attempt_fields(a, r.attempt);
  a.optional(r.event);
  a.optional(r.key);
  a.optional(r.child);
  a.logs(r.logs, r.attempt.scheduled);
}

template <class A>
void fields(A& a, Of<A, record::AttemptFailed>& r) {
  attempt_fields(a, r.attempt);
  a.optional(r.failure);
  a.time(r.retry_at, r.attempt.scheduled);
  rare_attempt_fields(a, r.attempt);
  a.logs(r.logs, r.attempt.scheduled);
  a.optional(r.task);
  a.optional(r.usage);
}

template <class A>
void fields(A& a, Of<A, record::StepFinished>& r) {
  attempt_fields(a, r.attempt);
  a.optional(r.result);
  bool completed = r.status == StepStatus::kCompleted;
  a.flag(completed);
  if (!completed) a.required(r.status);
  rare_attempt_fields(a, r.attempt);
  a.logs(r.logs, r.attempt.scheduled);
  a.optional(r.failure);
  a.optional(r.cancel_reason);
  a.optional(r.caused_by);
  a.optional(r.task);
  a.flag(r.task_decided);
  a.flag(r.approved);
  a.optional(r.by);
  a.optional(r.comment);
  a.optional(r.consumed_event);
  a.optional(r.usage);
}

template <class A>
void fields(A& a, Of<A, record::StepsSkipped>& r) {
  a.time(r.at, {});
  a.optional(r.reason);
  a.optional(r.paths);
  a.flag(r.silent);
}

template <class A>
void fields(A& a, Of<A, record::LoopStarted>& r) {
  attempt_fields(a, r.attempt);
  a.optional(r.count);
  a.optional(r.items);
  rare_attempt_fields(a, r.attempt);
  a.optional(r.spread);
}

template <class A>
void fields(A& a, Of<A, record::ItemFinished>& r) {
  a.required(r.loop);
  a.optional(r.item);
  a.flag(r.failed);
  a.optional(r.result);
  a.optional(r.failure);
}

template <class A>
void fields(A& a, Of<A, record::ChunkSealed>& r) {
  a.required(r.loop);
  a.optional(r.chunk);
  a.optional(r.ref);
}

template <class A>
void fields(A& a, Of<A, record::IterationFinished>& r) {
  a.required(r.loop);
  a.optional(r.iteration);
  a.optional(r.results);
  a.time(r.at, {});
}

template <class A>
void fields(A& a, Of<A, record::RunPaused>& r) {
  a.time(r.at, {});
  a.optional(r.reason);
}

template <class A>
void fields(A& a, Of<A, record::RunResumed>& r) {
  a.time(r.at, {});
  a.flag(r.by_user);
}

template <class A>
void fields(A& a, Of<A, record::RunDraining>& r) {
  a.time(r.at, {});
  a.time(r.deadline, r.at);
}

template <class A>
void fields(A& a, Of<A, record::EventStored>& r) {
  a.time(r.at, {});
  a.optional(r.number);
  a.optional(r.event);
  a.optional(r.key);
  a.optional(r.data);
}

template <class A>
void fields(A& a, Of<A, record::ChildAcknowledged>& r) {
  a.time(r.at, {});
}

template <class A>
void fields(A& a, Of<A, record::RunFinished>& r) {
  a.time(r.at, {});
  a.optional(r.status);
  a.optional(r.output);
  a.optional(r.failure);
  a.optional(r.failed_step);
  a.flag(r.graceful);
}

template <class A>
void fields(A& a, Of<A, record::GroupFinished>& r) {
  a.required(r.loop);
  a.optional(r.number);
  a.optional(r.ref);
  a.optional(r.done);
  a.optional(r.failed);
  a.optional(r.run);
  a.optional(r.first_log);
  a.optional(r.log_lines);
  a.optional(r.usage);
}

template <class A>
void fields(A& a, Of<A, record::ParentHeard>& r) {
  a.optional(r.version);
}

constexpr auto kFields = [](auto& a, auto& r) { fields(a, r); };

/// A field that is zero is left out, so the decoder must begin with zeroes; these begin otherwise.
template <class T>
void clear_defaults(T&) {}
void clear_defaults(record::RunPaused& r) { r.reason = store::PauseReason::kNone; }
void clear_defaults(record::RunFinished& r) { r.status = store::RunStatus::kQueued; }

Error decode_error(const Input& input) {
  if (input.in.failed() || input.damaged || !input.newer) {
    return {Code::kCorrupt, "A journal record is damaged.", {}};
  }
  return {Code::kUnavailable, "A journal record was written by a newer version of Troupe.", {}};
}

/// Filled in place: a Record is large, and moving one costs as much as reading one.
template <std::size_t Index>
Result<Record> decode_as(Input& input) {
  Result<Record> record{Record(std::in_place_index<Index>)};
  auto& alternative = std::get<Index>(*record);
  clear_defaults(alternative);
  get_fields(input, alternative, kFields);
  if (input.failed()) return decode_error(input);
  return record;
}

using DecodeOne = Result<Record> (*)(Input&);
template <std::size_t... Index>
constexpr std::array<DecodeOne, sizeof...(Index)> make_decoders(std::index_sequence<Index...>) {
  return {&decode_as<Index>...};
}
constexpr auto kDecoders = make_decoders(std::make_index_sequence<std::variant_size_v<Record>>());

}  // namespace
}  // namespace codec

void encode(const Record& record, std::string& out) {
  ByteWriter writer(std::move(out));
  writer.byte(static_cast<std::uint8_t>(record.index() + 1));
  const auto put = [&](const auto& r) {
    writer.byte(codec::version_of(r));
    codec::put_fields(writer, r, codec::kFields);
  };
  std::visit(put, record);
  out = writer.take();
}

Result<Record> decode(std::string_view* bytes) {
  codec::Input input(*bytes);
  const std::uint8_t type = input.in.byte();
  const std::uint8_t version = input.in.byte();
  if (input.in.failed() || type == 0 || version == 0) {
    return {Code::kCorrupt, "A journal record is damaged."};
  }
  if (type > codec::kDecoders.size() || version > codec::kVersion) {
    return {Code::kUnavailable, "A journal record was written by a newer version of Troupe."};
  }
  Result<Record> record = codec::kDecoders[type - 1](input);
  if (record.ok()) bytes->remove_prefix(input.in.position());
  return record;
}

Result<std::vector<Record>> decode_all(std::string_view bytes, std::uint32_t count) {
  std::vector<Record> records;
  for (std::uint32_t i = 0; i < count; ++i) {
    Result<Record> record = decode(&bytes);
    if (!record.ok()) return std::move(record).error();
    records.push_back(*std::move(record));
  }
  if (!bytes.empty()) return {Code::kCorrupt, "Bytes follow the last record of a journal frame."};
  return records;
}

}  // namespace troupe::run
