#include <variant>

#include "runtime/json/write.h"
#include "runtime/run/result_json.h"
#include "runtime/run/shown.h"
#include "runtime/run/view.h"

namespace troupe::run {
namespace {

/// Writes the events of one record; the first error stops what follows.
class Expander {
 public:
  Expander(const graph::Graph& graph,
           RunId run,
           std::uint64_t* next_seq,
           const PayloadSource& payloads,
           std::vector<LiveEvent>& out)
      : graph_(graph), run_(run.to_string()), next_seq_(next_seq), payloads_(payloads), out_(out) {}

  Status status = ok();

  void operator()(const record::RunCreated& r) {
    begin("run_created");
    at(r.at);
    value("input", r.input);
    json_.member("trigger_type", r.trigger_type);
    json_.member("version", r.version);
    end();
  }
  void operator()(const record::RunStarted& r) { plain("run_started", r.at); }
  void operator()(const record::StepStarted& r) {
    if (!r.attempt.silent) announce(r.attempt);
  }
  void operator()(const record::StepWaiting& r) {
    if (r.attempt.silent) return;
    if (!r.attempt.announced) announce(r.attempt);
    begin_step("step_waiting", r.attempt);
    at(first_set(r.attempt.started, r.attempt.scheduled));
    json_.member("reason", name(r.kind));
    if (r.until.set()) json_.member("until", to_rfc3339(r.until));
    end();
    if (r.kind != WaitKind::kHuman) return;
    begin_step("human_task_created", r.attempt);
    at(first_set(r.attempt.started, r.attempt.scheduled));
    json_.member("task_id", r.task.to_string());
    end();
  }
  void operator()(const record::AttemptFailed& r) {
    if (r.attempt.silent) return;
    if (!r.attempt.announced) announce(r.attempt);
    const TimePoint ended = end_of(r.attempt);
    begin_step("step_retrying", r.attempt);
    at(ended);
    json_.member_raw("error", failure_json(r.failure));
    json_.member("delay_ms", r.retry_at > ended ? (r.retry_at - ended).us / 1000 : 0);
    end();
  }
  void operator()(const record::StepFinished& r) {
    if (r.attempt.silent) return;
    if (!r.attempt.announced) announce(r.attempt);
    if (r.task_decided) {
      begin_step("human_task_completed", r.attempt);
      at(end_of(r.attempt));
      if (r.task.set()) json_.member("task_id", r.task.to_string());
      json_.member("approved", r.approved);
      json_.member("by", r.by);
      end();
    }
    finish(r);
  }
  void operator()(const record::StepsSkipped& r) {
    if (r.silent) return;
    for (const StepPath& path : r.paths) {
      begin("step_completed");
      json_.member("step_id", event_step_id(graph_, path));
      at(r.at);
      json_.member("skipped", true);
      json_.member("reason", name(r.reason));
      end();
    }
  }
  void operator()(const record::LoopStarted& r) {
    if (!r.attempt.silent) announce(r.attempt);
  }
  void operator()(const record::ItemFinished&) {}
  void operator()(const record::ChunkSealed&) {}
  void operator()(const record::IterationFinished&) {}
  void operator()(const record::RunPaused& r) {
    begin("run_paused");
    at(r.at);
    json_.member("reason", store::name(r.reason));
    end();
  }
  void operator()(const record::RunResumed& r) { plain("run_resumed", r.at); }
  void operator()(const record::RunDraining& r) { plain("run_draining", r.at); }
  void operator()(const record::EventStored&) {}
  void operator()(const record::ChildAcknowledged&) {}
  void operator()(const record::GroupFinished&) {}
  void operator()(const record::ParentHeard&) {}
  void operator()(const record::RunFinished& r) {
    switch (r.status) {
      case store::RunStatus::kCompleted:
        begin("run_completed");
        at(r.at);
        value("output", r.output);
        break;
      case store::RunStatus::kFailed:
        begin("run_failed");
        at(r.at);
        json_.member_raw("error", failure_json(r.failure));
        json_.key("step_id");
        if (r.failed_step.empty())
          json_.null();
        else
          json_.string(r.failed_step);
        break;
      default:
        begin("run_stopped");
        at(r.at);
        json_.member("mode", r.graceful ? "graceful" : "immediate");
    }
    end();
  }

