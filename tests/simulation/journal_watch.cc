#include "tests/simulation/journal_watch.h"

#include "runtime/journal/frame.h"
#include "runtime/json/read.h"

namespace troupe::simulation {
namespace {

std::string text_of(const run::StepPath& path) {
  std::string text;
  for (int i = 0; i < path.size; ++i) text += "/" + std::to_string(path.part[i]);
  return text;
}

}  // namespace

const JournalWatch::Run* JournalWatch::find(RunId run) const {
  const auto found = runs_.find(run);
  return found == runs_.end() ? nullptr : &found->second;
}

void JournalWatch::landed(const store::Batch& batch) {
  for (const store::Frame& f : batch.frames) {
    if (find(f.entity) == nullptr) rowless_.insert(f.entity);
    frame(f);
  }
  for (const store::RunRow& row : batch.runs) {
    rowless_.erase(row.id);
    if (find(row.id) == nullptr)
      complain("I11: a row of run " + row.id.to_string() + " without journal");
  }
  for (const RunId run : rowless_) {
    if (runs_.at(run).frames > 1)
      complain("I11: run " + run.to_string() + " goes on without a row");
  }
}

void JournalWatch::frame(const store::Frame& frame) {
  const std::string id = frame.entity.to_string();
  const auto view = journal::decode_frame(frame.bytes);
  if (!view) return complain("frame of " + id + " cannot be read: " + view.error().message);
  Run& run = runs_[frame.entity];
  const journal::Header& header = view->header;
  if (header.number != run.frames + 1) {
    complain("I10: run " + id + ": frame " + std::to_string(header.number) + " follows " +
             std::to_string(run.frames));
  }
  if (header.first_record != run.records + 1) {
    complain("I10: run " + id + ": record " + std::to_string(header.first_record) + " follows " +
             std::to_string(run.records));
  }
  if (header.first_seq != run.seq + 1) {
    complain("I10: run " + id + ": event " + std::to_string(header.first_seq) + " follows " +
             std::to_string(run.seq));
  }
  if (frame.pos <= run.head) complain("I10: run " + id + ": its frames are out of order");
  const auto records = run::decode_all(view->records, header.record_count);
  if (!records) return complain("I4: records of " + id + ": " + records.error().message);
  std::uint64_t events = 0;
  for (const run::Record& r : *records) {
    record(frame.entity, run, r);
    events += run::event_count(r);
  }
  if (events != header.event_count) complain("I10: run " + id + ": its events are miscounted");
  run.frames = header.number;
  run.records += header.record_count;
  run.seq += header.event_count;
  run.head = frame.pos;
}

void JournalWatch::record(RunId id, Run& run, const run::Record& record) {
  const std::string name = id.to_string();
  if (run.ended && !std::holds_alternative<run::record::ChildAcknowledged>(record)) {
    complain("I7: run " + name + " has a record after its end");
  }
  if (run.records == 0 && run.n < 0 && !std::holds_alternative<run::record::RunCreated>(record)) {
    complain("I2: run " + name + " has a journal without its creation");
    run.n = 0;
  }
  if (const auto* r = std::get_if<run::record::RunCreated>(&record)) return created(run, *r);
  if (const auto* r = std::get_if<run::record::StepFinished>(&record)) return finished(id, run, *r);
  if (const auto* r = std::get_if<run::record::StepStarted>(&record)) {
    begun(id, run, r->attempt);
    run.started.insert(r->attempt.path);
  } else if (const auto* r = std::get_if<run::record::StepWaiting>(&record)) {
    begun(id, run, r->attempt);
    if (r->kind == run::WaitKind::kTimer) run.waits[r->attempt.path] = r->until;
    else if (r->until.set()) run.deadlines[r->attempt.path] = r->until;
  } else if (const auto* r = std::get_if<run::record::AttemptFailed>(&record)) {
    begun(id, run, r->attempt);
    run.retries[r->attempt.path] = r->retry_at;
  } else if (const auto* r = std::get_if<run::record::ItemFinished>(&record)) {
    if (!run.items.insert({r->loop, r->item}).second) {
      complain("I4: run " + name + ": item " + std::to_string(r->item) + " of step " +
               text_of(r->loop) + " has two results");
    }
  } else if (const auto* r = std::get_if<run::record::GroupFinished>(&record)) {
    if (!run.groups.insert(r->run).second) {
      complain("I4: run " + name + ": its group " + r->run.to_string() + " has two ends");
    }
  } else if (const auto* r = std::get_if<run::record::RunFinished>(&record)) {
    run.ended = true;
    run.status = r->status;
    run.failed_step = r->failed_step;
  } else if (std::holds_alternative<run::record::ChildAcknowledged>(record)) {
    if (run.acknowledged) complain("run " + name + " was acknowledged twice");
    run.acknowledged = true;
  }
}

void JournalWatch::created(Run& run, const run::record::RunCreated& record) {
  run.workflow = record.workflow;
  run.version = record.version;
  run.parent = record.parent;
  run.group = record.group.set();
  run.retried_from = record.retried_from;
  for (const auto& carried : record.carried) run.carried.insert(static_cast<int>(carried.step));
  const auto n = json::member(record.input.text.view(), "n");
  run.n = n ? json::as_int(*n).value_or(0) : 0;
}

void JournalWatch::begun(RunId id, Run& run, const run::Attempt& attempt) {
  const auto retry = run.retries.find(attempt.path);
  if (retry == run.retries.end()) return;
  if (attempt.scheduled < retry->second) {
    complain("I9: run " + id.to_string() + ": step " + text_of(attempt.path) +
             " was tried again too early");
  }
  run.retries.erase(retry);
}

void JournalWatch::doubts(RunId id, Run& run, const run::record::StepFinished& record) {
  const run::StepPath& path = record.attempt.path;
  if (!path.top_level()) return;
  const int step = static_cast<int>(path.step());
  if (record.status != run::StepStatus::kFailed || record.failure.code != Code::kInDoubt) return;
  run.doubted.insert(step);
  if (disturbed() < record.attempt.scheduled) {
    complain("run " + id.to_string() + ": " + text_of(path) + " is in doubt without a reason");
  }
}

void JournalWatch::finished(RunId id, Run& run, const run::record::StepFinished& record) {
  const run::StepPath& path = record.attempt.path;
  if (!run.finished.insert(path).second) {
    complain("I4: run " + id.to_string() + ": step " + text_of(path) + " has two results");
  }
  if (record.status == run::StepStatus::kCompleted) run.completed.insert(path);
  const bool cancelled = record.status == run::StepStatus::kCancelled;
  if (!cancelled) begun(id, run, record.attempt);
  const auto wait = run.waits.find(path);
  if (wait != run.waits.end() && !cancelled && record.attempt.finished < wait->second) {
    complain("I9: run " + id.to_string() + ": the wait " + text_of(path) + " ended too early");
  }
  const bool timed_out =
      record.by == "timeout" ||
      (record.status == run::StepStatus::kFailed && record.failure.code == Code::kTimeout);
  const auto deadline = run.deadlines.find(path);
  if (deadline != run.deadlines.end() && timed_out &&
      record.attempt.finished < deadline->second) {
    complain("I9: run " + id.to_string() + ": " + text_of(path) + " timed out too early");
  }
  doubts(id, run, record);
  if (record.task.set() && record.task_decided) run.decided.insert(record.task);
}

}  // namespace troupe::simulation
