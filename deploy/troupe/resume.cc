#include <filesystem>
#include <memory>

#include "deploy/troupe/await.h"
#include "deploy/troupe/commands.h"
#include "deploy/troupe/local_run.h"
#include "deploy/troupe/settings.h"

namespace troupe::cli {
namespace {

struct ResumeArguments {
  std::string run;
  Decisions decisions;
  Printing printing;
};

Result<std::vector<store::RunRow>> unfinished_runs(LocalNode& node) {
  std::vector<store::RunRow> open;
  for (const store::RunStatus status : {store::RunStatus::kQueued, store::RunStatus::kRunning,
                                        store::RunStatus::kPaused, store::RunStatus::kDraining}) {
    store::RunFilter filter;
    filter.status = status;
    store::Page page;
    page.limit = 200;
    do {
      auto rows = await_read<store::Rows<store::RunRow>>(
          node.engine(), [scope = node.scope(), filter, page](store::Reader& reader) {
            return reader.runs(scope, filter, page);
          });
      if (!rows) return std::move(rows).error();
      open.insert(open.end(), rows->items.begin(), rows->items.end());
      page.cursor = rows->next_cursor;
    } while (!page.cursor.empty());
  }
  return open;
}

Result<std::vector<store::RunRow>> wanted_runs(LocalNode& node, const std::string& run) {
  if (run.empty()) return unfinished_runs(node);
  const std::optional<Uuid> id = Uuid::parse(run);
  if (!id) return Error{Code::kNotFound, run + " is no run id", {}};
  auto row = await<store::RunRow>(
      [&](auto reply) { node.engine().summary(node.scope(), RunId(*id), std::move(reply)); });
  if (!row) return std::move(row).error();
  return std::vector<store::RunRow>{*row};
}

/// A run that a person has paused is what this command is to continue.
Status lift_pause(LocalNode& node, const store::RunRow& row) {
  if (row.status != store::RunStatus::kPaused || row.pause_reason != store::PauseReason::kUser) {
    return ok();
  }
  auto done = await<store::RunRow>([&](auto reply) {
    node.engine().control(node.scope(), row.id, Control::kResume, std::move(reply));
  });
  if (!done) return std::move(done).error();
  return ok();
}

/// Name and graph of the version that the run executes.
Result<std::pair<std::string, std::string>> title_and_graph(LocalNode& node,
                                                            const store::RunRow& row) {
  using Pair = std::pair<std::string, std::string>;
  if (!row.workflow.set()) return Pair{"run", "{}"};
  return await_read<Pair>(
      node.engine(), [scope = node.scope(), row](store::Reader& reader) -> Result<Pair> {
        const auto workflow = reader.workflow(scope, row.workflow);
        if (!workflow) return workflow.error();
        const auto version = reader.version(row.workflow, row.version);
        if (!version) return version.error();
        return Pair{*workflow ? (*workflow)->name : "run", *version ? (*version)->graph : "{}"};
      });
}

int resume_one(LocalNode& node,
               Mailbox& mailbox,
               const store::RunRow& row,
               const ResumeArguments& arguments,
               const std::string& data_dir) {
  if (Status status = lift_pause(node, row); !status) return fail(status.error());
  const auto titled = title_and_graph(node, row);
  if (!titled) return fail(titled.error());
  note("run " + row.id.to_string());
  return follow_and_print(node, mailbox, row, titled->first, titled->second, arguments.decisions,
                          arguments.printing, data_dir);
}

/// Of several runs, the exit code of the one that a caller must look at first.
int worse(int a, int b) {
  for (const int exit : {int(kInterrupted), int(kRunFailed), int(kStopped), int(kWaiting)}) {
    if (a == exit || b == exit) return exit;
  }
  return a != kOk ? a : b;
}

int resume(const ResumeArguments& arguments, const Shared& shared) {
  const Result<config::Loaded> settings = load_settings(shared);
  if (!settings) return fail(settings.error());
  const std::string& data_dir = settings->options.node.data_dir;
  if (!std::filesystem::exists(data_dir)) {
    return fail(kNotFound, "there is no data directory " + data_dir);
  }
  hold_signals();
  Result<std::unique_ptr<LocalNode>> started = start_node(settings->options, true);
  if (!started) return fail(started.error());
  LocalNode& node = **started;
  Mailbox mailbox;
  int exit = kOk;
  const Result<std::vector<store::RunRow>> rows = wanted_runs(node, arguments.run);
  if (!rows) {
    exit = fail(rows.error());
  } else if (rows->empty()) {
    note("nothing to resume in " + data_dir);
  } else {
    for (const store::RunRow& row : *rows) {
      exit = worse(exit, resume_one(node, mailbox, row, arguments, data_dir));
      if (exit == kInterrupted) break;
    }
  }
  release_signals();
  node.shutdown();
  return exit;
}

}  // namespace

void add_resume(CLI::App& line, Shared& shared, Action& action) {
  auto arguments = std::make_shared<ResumeArguments>();
  CLI::App* command =
      line.add_subcommand("resume", "Continue the unfinished runs of a data directory");
  command->add_option("run", arguments->run, "Only this run; default: all that have not ended");
  add_following(*command, arguments->decisions, arguments->printing, shared);
  command->footer(
      "Examples:\n"
      "  troupe resume --data-dir ./.troupe\n"
      "  troupe resume 0193a1b2-… --data-dir ./.troupe --approve review\n"
      "Of a run that has ended, prints what came of it. Exit codes as `troupe run`.");
  command->callback([&shared, &action, arguments] {
    action = [&shared, arguments] {
      arguments->printing.json = shared.json;
      arguments->printing.quiet = shared.quiet;
      return resume(*arguments, shared);
    };
  });
}

}  // namespace troupe::cli