 private:
  static TimePoint first_set(TimePoint a, TimePoint b) { return a.set() ? a : b; }
  static TimePoint end_of(const Attempt& attempt) {
    return first_set(attempt.finished, first_set(attempt.started, attempt.scheduled));
  }

  void announce(const Attempt& attempt) {
    begin_step("step_scheduled", attempt);
    at(first_set(attempt.scheduled, first_set(attempt.started, attempt.finished)));
    end();
    begin_step("step_started", attempt);
    at(first_set(attempt.started, first_set(attempt.scheduled, attempt.finished)));
    value("input", attempt.input);
    end();
  }

  void finish(const record::StepFinished& r) {
    switch (r.status) {
      case StepStatus::kCompleted:
        begin_step("step_completed", r.attempt);
        at(end_of(r.attempt));
        result(r);
        break;
      case StepStatus::kFailed:
        begin_step("step_failed", r.attempt);
        at(end_of(r.attempt));
        json_.member_raw("error", failure_json(r.failure));
        break;
      default:
        begin_step("step_cancelled", r.attempt);
        at(end_of(r.attempt));
        json_.member("reason", r.cancel_reason);
        if (!r.caused_by.empty()) json_.member("caused_by_step_id", r.caused_by);
    }
    end();
  }

  /// Results of a for_each that lie in chunks have no single body: they are read as items.
  void result(const record::StepFinished& r) {
    const graph::Step& step = step_at(graph_, r.attempt.path);
    if (r.result.present() || step.type != graph::StepType::kForEach) {
      value("result", r.result);
      return;
    }
    json_.key("result").begin_object();
    json_.member("href", "/v1/runs/" + run_ + "/steps/" + step.id + "/items");
    json_.end_object();
  }

  void begin(std::string_view type) {
    json_ = json::Writer();
    json_.begin_object();
    json_.member("run_id", run_);
    json_.member("seq", *next_seq_);
    json_.member("event_type", type);
  }
  void begin_step(std::string_view type, const Attempt& attempt) {
    begin(type);
    if (!step_known_ || attempt.path != step_path_) {
      step_id_ = event_step_id(graph_, attempt.path);
      step_path_ = attempt.path;
      step_known_ = true;
    }
    json_.member("step_id", step_id_);
    json_.member("attempt", attempt.number);
  }
  /// Ends the head of the event and opens its data.
  void at(TimePoint time) {
    json_.member("at", to_rfc3339(time));
    json_.key("data").begin_object();
  }
  void end() {
    json_.end_object().end_object();
    out_.push_back({(*next_seq_)++, json_.take()});
  }
  void plain(std::string_view type, TimePoint time) {
    begin(type);
    at(time);
    end();
  }

  void value(std::string_view key, const Value& value) {
    json_.key(key);
    if (!value.present()) {
      json_.null();
      return;
    }
    if (value.ref.set() && value.bytes() > kEventValueBytesMax) {
      json_.raw(reference_json(run_, value.ref));
      return;
    }
    Result<json::Text> text = text_of(value, payloads_);
    if (text.ok()) {
      json_.raw(text->view());
      return;
    }
    json_.null();
    if (status.ok()) status = std::move(text).error();
  }

  const graph::Graph& graph_;
  const std::string run_;
  std::uint64_t* next_seq_;
  const PayloadSource& payloads_;
  std::vector<LiveEvent>& out_;
  json::Writer json_;
  // All events of one attempt have the same step id.
  bool step_known_ = false;
  StepPath step_path_;
  std::string step_id_;
};

}  // namespace

Status expand(const graph::Graph& graph,
              RunId run,
              const Record& record,
              std::uint64_t* next_seq,
              const PayloadSource& payloads,
              std::vector<LiveEvent>& out) {
  const std::uint64_t first_seq = *next_seq;
  const std::size_t size = out.size();
  Expander expander(graph, run, next_seq, payloads, out);
  std::visit(expander, record);
  if (expander.status.ok()) return ok();
  // An event without its value would be a lie: the caller gets the whole record or nothing.
  out.resize(size);
  *next_seq = first_seq;
  return expander.status;
}

bool terminal(const Record& record) { return std::holds_alternative<record::RunFinished>(record); }

}  // namespace troupe::run
