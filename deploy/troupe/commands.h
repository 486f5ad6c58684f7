#pragma once

#include <CLI/App.hpp>
#include <functional>

#include "deploy/troupe/output.h"

namespace troupe::cli {

/// What the chosen command does; set by its callback, run after all arguments have been accepted.
using Action = std::function<int()>;

// Each adds one command (a noun with its verbs, or a verb) to the line. `shared` and `action`
// outlive it.
void add_run(CLI::App& line, Shared& shared, Action& action);
void add_resume(CLI::App& line, Shared& shared, Action& action);
void add_serve(CLI::App& line, Shared& shared, Action& action);
void add_validate(CLI::App& line, Shared& shared, Action& action);
void add_workflows(CLI::App& line, Shared& shared, Action& action);
void add_runs(CLI::App& line, Shared& shared, Action& action);
void add_jobs(CLI::App& line, Shared& shared, Action& action);
void add_tasks(CLI::App& line, Shared& shared, Action& action);
void add_nodes(CLI::App& line, Shared& shared, Action& action);
void add_workspaces(CLI::App& line, Shared& shared, Action& action);
void add_tokens(CLI::App& line, Shared& shared, Action& action);
void add_audit(CLI::App& line, Shared& shared, Action& action);
void add_migrate(CLI::App& line, Shared& shared, Action& action);
void add_doctor(CLI::App& line, Shared& shared, Action& action);
void add_config(CLI::App& line, Shared& shared, Action& action);
void add_completion(CLI::App& line, Shared& shared, Action& action);

/// --data-dir, --json, --quiet, as far as a command has them.
void add_data_dir(CLI::App& command, Shared& shared);
void add_json(CLI::App& command, Shared& shared);
void add_quiet(CLI::App& command, Shared& shared);

}  // namespace troupe::cli
