#pragma once

#include <string>
#include <vector>

#include "deploy/troupe/commands.h"
#include "deploy/troupe/graph_file.h"
#include "deploy/troupe/node_setup.h"
#include "deploy/troupe/watch.h"

namespace troupe::cli {

/// How the result of a run is printed.
struct Printing {
  bool json = false;  ///< the whole context
  bool raw = false;   ///< an output that is a string: without quotes
  bool quiet = false;
};

/// The options of a command that follows a run; `decisions` and `printing` outlive the command.
void add_following(CLI::App& command, Decisions& decisions, Printing& printing, Shared& shared);

/// The published version that has this graph: the newest of the workflow named after the file if it
/// is the same text, else a new one.
Result<store::Version> publish_graph(LocalNode& node, const GraphFile& file);

/// Follows the run and prints what came of it. The exit code tells the same.
int follow_and_print(LocalNode& node,
                     Mailbox& mailbox,
                     const store::RunRow& row,
                     const std::string& title,
                     const std::string& graph,
                     const Decisions& decisions,
                     const Printing& printing,
                     const std::string& data_dir);

}  // namespace troupe::cli
