#include "tests/system/crash_programs.h"

#include "tests/system/system_test.h"

namespace troupe::testing {
namespace {

std::string graph_of(const std::string& steps, const std::string& output) {
  return quoted("{@steps@:[") + steps + quoted("],@output@:@{{") + output + quoted("}}@}");
}

/// Long enough that kills land inside of it, too.
const std::string kWork = "local n=0 for i=1,200000 do n=n+i end ";

Program loop_program() {
  std::string steps = quoted(
      "{@id@:@each@,@type@:@for_each@,@name@:@e@,@for_each_items@:{@count@:25},"
      "@for_each_max_parallel@:4,@for_each_body_steps@:[{@id@:@b@,@type@:@lua_script@,"
      "@script@:@return {v=item*input.n}@}]},");
  steps += lua("sum",
               "local s=0 for _,r in ipairs(steps.each.result.results) do s=s+r.result.v end "
               "return {v=s}",
               "@depends_on@:[@each@]");
  return {"for_each", graph_of(steps, "steps.sum.result.v"), false,
          [](long long n) { return 300 * n; }};
}

Program while_program() {
  const std::string steps = quoted(
      "{@id@:@loop@,@type@:@while@,@name@:@w@,@while_mode@:@until@,@while_max_iterations@:20,"
      "@while_eval_script@:@return {pass=body.inc.v>=input.n+5}@,"
      "@while_body_steps@:[{@id@:@inc@,@type@:@lua_script@,@script@:@local p=loop.prev "
      "return {v=(p and p.inc.v or input.n)+1}@}]}");
  return {"while", graph_of(steps, "steps.loop.result.last.inc.v"), false,
          [](long long n) { return n + 5; }};
}

Program human_program() {
  const std::string steps =
      lua("a", "return {v=input.n*2}") +
      quoted(",{@id@:@ok@,@type@:@human_task@,@name@:@o@,@task_type@:@approval@,"
             "@depends_on@:[@a@]},") +
      lua("b", "return {v=steps.a.result.v+1}", "@depends_on@:[@ok@]");
  return {"human", graph_of(steps, "steps.b.result.v"), true,
          [](long long n) { return 2 * n + 1; }};
}

Program wait_program() {
  const std::string steps =
      quoted("{@id@:@w@,@type@:@wait@,@name@:@w@,@duration_s@:0.1},") +
      lua("b", "return {v=input.n+7}", "@depends_on@:[@w@]");
  return {"wait", graph_of(steps, "steps.b.result.v"), false, [](long long n) { return n + 7; }};
}

Program child_program(const std::string& workflow) {
  const std::string steps =
      quoted("{@id@:@sub@,@type@:@run_workflow@,@name@:@s@,@workflow_id@:@" + workflow +
             "@,@input@:{@n@:@{{input.n}}@}},") +
      lua("b", "return {v=input.n*1000}", "@depends_on@:[@sub@]");
  // The child's output is a number, and so is what the template reads of it.
  return {"child", graph_of(steps, "steps.sub.result"), false,
          [](long long n) { return n + 6; }};
}

Program retry_program() {
  const std::string steps =
      lua("r", kWork + "error('again')",
          "@retry@:{@max_attempts@:3,@initial_ms@:20,@on@:[@lua_error@]},@on_error@:@continue@") +
      "," +
      lua("b", "return {v=input.n-1}", "@depends_on@:[@r@]");
  return {"retry", graph_of(steps, "steps.b.result.v"), false, [](long long n) { return n - 1; }};
}

}  // namespace

Program chain_program() {
  std::string steps = lua("s1", kWork + "return {v=input.n+1}");
  for (int i = 2; i <= 6; ++i) {
    const std::string before = "s" + std::to_string(i - 1);
    steps += "," + lua("s" + std::to_string(i),
                       kWork + "return {v=steps." + before + ".result.v+1}",
                       "@depends_on@:[@" + before + "@]");
  }
  return {"chain", graph_of(steps, "steps.s6.result.v"), false, [](long long n) { return n + 6; }};
}

std::vector<Program> mixed_programs(const std::string& chain_workflow) {
  return {chain_program(), loop_program(),  while_program(),
          human_program(), wait_program(),  child_program(chain_workflow),
          retry_program()};
}

}  // namespace troupe::testing
