#include "runtime/bulk/job.h"

#include <algorithm>
#include <iterator>

#include "runtime/directory/codec.h"
#include "runtime/json/write.h"

namespace troupe::bulk {
namespace {

using store::RunStatus;

constexpr std::int64_t kKeptUs = 30ll * 24 * 3600 * 1'000'000;
constexpr std::string_view kActions[] = {"stop", "stop_gracefully", "retry"};
constexpr std::string_view kStatuses[] = {"running", "completed", "cancelled"};

template <class Value, std::size_t Count>
std::optional<Value> parse(const std::string_view (&names)[Count], std::string_view name) {
  const auto found = std::find(std::begin(names), std::end(names), name);
  if (found == std::end(names)) return std::nullopt;
  return static_cast<Value>(found - std::begin(names));
}

/// An id, or nothing, as text.
template <class AnyId>
std::string text_of(const std::optional<AnyId>& id) {
  return id ? id->to_string() : "";
}

}  // namespace

std::string_view name(JobStatus status) { return kStatuses[static_cast<std::size_t>(status)]; }

Uuid owner_of_unfinished() { return {0x74726f7570658000, 0x8000000000006a62}; }

store::Document encode(const Job& job, TimePoint now) {
  store::Document row;
  row.kind = store::DocumentKind::kJob;
  row.id = job.id;
  row.workspace = job.workspace;
  row.project = job.project.value_or(ProjectId{});
  if (job.status == JobStatus::kRunning) row.owner = owner_of_unfinished();
  else row.expires = {now.us + kKeptUs};
  row.created = job.created;
  row.updated = now;
  const store::RunFilter& filter = job.filter;
  json::Writer out;
  out.begin_object()
      .member("whole_workspace", !job.project.has_value())
      .member("action", kActions[static_cast<std::size_t>(job.action)])
      .member("status", name(job.status))
      .member("workflow", text_of(filter.workflow))
      .member("run_status", filter.status ? store::name(*filter.status) : std::string_view())
      .member("has_external_id", filter.external_id.has_value())
      .member("external_id", filter.external_id.value_or(""))
      .member("from", filter.from.us)
      .member("to", filter.to.us)
      .member("q", filter.q)
      .member("matched", job.matched)
      .member("done", job.done)
      .member("skipped", job.skipped)
      .member("failed", job.failed)
      .member("error", job.error)
      .member("finished", job.finished.us)
      .member("stage", static_cast<std::uint64_t>(job.stage))
      .member("cursor", job.cursor);
  row.body = out.end_object().take();
  return row;
}

Result<Job> decode(const store::Document& document) {
  directory::Fields fields(document);
  Job job;
  job.id = document.id;
  job.workspace = document.workspace;
  if (!fields.flag("whole_workspace")) job.project = document.project;
  job.action = fields.known(parse<Action>(kActions, fields.text("action")));
  job.status = fields.known(parse<JobStatus>(kStatuses, fields.text("status")));
  const auto workflow = fields.id<WorkflowId>("workflow");
  if (workflow.set()) job.filter.workflow = workflow;
  const std::string status = fields.text("run_status");
  if (!status.empty()) job.filter.status = fields.known(store::parse_run_status(status));
  const bool by_external = fields.flag("has_external_id");
  std::string external_id = fields.text("external_id");
  if (by_external) job.filter.external_id = std::move(external_id);
  job.filter.from = fields.time("from");
  job.filter.to = fields.time("to");
  job.filter.q = fields.text("q");
  job.matched = fields.count<std::uint64_t>("matched");
  job.done = fields.count<std::uint64_t>("done");
  job.skipped = fields.count<std::uint64_t>("skipped");
  job.failed = fields.count<std::uint64_t>("failed");
  job.error = fields.text("error");
  job.created = document.created;
  job.finished = fields.time("finished");
  job.stage = fields.count<std::size_t>("stage");
  job.cursor = fields.text("cursor");
  if (Status whole = fields.status(); !whole) return whole.error();
  return job;
}

std::vector<RunStatus> statuses_of(const Job& job) {
  std::vector<RunStatus> all = {RunStatus::kQueued, RunStatus::kRunning, RunStatus::kPaused};
  if (job.action == Action::kStop) all.push_back(RunStatus::kDraining);
  if (job.action == Action::kRetry) {
    all = {RunStatus::kFailed, RunStatus::kStopped};
    // Only who asks for it means runs that went well.
    if (job.filter.status == RunStatus::kCompleted) all = {RunStatus::kCompleted};
  }
  const auto is_another = [&](RunStatus one) { return one != job.filter.status; };
  if (job.filter.status) std::erase_if(all, is_another);
  return all;
}

store::RunFilter filter_of(const Job& job, RunStatus status) {
  store::RunFilter filter = job.filter;
  filter.status = status;
  const bool ends_before = filter.to.set() && filter.to < job.created;
  if (!ends_before) filter.to = job.created;
  return filter;
}

bool walks_once(Action action) { return action == Action::kRetry; }

std::string retry_key(const Job& job) { return "job:" + job.id.to_string(); }

void count(Job& job, const Status& outcome) {
  if (outcome) {
    ++job.done;
    return;
  }
  const Code code = outcome.error().code;
  if (code == Code::kRunEnded || code == Code::kConflict || code == Code::kNotFound) {
    ++job.skipped;
    return;
  }
  ++job.failed;
  job.error = outcome.error().message;
}

}  // namespace troupe::bulk
