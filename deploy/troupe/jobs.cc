#include "deploy/troupe/noun.h"
#include "runtime/json/write.h"

namespace troupe::cli {
namespace {

struct JobsArguments {
  std::string job;
  std::string status, workflow, external_id, search, from, to;
  std::size_t limit = 50;
  bool all = false;
  bool graceful = false;
  bool preview = false;
};

std::string filter_of(const JobsArguments& arguments) {
  const std::pair<std::string_view, const std::string&> conditions[] = {
      {"status", arguments.status}, {"workflow_id", arguments.workflow},
      {"from", arguments.from},     {"to", arguments.to},
      {"q", arguments.search},      {"external_id", arguments.external_id}};
  json::Writer out;
  out.begin_object();
  for (const auto& [key, value] : conditions) {
    if (!value.empty()) out.member(key, value);
  }
  return out.end_object().take();
}

/// Makes the job, or says how many runs it would be about.
Result<int> make(Client& client,
                 const JobsArguments& arguments,
                 const Shared& shared,
                 std::string_view action) {
  const std::string filter = filter_of(arguments);
  if (filter == "{}" && !arguments.all) {
    return {Code::kInvalidRequest, "no condition is given: --all says that every run is meant"};
  }
  json::Writer body;
  body.begin_object().member("action", action);
  if (arguments.graceful) body.member("mode", "graceful");
  body.member_raw("filter", filter).member("dry_run", arguments.preview);
  return print_answer(client.post("/v1/runs:bulk", body.end_object().take()), shared,
                      [&](std::string_view made) {
                        const std::string matched = cell(made, "matched") + " runs";
                        return arguments.preview ? matched : cell(made, "job_id") + "  " + matched;
                      });
}

Result<int> stop(Client& client, const JobsArguments& arguments, const Shared& shared) {
  return make(client, arguments, shared, "stop");
}
Result<int> retry(Client& client, const JobsArguments& arguments, const Shared& shared) {
  return make(client, arguments, shared, "retry");
}

/// What of it has been done, skipped and failed.
std::string progress_of(std::string_view job) {
  return cell(job, "done") + "/" + cell(job, "skipped") + "/" + cell(job, "failed") + " of " +
         cell(job, "matched");
}

Result<int> list(Client& client, const JobsArguments& arguments, const Shared& shared) {
  const Listing jobs{"/v1/jobs",
                     {},
                     arguments.limit,
                     {"JOB", "ACTION", "STATUS", "DONE/SKIPPED/FAILED", "CREATED"}};
  return print_listing(client, jobs, shared, [](std::string_view item) -> Cells {
    return {cell(item, "job_id"), cell(item, "action"), cell(item, "status"), progress_of(item),
            cell(item, "created_at")};
  });
}

std::string one_line(std::string_view job) {
  const std::string error = cell(job, "error");
  return cell(job, "job_id") + "  " + cell(job, "action") + "  " + cell(job, "status") + "  " +
         progress_of(job) + (error.empty() ? "" : "  " + error);
}
std::string path_of(const JobsArguments& arguments) { return "/v1/jobs/" + segment(arguments.job); }

Result<int> show(Client& client, const JobsArguments& arguments, const Shared& shared) {
  return print_answer(client.get(path_of(arguments)), shared, one_line);
}
Result<int> cancel(Client& client, const JobsArguments& arguments, const Shared& shared) {
  return print_answer(client.post(path_of(arguments) + "/cancel", "{}"), shared, one_line);
}

void add_conditions(CLI::App& command, JobsArguments& arguments) {
  command.add_option("--status", arguments.status, "Only these")
      ->check(CLI::IsMember(
          {"queued", "running", "paused", "draining", "completed", "failed", "stopped"}));
  command.add_option("--workflow", arguments.workflow, "Only runs of this workflow");
  command.add_option("--external-id", arguments.external_id, "Only runs with this name");
  command.add_option("--search", arguments.search, "Only with an id or name that begins so");
  command.add_option("--from", arguments.from, "Only made at this time or later, RFC 3339");
  command.add_option("--to", arguments.to, "Only made before this time");
  command.add_flag("--all", arguments.all, "Every run, where no condition is given");
  command.add_flag("--preview", arguments.preview, "Only say how many runs it would be");
}

}  // namespace

void add_jobs(CLI::App& line, Shared& shared, Action& action) {
  Noun<JobsArguments> noun(line, "jobs", "Stop or try again many runs", shared, action);
  const auto arguments = noun.arguments();
  CLI::App* stopping = noun.verb("stop", "End every open run that fits", stop);
  add_conditions(*stopping, *arguments);
  stopping->add_flag("--graceful", arguments->graceful, "Let what is in flight end first");
  CLI::App* retrying = noun.verb("retry", "Try every failed or stopped run that fits again", retry);
  add_conditions(*retrying, *arguments);
  noun.list("List jobs, newest first", list);
  noun.verb("show", "Show how far a job is", show)
      ->add_option("job", arguments->job, "Id of the job")
      ->required();
  noun.verb("cancel", "End a job; what it has done stays", cancel)
      ->add_option("job", arguments->job, "Id of the job")
      ->required();
  noun.examples(
      "  troupe jobs stop --workflow WORKFLOW --preview\n"
      "  troupe jobs retry --status failed --from 2026-01-31T00:00:00Z\n"
      "  troupe jobs show JOB");
}

}  // namespace troupe::cli
