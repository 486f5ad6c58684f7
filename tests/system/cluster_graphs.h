#pragma once

#include <string>

#include "tests/system/system_test.h"

// Workflows for tests of several nodes.

namespace troupe::testing {

inline std::string graph_with(const std::string& steps, const std::string& output) {
  return quoted("{@steps@:[") + steps + quoted("],@output@:@{{") + output + quoted("}}@}");
}

/// Waits for the event "go" with {"x": number}; gives n + x.
inline std::string gate_graph() {
  return graph_with(quoted("{@id@:@w@,@type@:@wait_event@,@name@:@w@,@event@:@go@},") +
                        lua("b", "print('open') return {v=input.n+steps.w.result.x}",
                            "@depends_on@:[@w@]"),
                    "steps.b.result.v");
}

/// Asks a person; gives 2n + 1.
inline std::string approval_graph() {
  return graph_with(quoted("{@id@:@ok@,@type@:@human_task@,@name@:@o@,@task_type@:@approval@},") +
                        lua("b", "return {v=2*input.n+1}", "@depends_on@:[@ok@]"),
                    "steps.b.result.v");
}

/// 25 rounds, four at a time.
inline std::string loop_graph() {
  return graph_with(
      quoted("{@id@:@each@,@type@:@for_each@,@name@:@e@,@for_each_items@:{@count@:25},"
             "@for_each_max_parallel@:4,@for_each_body_steps@:[{@id@:@b@,@type@:@lua_script@,"
             "@script@:@return {v=item*input.n}@}]}"),
      "steps.each.result.results");
}

/// Waits `ticks` times, each time behind a step that counts on; gives n + ticks.
inline std::string ticking_graph(int ticks, double wait_s) {
  std::string steps = lua("s0", "return {v=input.n}");
  for (int i = 1; i <= ticks; ++i) {
    const std::string now = std::to_string(i);
    const std::string before = std::to_string(i - 1);
    steps += quoted(",{@id@:@w" + now + "@,@type@:@wait@,@name@:@w@,@duration_s@:" +
                    std::to_string(wait_s) + ",@depends_on@:[@s" + before + "@]},");
    steps += lua("s" + now, "return {v=steps.s" + before + ".result.v+1}",
                 "@depends_on@:[@w" + now + "@]");
  }
  return graph_with(steps, "steps.s" + std::to_string(ticks) + ".result.v");
}

/// Milliseconds since midnight of a time such as 2026-01-01T00:00:00.000Z.
inline long long ms_of_day(const std::string& time) {
  return ((std::stoll(time.substr(11, 2)) * 60 + std::stoll(time.substr(14, 2))) * 60 +
          std::stoll(time.substr(17, 2))) * 1000 + std::stoll(time.substr(20, 3));
}

}  // namespace troupe::testing
