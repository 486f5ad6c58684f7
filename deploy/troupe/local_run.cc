#include "deploy/troupe/local_run.h"

#include "deploy/troupe/await.h"
#include "runtime/json/read.h"
#include "runtime/json/write.h"

namespace troupe::cli {
namespace {

Result<std::optional<store::Workflow>> workflow_named(LocalNode& node, const std::string& name) {
  store::Page page;
  page.limit = 200;
  while (true) {
    const auto rows = await_read<store::Rows<store::Workflow>>(
        node.engine(), [scope = node.scope(), page](store::Reader& reader) {
          return reader.workflows(scope, page, false);
        });
    if (!rows) return rows.error();
    for (const store::Workflow& workflow : rows->items) {
      if (workflow.name == name) return std::optional(workflow);
    }
    if (rows->next_cursor.empty()) return std::optional<store::Workflow>();
    page.cursor = rows->next_cursor;
  }
}

Result<std::optional<store::Version>> latest_version(LocalNode& node, const store::Workflow& flow) {
  if (flow.latest_version == 0) return std::optional<store::Version>();
  return await_read<std::optional<store::Version>>(
      node.engine(), [id = flow.id, number = flow.latest_version](store::Reader& reader) {
        return reader.version(id, number);
      });
}

Result<store::Workflow> store_draft(LocalNode& node,
                                    const GraphFile& file,
                                    std::optional<store::Workflow> existing) {
  Engine& engine = node.engine();
  if (existing) {
    existing->graph = std::string(file.text.view());
    return await<store::Workflow>(
        [&](auto reply) { engine.update_workflow(*existing, existing->etag, std::move(reply)); });
  }
  store::Workflow draft;
  draft.id = WorkflowId(Uuid::v7(node.clock().now(), node.entropy().next(), node.entropy().next()));
  draft.workspace = node.scope().workspace;
  draft.project = *node.scope().project;
  draft.name = file.name;
  draft.description = "Made by troupe run from a file.";
  draft.graph = std::string(file.text.view());
  draft.created = draft.updated = node.clock().now();
  return await<store::Workflow>(
      [&](auto reply) { engine.create_workflow(draft, std::move(reply)); });
}

/// The context with what identifies the run in front of it.
std::string whole_context(const store::RunRow& row, std::string_view context) {
  json::Writer out;
  out.begin_object().member("run_id", row.id.to_string());
  out.member("status", store::name(row.status));
  if (row.pause_reason != store::PauseReason::kNone) {
    out.member("pause_reason", store::name(row.pause_reason));
  }
  if (!row.error.empty()) out.member_raw("error", row.error);
  json::for_each_member(context, [&](std::string_view key, std::string_view value) {
    if (key != "run_id" && key != "status" && key != "pause_reason" && key != "error") {
      out.member_raw(key, value);
    }
    return true;
  });
  return out.end_object().take();
}

Exit exit_of(Ending ending) {
  switch (ending) {
    case Ending::kCompleted:
      return kOk;
    case Ending::kFailed:
    case Ending::kQuarantined:
      return kRunFailed;
    case Ending::kStopped:
      return kStopped;
    case Ending::kWaitingForHuman:
      return kWaiting;
    case Ending::kInterrupted:
      return kInterrupted;
  }
  return kRunFailed;
}

void say_ending(Ending ending,
                const std::string& detail,
                const RunId& run,
                const std::string& data_dir) {
  const std::string again = "troupe resume " + run.to_string() + " --data-dir " + data_dir;
  switch (ending) {
    case Ending::kCompleted:
      return;
    case Ending::kFailed:
      return note("run failed" + (detail.empty() ? "" : ": " + detail));
    case Ending::kStopped:
      return note("run stopped");
    case Ending::kQuarantined:
      return note("run set aside after repeated crashes; see it with: troupe runs show " +
                  run.to_string());
    case Ending::kWaitingForHuman: {
      const std::string first = detail.substr(0, detail.find(','));
      return note("waiting for a human: " + detail + "\nanswer with: " + again + " --approve " +
                  first + " (or --reject " + first + ")");
    }
    case Ending::kInterrupted:
      return note("left; the run goes on with: " + again);
  }
}

void print_output(std::string_view context, const Printing& printing) {
  const std::string_view output = json::member(context, "output").value_or("null");
  if (printing.raw && json::kind(output) == json::Kind::kString) {
    print(json::decode_string(output));
  } else {
    print_json(output);
  }
}

}  // namespace

void add_following(CLI::App& command, Decisions& decisions, Printing& printing, Shared& shared) {
  command.add_option("--approve", decisions.approve, "Approve this human task")
      ->allow_extra_args(false);
  command.add_option("--reject", decisions.reject, "Reject this human task")
      ->allow_extra_args(false);
  command.add_flag("--raw", printing.raw, "Print an output that is a string as it is");
  add_data_dir(command, shared);
  add_json(command, shared);
  add_quiet(command, shared);
}

Result<store::Version> publish_graph(LocalNode& node, const GraphFile& file) {
  Result<std::optional<store::Workflow>> existing = workflow_named(node, file.name);
  if (!existing) return std::move(existing).error();
  if (*existing) {
    Result<std::optional<store::Version>> latest = latest_version(node, **existing);
    if (!latest) return std::move(latest).error();
    if (*latest && (*latest)->graph == file.text.view()) return **latest;
  }
  Result<store::Workflow> draft = store_draft(node, file, *existing);
  if (!draft) return std::move(draft).error();
  return await<store::Version>([&](auto reply) {
    node.engine().publish(node.scope(), draft->id, "troupe run " + file.path, std::move(reply));
  });
}

int follow_and_print(LocalNode& node,
                     Mailbox& mailbox,
                     const store::RunRow& row,
                     const std::string& title,
                     const std::string& graph,
                     const Decisions& decisions,
                     const Printing& printing,
                     const std::string& data_dir) {
  Watch watch(node, mailbox, row.id, title, outline_of(graph), decisions, printing.quiet);
  const Result<Ending> ending = watch.follow();
  if (!ending) return fail(ending.error());
  say_ending(*ending, watch.detail(), row.id, data_dir);
  if (*ending == Ending::kInterrupted) return kInterrupted;
  Engine& engine = node.engine();
  const auto context = await<json::Text>(
      [&](auto reply) { engine.context(node.scope(), row.id, std::move(reply)); });
  if (!context) return fail(context.error());
  if (printing.json) {
    const auto now = await<store::RunRow>(
        [&](auto reply) { engine.summary(node.scope(), row.id, std::move(reply)); });
    if (!now) return fail(now.error());
    print_json(whole_context(*now, context->view()));
  } else if (*ending == Ending::kCompleted) {
    print_output(context->view(), printing);
  }
  return exit_of(*ending);
}

}  // namespace troupe::cli
