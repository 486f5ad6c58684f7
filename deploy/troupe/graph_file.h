#pragma once

#include <string>

#include "deploy/troupe/output.h"
#include "runtime/graph/graph.h"
#include "runtime/json/text.h"

namespace troupe::cli {

/// A graph as it lies in a file.
struct GraphFile {
  std::string path;
  std::string name;  ///< the file's name without folder and .json
  json::Text text;
  graph::Parsed parsed;
};

/// Reads and validates a graph, with `input` checked against it unless empty. Each finding goes to
/// stderr as `path:LINE:COL: error: message [code] (step id)`. The error has no message of its own
/// where the findings have said it all.
Result<GraphFile> read_graph(const std::string& path,
                             const json::Text* input,
                             const graph::Limits& limits = {});

/// Findings as lines. `raw` is the document as the file has it.
std::string finding_line(const std::string& path, std::string_view raw, const Issue& issue);
/// `path:LINE:COL: error: …` for text that is not JSON.
std::string syntax_line(const std::string& path, const Error& error);

}  // namespace troupe::cli
