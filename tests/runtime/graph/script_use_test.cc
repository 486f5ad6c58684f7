#include "runtime/graph/script_use.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/runtime/graph/graph_fixture.h"

namespace troupe::graph {
namespace {

/// "input item a,b *": globals, step names, and * for all steps.
std::string names(std::string_view source) {
  const ScriptNames found = names_in_script(source);
  std::string out;
  for (const std::string& step : found.steps) out += (out.empty() ? "" : ",") + step;
  if (found.all_steps) out += "*";
  if (found.input) out += " input";
  if (found.item) out += " item";
  if (found.index) out += " index";
  if (found.loop) out += " loop";
  if (found.body) out += " body";
  if (found.run) out += " run";
  return out;
}

TEST(ScriptUse, NamesOutsideStringsAndCommentsCount) {
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"return {a=steps.a.result.x, b=steps['b-c'].result, c=steps[\"d\"]}", "a,b-c,d"},
      {"return {a = input.x}", " input"},
      {"-- input item\n--[[ steps index ]] --[==[ ]] run ]==]\nreturn {loop=1}", " loop"},
      {"local s = 'input \\' item' .. \"steps\" .. [[index]] .. [=[ run ]] ]=] return {s=body.a}",
       " body"},
      {"return {x=t.input, y=t:item(), z=steps.a.index}", "a"},
      {"return {x='a'..input}", " input"},
      {"for k,v in pairs(steps) do end", "*"},
      {"return {x=steps[input.id]}", "* input"},
      {"return {x=steps['a'..'b']}", "*"},
      {"return {x=steps['a\\x62']}", "*"},
      {"return {x=steps . a, y=steps --c\n.b}", "a,b"},
      {"local s = steps return {x=s.a}", "*"},
      {"return {x=inputs, y=my_item, z=index2}", ""},
      {"return {x=_ENV.steps}", "* input item index loop body run"},
      {"return {x=_G['inp'..'ut']}", "* input item index loop body run"},
      {"return {x=load('return steps')()}", "* input item index loop body run"},
      {"return {x=0x1p-3 ..index, y=1e+5, z=.5}", " index"},
      {"'unfinished input", ""},
      {"--[[ unfinished input", ""},
      {"--", ""},
      {"", ""},
      {"steps", "*"},
      {"steps.", "*"},
      {"steps['x'", "*"},
  };
  for (const auto& [source, expected] : rows) EXPECT_EQ(names(source), expected) << source;
}

TEST(ScriptUse, UnderscoresStandForHyphensAndOnlyUpstreamStepsCount) {
  const GraphFixture fixture;
  const Parsed parsed = fixture.parse_text(R"g({"steps":[
    {"id":"a-b","type":"wait","duration_s":1},
    {"id":"a_b","type":"wait","duration_s":1},
    {"id":"c-d-e","type":"wait","duration_s":1},
    {"id":"late","type":"wait","duration_s":1},
    {"id":"s","type":"lua_script","depends_on":["a-b","a_b","c-d-e"],
     "script":"return {x=steps.a_b.result, y=steps.c_d_e.input, z=steps.late}"},
    {"id":"exact","type":"lua_script","depends_on":["a-b","a_b"],
     "script":"return {x=steps['a-b'].result}"},
    {"id":"l","type":"for_each","depends_on":["c-d-e"],"for_each_items":[1],"for_each_body_steps":[
      {"id":"x","type":"lua_script",
       "script":"return {x=steps.c_d_e.result, y=body, z=input}"}]}]})g");
  ASSERT_NE(parsed.graph, nullptr) << listing(parsed);
  const auto& steps = parsed.graph->steps;
  EXPECT_EQ(std::get<LuaScript>(steps[4].work).use.steps,
            (std::vector<std::string>{"a-b", "a_b", "c-d-e"}));
  EXPECT_EQ(std::get<LuaScript>(steps[5].work).use.steps, std::vector<std::string>{"a-b"});
  const auto& inner = std::get<ForEach>(steps[6].work).body->steps[0];
  EXPECT_EQ(std::get<LuaScript>(inner.work).use.steps, std::vector<std::string>{"c-d-e"});
  EXPECT_TRUE(std::get<LuaScript>(inner.work).use.body);
  EXPECT_FALSE(std::get<LuaScript>(inner.work).use.item);
}

}  // namespace
}  // namespace troupe::graph
