#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace troupe::graph {

/// The names of the engine's globals that a script mentions. Strings and comments do not count, nor
/// do fields of other tables. In doubt a name counts: too much costs bytes, too little breaks the
/// script.
struct ScriptNames {
  bool all_steps = false;          ///< `steps` in any way but steps.x and steps["x"]
  std::vector<std::string> steps;  ///< each x, as written
  bool input = false, item = false, index = false, loop = false, body = false, run = false;
};

ScriptNames names_in_script(std::string_view source);

}  // namespace troupe::graph
