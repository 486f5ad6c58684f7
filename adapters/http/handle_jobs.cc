// Jobs over many runs: what one would be about, making it, how far it has come, ending it.
#include "adapters/http/change.h"
#include "adapters/http/parse.h"
#include "adapters/http/receipt.h"
#include "adapters/http/render.h"
#include "runtime/bulk/job.h"
#include "runtime/json/write.h"

namespace troupe::http {
namespace {

using bulk::Action;
using bulk::Job;
using store::DocumentKind;

struct Asked {
  Job job;
  bool dry_run = false;
};

constexpr std::string_view kFilterKeys[] = {"status", "workflow_id", "from",
                                            "to",     "external_id", "q"};

TimePoint read_time(edge::BodyReader& in, std::string_view key) {
  const auto text = in.text(key, 64);
  const auto time = text ? parse_rfc3339(*text) : std::nullopt;
  if (text && !time) in.wrong(key, "must be an RFC 3339 time such as 2026-01-31T12:00:00Z.");
  return time.value_or(TimePoint{});
}

/// As the parameters of a list of runs. What is not known is refused: a job that overlooks a
/// condition does too much.
store::RunFilter read_filter(std::string_view object, std::vector<Issue>& issues) {
  edge::BodyReader in(object, "/filter", issues);
  json::for_each_member(object, [&](std::string_view key, std::string_view) {
    if (std::find(std::begin(kFilterKeys), std::end(kFilterKeys), key) == std::end(kFilterKeys)) {
      in.wrong(key, "is no condition of a filter.", Code::kUnknownField);
    }
    return true;
  });
  store::RunFilter filter;
  if (const auto status = in.text("status", 64)) {
    filter.status = store::parse_run_status(*status);
    if (!filter.status) in.wrong("status", "is no status of a run.");
  }
  if (const auto workflow = in.text("workflow_id", 64)) {
    const auto id = Uuid::parse(*workflow);
    if (id) filter.workflow = WorkflowId(*id);
    else in.wrong("workflow_id", "must be a UUID.");
  }
  filter.external_id = in.text("external_id", 256);
  filter.q = in.text("q", 256).value_or("");
  filter.from = read_time(in, "from");
  filter.to = read_time(in, "to");
  return filter;
}

Action read_action(edge::BodyReader& in) {
  const std::string action = in.required_text("action", 64);
  const auto mode = in.text("mode", 64);
  if (mode && *mode != "immediate" && *mode != "graceful") {
    in.wrong("mode", "must be immediate or graceful.");
  }
  if (action == "retry") {
    if (mode) in.wrong("mode", "is for stop alone.");
    return Action::kRetry;
  }
  if (!action.empty() && action != "stop") in.wrong("action", "must be stop or retry.");
  return mode == "graceful" ? Action::kStopGracefully : Action::kStop;
}

std::optional<Asked> read_asked(const CallPtr& call) {
  std::vector<Issue> issues;
  edge::BodyReader in(call->body.view(), "", issues);
  Asked asked;
  if (issues.empty()) {
    asked.job.action = read_action(in);
    asked.dry_run = in.boolean("dry_run").value_or(false);
    const std::size_t before = issues.size();
    const auto filter = in.object("filter");
    if (filter) asked.job.filter = read_filter(*filter, issues);
    // A job over everything has to be said: {}.
    if (!filter && issues.size() == before) in.missing("filter");
  }
  if (!issues.empty()) {
    call->fail(edge::invalid(std::move(issues)));
    return std::nullopt;
  }
  asked.job.workspace = call->scope.workspace;
  asked.job.project = call->scope.project;
  asked.job.created = call->core.services.clock.now();
  return asked;
}

/// Counts the runs that the job is about, page by page, so that other readers come in between.
void count_runs(const CallPtr& call, Job job, std::function<void(const Job&)> use) {
  const auto statuses = bulk::statuses_of(job);
  if (job.stage >= statuses.size()) {
    job.stage = 0;
    return use(job);
  }
  constexpr std::size_t kRunsAtOnce = 2'000;
  using Rows = store::Rows<store::RunRow>;
  const auto filter = bulk::filter_of(job, statuses[job.stage]);
  read_store<Rows>(
      call,
      [scope = job.scope(), filter, page = store::Page{kRunsAtOnce, job.cursor}](
          store::Reader& reader) { return reader.runs(scope, filter, page); },
      [call, job, use = std::move(use)](const Rows& rows) mutable {
        job.matched += rows.items.size();
        job.cursor = rows.next_cursor;
        if (job.cursor.empty()) ++job.stage;
        count_runs(call, std::move(job), std::move(use));
      });
}

std::string made_json(const Job& job, bool is_dry) {
  json::Writer out;
  out.begin_object().key("job_id");
  if (is_dry) {
    out.null();
  } else {
    out.string(job.id.to_string());
  }
  return out.member("matched", job.matched).end_object().take();
}

/// Written with its receipt, or found by it.
Result<store::Change> begin(store::Documents& documents, const directory::Context& context,
                            const Job& job, const std::optional<store::Document>& receipt,
                            Job* made) {
  *made = job;
  store::Change change;
  if (receipt) {
    const auto earlier = documents.find(receipt->kind, receipt->id);
    if (!earlier) return earlier.error();
    if (*earlier) {
      return Error{Code::kConflict, "A job is being made with this key.", {}};
    }
    change.put.push_back(*receipt);
  }
  change.put.push_back(bulk::encode(job, context.now));
  change.audit.push_back(context.line(job.workspace, tenancy::Permission::kRunBulk,
                                      "job:" + job.id.to_string(), {"action", "filter"},
                                      job.project.value_or(ProjectId{})));
  return change;
}

void make_job(const CallPtr& call, Job job, const MadeOnce& once) {
  const auto id = call->core.services.engine.new_job_id();
  if (!id) return call->fail(id.error());
  job.id = *id;
  const auto receipt_for = once.receipt_for(job.id);
  std::optional<store::Document> receipt;
  if (receipt_for) receipt = receipt_for(0);
  change_store<Job>(
      call, {Uuid(job.workspace)},
      [job, receipt](auto& documents, const auto& context, auto* made) {
        return begin(documents, context, job, receipt, made);
      },
      [call](const Job& made) {
        call->core.services.engine.look_for_jobs();
        call->send_json(made_json(made, false), 202);
      });
}

using Found = std::optional<store::Document>;

/// Those of other places are not there. Of the whole workspace is only seen by who sees it all.
Result<Job> visible_job(const Found& found, const store::TenantScope& scope) {
  const Error none{Code::kNotFound, "There is no such job.", {}};
  if (!found) return none;
  auto job = bulk::decode(*found);
  if (job && scope.project && job->project != scope.project) return none;
  return job;
}

std::string_view action_of(const Job& job) {
  return job.action == Action::kRetry ? "retry" : "stop";
}

void write_filter(json::Writer& out, const store::RunFilter& filter) {
  out.key("filter").begin_object();
  if (filter.status) out.member("status", store::name(*filter.status));
  if (filter.workflow) out.member("workflow_id", filter.workflow->to_string());
  if (filter.external_id) out.member("external_id", *filter.external_id);
  if (filter.from.set()) out.member("from", to_rfc3339(filter.from));
  if (filter.to.set()) out.member("to", to_rfc3339(filter.to));
  if (!filter.q.empty()) out.member("q", filter.q);
  out.end_object();
}

std::string render(const Job& job) {
  json::Writer out;
  out.begin_object().member("job_id", job.id.to_string()).member("action", action_of(job));
  if (job.action != Action::kRetry) {
    out.member("mode", job.action == Action::kStop ? "immediate" : "graceful");
  }
  write_filter(out, job.filter);
  out.member("status", bulk::name(job.status))
      .member("matched", job.matched)
      .member("done", job.done)
      .member("skipped", job.skipped)
      .member("failed", job.failed);
  if (!job.error.empty()) out.member("error", job.error);
  out.member("created_at", to_rfc3339(job.created)).key("finished_at");
  if (job.finished.set()) {
    out.string(to_rfc3339(job.finished));
  } else {
    out.null();
  }
  return out.end_object().take();
}

}  // namespace

namespace handle {

void bulk_runs(const CallPtr& call) {
  auto asked = read_asked(call);
  if (!asked) return;
  const auto once = MadeOnce::of(call);
  if (!once) return;
  const auto first = [call, asked = *asked, once = *once] {
    count_runs(call, asked.job, [call, once, is_dry = asked.dry_run](const Job& counted) {
      if (is_dry) return call->send_json(made_json(counted, true), 202);
      make_job(call, counted, once);
    });
  };
  once->look(call, first, [call](const Receipt& receipt) {
    read_documents<Found>(
        call, store::DocumentScope::of(call->scope.workspace),
        [id = receipt.made](auto& documents) { return documents.find(DocumentKind::kJob, id); },
        [call](const Found& found) {
          const auto job = visible_job(found, call->scope);
          if (!job) return call->fail(job.error());
          call->send_json(made_json(*job, false), 202);
        });
  });
}

void list_jobs(const CallPtr& call) {
  const auto page = parse_page(call->query, call->core.options.limits.page_max);
  if (!page.ok()) return call->fail(page.error());
  using Rows = store::Rows<store::Document>;
  const store::DocumentFilter filter{DocumentKind::kJob, call->scope.workspace,
                                     call->scope.project, {}};
  read_documents<Rows>(
      call, store::DocumentScope::of(call->scope.workspace),
      [filter, page = *page](auto& documents) { return documents.list(filter, page); },
      [call](const Rows& rows) {
        std::vector<std::string> items;
        for (const store::Document& row : rows.items) {
          const auto job = visible_job(row, call->scope);
          if (job) items.push_back(render(*job));
        }
        call->send_json(page_json(items, rows.next_cursor));
      });
}

void show_job(const CallPtr& call) {
  const auto id = id_param<Uuid>(call, "job", "job");
  if (!id) return;
  read_documents<Found>(
      call, store::DocumentScope::of(call->scope.workspace),
      [id = *id](auto& documents) { return documents.find(DocumentKind::kJob, id); },
      [call](const Found& found) {
        const auto job = visible_job(found, call->scope);
        if (!job) return call->fail(job.error());
        call->send_json(render(*job));
      });
}

void cancel_job(const CallPtr& call) {
  const auto id = id_param<Uuid>(call, "job", "job");
  if (!id) return;
  change_store<Job>(
      call, {*id},
      [id = *id, scope = call->scope](auto& documents, const auto& context,
                                      Job* made) -> Result<store::Change> {
        const auto found = documents.find(DocumentKind::kJob, id);
        if (!found) return found.error();
        const bool is_ours = *found && (*found)->workspace == scope.workspace;
        auto job = visible_job(is_ours ? *found : Found(), scope);
        if (!job) return job.error();
        *made = *std::move(job);
        store::Change change;
        if (made->status == bulk::JobStatus::kCancelled) return change;
        if (made->status == bulk::JobStatus::kCompleted) {
          return Error{Code::kConflict, "The job has ended.", {}};
        }
        made->status = bulk::JobStatus::kCancelled;
        made->finished = context.now;
        change.put.push_back(bulk::encode(*made, context.now));
        change.audit.push_back(context.line(scope.workspace, tenancy::Permission::kRunBulk,
                                            "job:" + id.to_string(), {"status"},
                                            made->project.value_or(ProjectId{})));
        return change;
      },
      [call](const Job& job) { call->send_json(render(job)); });
}

}  // namespace handle
}  // namespace troupe::http
