#include "runtime/cluster/wire.h"

#include "runtime/base/bytes.h"
#include "runtime/cluster/wire_event.h"
#include "runtime/journal/row_codec.h"

namespace troupe::cluster::wire {
namespace {

constexpr std::uint8_t kVersion = 1;
enum class Answer : std::uint8_t { kMoved, kError, kValue };

Error not_understood() {
  return {Code::kUnavailable, "a message of another node is not understood", {}};
}

// ---- pieces -------------------------------------------------------------------------------------

void put_flag(ByteWriter& out, bool flag) { out.byte(flag ? 1 : 0); }

template <class T>
void put_optional(ByteWriter& out, const std::optional<T>& id) {
  put_flag(out, id.has_value());
  if (id) out.uuid(*id);
}
template <class T>
std::optional<T> get_optional(ByteReader& in) {
  if (in.byte() == 0) return std::nullopt;
  return T(in.uuid());
}

void put_scope(ByteWriter& out, const store::TenantScope& scope) {
  out.uuid(scope.workspace);
  put_optional(out, scope.project);
}
store::TenantScope get_scope(ByteReader& in) {
  store::TenantScope scope;
  scope.workspace = WorkspaceId(in.uuid());
  scope.project = get_optional<ProjectId>(in);
  return scope;
}

json::Text get_json(ByteReader& in) { return json::Text::trusted(std::string(in.text())); }

/// As many as are said to follow, while there is something to read: the number comes from outside.
template <class T, class Get>
std::vector<T> get_list(ByteReader& in, const Get& get) {
  std::vector<T> list;
  for (std::uint64_t left = in.varint(); left > 0 && !in.failed(); --left) list.push_back(get());
  return list;
}

void put_events(ByteWriter& out, const std::vector<LiveEvent>& events) {
  out.varint(events.size());
  for (const LiveEvent& event : events) {
    out.varint(event.seq);
    out.text(event.json);
  }
}
std::vector<LiveEvent> get_events(ByteReader& in) {
  return get_list<LiveEvent>(in, [&in] {
    LiveEvent event;
    event.seq = in.varint();
    event.json = in.text();
    return event;
  });
}

// ---- start requests -----------------------------------------------------------------------------

void put_digest(ByteWriter& out, const Digest& digest) {
  out.raw({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

Digest get_digest(ByteReader& in) {
  Digest digest{};
  const std::string_view bytes = in.raw(digest.size());
  std::copy(bytes.begin(), bytes.end(), digest.begin());
  return digest;
}

void put_request(ByteWriter& out, const StartRequest& request) {
  out.uuid(request.workspace);
  out.uuid(request.project);
  out.uuid(request.workflow);
  out.varint(static_cast<std::uint64_t>(request.version.value_or(0)));
  out.text(request.input.view());
  put_flag(out, request.input_given);
  put_flag(out, request.trigger_steps.has_value());
  if (request.trigger_steps) {
    out.varint(request.trigger_steps->size());
    for (const auto& [id, overlay] : *request.trigger_steps) {
      out.text(id);
      out.text(overlay.view());
    }
  }
  put_flag(out, request.excluded_step_ids.has_value());
  if (request.excluded_step_ids) {
    out.varint(request.excluded_step_ids->size());
    for (const std::string& id : *request.excluded_step_ids) out.text(id);
  }
  put_flag(out, request.use_run_setup_defaults);
  out.text(request.trigger_type);
  out.text(request.external_id);
  put_optional(out, request.run_id);
  out.text(request.idempotency_key);
  put_digest(out, request.request);
}

StartRequest get_request(ByteReader& in) {
  StartRequest request;
  request.workspace = WorkspaceId(in.uuid());
  request.project = ProjectId(in.uuid());
  request.workflow = WorkflowId(in.uuid());
  const auto version = static_cast<std::int32_t>(in.varint());
  if (version != 0) request.version = version;
  request.input = get_json(in);
  request.input_given = in.byte() != 0;
  if (in.byte() != 0) {
    using Overlay = std::pair<std::string, json::Text>;
    request.trigger_steps = get_list<Overlay>(in, [&in] {
      std::string id(in.text());
      return Overlay(std::move(id), get_json(in));
    });
  }
  if (in.byte() != 0) {
    request.excluded_step_ids =
        get_list<std::string>(in, [&in] { return std::string(in.text()); });
  }
  request.use_run_setup_defaults = in.byte() != 0;
  request.trigger_type = in.text();
  request.external_id = in.text();
  request.run_id = get_optional<RunId>(in);
  request.idempotency_key = in.text();
  request.request = get_digest(in);
  return request;
}

void put_retry(ByteWriter& out, const RetryRequest& request) {
  out.uuid(request.run);
  out.text(request.from_step);
  out.text(request.input.view());
  out.varint(static_cast<std::uint64_t>(request.version.value_or(0)));
  out.text(request.idempotency_key);
  put_digest(out, request.request);
}

RetryRequest get_retry(ByteReader& in) {
  RetryRequest request;
  request.run = RunId(in.uuid());
  request.from_step = in.text();
  request.input = get_json(in);
  const auto version = static_cast<std::int32_t>(in.varint());
  if (version != 0) request.version = version;
  request.idempotency_key = in.text();
  request.request = get_digest(in);
  return request;
}

// ---- calls --------------------------------------------------------------------------------------

struct PutCall {
  ByteWriter& out;
  void operator()(const AskCall& call) const {
    out.uuid(call.run);
    put_scope(out, call.scope);
    put_event(out, call.event);
  }
  void operator()(const LookCall& call) const {
    out.uuid(call.run);
    put_scope(out, call.scope);
    put_flag(out, call.with_state);
  }
  void operator()(const StartCall& call) const { put_request(out, call.request); }
  void operator()(const LookAroundCall&) const {}
  void operator()(const WatchCall& call) const {
    out.uuid(call.run);
    out.varint(call.viewer);
  }
  void operator()(const NewsCall& call) const {
    out.uuid(call.run);
    out.varint(call.head);
    out.varint(call.seq);
    put_flag(out, call.ended);
    put_events(out, call.live);
  }
  void operator()(const WatchScopeCall& call) const {
    out.varint(call.viewer);
    out.varint(call.watch);
    out.uuid(call.workspace);
    put_optional(out, call.project);
    put_optional(out, call.workflow);
  }
  void operator()(const ScopeNewsCall& call) const {
    out.varint(call.watch);
    put_events(out, call.events);
  }
  void operator()(const DrainCall&) const {}
  void operator()(const GroupCall& call) const {
    out.uuid(call.run);
    out.text(call.spec);
  }
  void operator()(const ChangedCall& call) const {
    out.varint(call.workflows.size());
    for (const WorkflowId workflow : call.workflows) out.uuid(workflow);
  }
  void operator()(const RetryCall& call) const {
    put_scope(out, call.scope);
    put_retry(out, call.request);
  }
};

std::optional<Call> get_call(std::size_t kind, ByteReader& in) {
  switch (kind) {
    case 0: {
      AskCall call{RunId(in.uuid()), get_scope(in), run::event::PauseAsked{}};
      auto event = get_event(in);
      if (!event) return std::nullopt;
      call.event = std::move(*event);
      return call;
    }
    case 1: {
      LookCall call{RunId(in.uuid()), get_scope(in), false};
      call.with_state = in.byte() != 0;
      return call;
    }
    case 2: return StartCall{get_request(in)};
    case 3: return LookAroundCall{};
    case 4: {
      WatchCall call{RunId(in.uuid()), 0};
      call.viewer = in.varint();
      return call;
    }
    case 5: {
      NewsCall call;
      call.run = RunId(in.uuid());
      call.head = in.varint();
      call.seq = in.varint();
      call.ended = in.byte() != 0;
      call.live = get_events(in);
      return call;
    }
    case 6: {
      WatchScopeCall call;
      call.viewer = in.varint();
      call.watch = in.varint();
      call.workspace = WorkspaceId(in.uuid());
      call.project = get_optional<ProjectId>(in);
      call.workflow = get_optional<WorkflowId>(in);
      return call;
    }
    case 7: {
      ScopeNewsCall call;
      call.watch = in.varint();
      call.events = get_events(in);
      return call;
    }
    case 8: return DrainCall{};
    case 9: {
      GroupCall call{RunId(in.uuid()), {}};
      call.spec = in.text();
      return call;
    }
    case 10: return ChangedCall{get_list<WorkflowId>(in, [&] { return WorkflowId(in.uuid()); })};
    case 11: {
      RetryCall call{get_scope(in), {}};
      call.request = get_retry(in);
      return call;
    }
    default: return std::nullopt;
  }
}

// ---- answers ------------------------------------------------------------------------------------

void put_error(ByteWriter& out, const Error& error) {
  out.text(info(error.code).name);
  // Whoever asked passes it on to a caller.
  out.text(error.told.empty() ? error.message : error.told);
  out.varint(error.issues.size());
  for (const Issue& issue : error.issues) {
    out.text(info(issue.code).name);
    out.text(issue.step);
    out.text(issue.pointer);
    out.text(issue.message);
    put_flag(out, issue.warning);
  }
}

Error get_error(ByteReader& in) {
  Error error;
  error.code = parse_code(in.text()).value_or(Code::kUnavailable);
  error.message = in.text();
  error.issues = get_list<Issue>(in, [&in] {
    Issue issue;
    issue.code = parse_code(in.text()).value_or(Code::kInternal);
    issue.step = in.text();
    issue.pointer = in.text();
    issue.message = in.text();
    issue.warning = in.byte() != 0;
    return issue;
  });
  return error;
}

void put(const Hasher& hasher, ByteWriter& out, const Answered& answer) {
  out.text(store::encode(hasher, answer.row));
  out.uuid(answer.task.task);
  put_flag(out, answer.task.approved);
  put_flag(out, answer.consumed);
}
Status get(const Hasher& hasher, ByteReader& in, Answered* answer) {
  auto row = store::decode<store::RunRow>(hasher, in.text());
  if (!row) return std::move(row).error();
  answer->row = std::move(*row);
  answer->task.task = TaskId(in.uuid());
  answer->task.approved = in.byte() != 0;
  answer->consumed = in.byte() != 0;
  return ok();
}

void put(const Hasher& hasher, ByteWriter& out, const RunLook& look) {
  out.text(store::encode(hasher, look.row));
  out.varint(look.head);
  out.varint(look.seq);
  out.text(look.snapshot);
}
Status get(const Hasher& hasher, ByteReader& in, RunLook* look) {
  auto row = store::decode<store::RunRow>(hasher, in.text());
  if (!row) return std::move(row).error();
  look->row = std::move(*row);
  look->head = in.varint();
  look->seq = in.varint();
  look->snapshot = in.text();
  return ok();
}

void put(const Hasher&, ByteWriter& out, const Started& started) {
  out.uuid(started.run);
  out.byte(static_cast<std::uint8_t>(started.status));
  out.uuid(started.workflow);
  out.varint(static_cast<std::uint64_t>(started.version));
  out.time(started.started_at);
}
Status get(const Hasher&, ByteReader& in, Started* started) {
  started->run = RunId(in.uuid());
  const std::uint8_t status = in.byte();
  if (status > static_cast<std::uint8_t>(store::RunStatus::kStopped)) return not_understood();
  started->status = static_cast<store::RunStatus>(status);
  started->workflow = WorkflowId(in.uuid());
  started->version = static_cast<std::int32_t>(in.varint());
  started->started_at = in.time();
  return ok();
}

void put(const Hasher&, ByteWriter&, const Unit&) {}
Status get(const Hasher&, ByteReader&, Unit*) { return ok(); }

template <class T>
std::string encode_answer(const Hasher& hasher, const Result<T>& answer) {
  ByteWriter out;
  out.byte(kVersion);
  out.byte(static_cast<std::uint8_t>(answer.ok() ? Answer::kValue : Answer::kError));
  if (answer.ok()) put(hasher, out, *answer);
  else put_error(out, answer.error());
  return out.take();
}

}  // namespace

std::string encode(const Call& call) {
  ByteWriter out;
  out.byte(kVersion);
  out.byte(static_cast<std::uint8_t>(call.index()));
  std::visit(PutCall{out}, call);
  return out.take();
}

Result<Call> decode(std::string_view bytes) {
  ByteReader in(bytes);
  if (in.byte() != kVersion) return not_understood();
  const std::size_t kind = in.byte();
  auto call = get_call(kind, in);
  if (!call || in.failed() || !in.at_end()) return not_understood();
  return std::move(*call);
}

std::string encode_moved() {
  return {static_cast<char>(kVersion), static_cast<char>(Answer::kMoved)};
}
std::string encode(const Hasher& hasher, const Result<Answered>& answer) {
  return encode_answer(hasher, answer);
}
std::string encode(const Hasher& hasher, const Result<RunLook>& answer) {
  return encode_answer(hasher, answer);
}
std::string encode(const Hasher& hasher, const Result<Started>& answer) {
  return encode_answer(hasher, answer);
}
std::string encode(const Hasher& hasher, const Result<Unit>& answer) {
  return encode_answer(hasher, answer);
}

template <class T>
std::optional<Result<T>> decode_answer(const Hasher& hasher, std::string_view bytes) {
  ByteReader in(bytes);
  if (in.byte() != kVersion) return Result<T>(not_understood());
  const auto answer = static_cast<Answer>(in.byte());
  if (answer == Answer::kMoved) return std::nullopt;
  if (answer == Answer::kError) {
    Error error = get_error(in);
    return Result<T>(in.failed() ? not_understood() : std::move(error));
  }
  T value;
  if (Status got = get(hasher, in, &value); !got) return Result<T>(got.error());
  if (in.failed() || answer != Answer::kValue) return Result<T>(not_understood());
  return Result<T>(std::move(value));
}

template std::optional<Result<Answered>> decode_answer(const Hasher&, std::string_view);
template std::optional<Result<RunLook>> decode_answer(const Hasher&, std::string_view);
template std::optional<Result<Started>> decode_answer(const Hasher&, std::string_view);
template std::optional<Result<Unit>> decode_answer(const Hasher&, std::string_view);

}  // namespace troupe::cluster::wire
