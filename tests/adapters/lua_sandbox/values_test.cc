// JSON to Lua and back, as API.md says ("Lua and JSON").
#include "tests/adapters/lua_sandbox/sandbox_fixture.h"

namespace troupe::lua_sandbox {
namespace {

class LuaValues : public SandboxTest {
 protected:
  void SetUp() override { start(); }
};

TEST_F(LuaValues, GlobalsBecomeTablesAndResultsBecomeJson) {
  EXPECT_EQ(value("local p=steps.fetch_product.result return {total=p.price*2}",
                  R"({"steps":{"fetch-product":{"result":{"price":19.99,"name":"Widget"}}}})"),
            R"({"total":39.98})");
  EXPECT_EQ(value("return {v=item*2, i=index}", R"({"item":3,"index":0})").size(),
            std::string(R"({"v":6,"i":0})").size());
}

TEST_F(LuaValues, IntegersStayIntegersAndFloatsStayFloats) {
  EXPECT_EQ(value("return {input.a}", R"({"input":{"a":9223372036854775807}})"),
            "[9223372036854775807]");
  EXPECT_EQ(value("return {input.a, 2.0, 7//2, 7/2, 1e300, -0.0}", R"({"input":{"a":2.0}})"),
            "[2.0,2.0,3,3.5,1e+300,-0.0]");
  EXPECT_EQ(
      value("return {math.type(input.a), math.type(input.b)}", R"({"input":{"a":1.0,"b":1}})"),
      R"(["float","integer"])");
}

TEST_F(LuaValues, ArraysAreKeptEvenWhenEmpty) {
  EXPECT_EQ(value("return {a=input.a}", R"({"input":{"a":[]}})"), R"({"a":[]})");
  EXPECT_EQ(value("table.remove(input.a) return {a=input.a}", R"({"input":{"a":[1]}})"),
            R"({"a":[]})");
  EXPECT_EQ(value("return {a={}}"), R"({"a":{}})");
  EXPECT_EQ(value("return array{}"), "[]");
  EXPECT_EQ(value("return array{1,2}"), "[1,2]");
  EXPECT_EQ(value("local t={} for i=5,1,-1 do t[i]=i end return t"), "[1,2,3,4,5]");
}

TEST_F(LuaValues, NullIsAbsentInObjectsAndJsonNullInArrays) {
  EXPECT_EQ(value("return {input.a == nil, input.l[2] == json.null, #input.l}",
                  R"({"input":{"a":null,"l":[1,null,3]}})"),
            "[true,true,3]");
  EXPECT_EQ(value("return {l=input.l}", R"({"input":{"l":[1,null]}})"), R"({"l":[1,null]})");
  EXPECT_EQ(value("return {item == nil}", R"({"item":null})"), "[true]");
}

TEST_F(LuaValues, WhatIsNotJsonIsRefusedAndNamed) {
  EXPECT_EQ(value("return {a={b={1,print}}}"), "result_not_json: result.a.b[2] is a function");
  EXPECT_EQ(value("return {x=0/0}"), "result_not_json: result.x is not a number (NaN)");
  EXPECT_EQ(value("return {x=math.huge}"), "result_not_json: result.x is infinite");
  EXPECT_EQ(value("local t={} t.me=t return t"), "result_not_json: result.me contains itself");
  EXPECT_EQ(value("return {x='\\xff'}"), "result_not_json: result.x is a string that is not UTF-8");
  EXPECT_EQ(value("return {x={1,2,a=3}}").substr(0, 24), "result_not_json: result.");
  EXPECT_EQ(value("return {1,nil,3}"), "result_not_json: result is an array with holes");
  EXPECT_EQ(value("local t={} for i=1,80 do t={t} end return t").substr(0, 16), "result_not_json:");
}

TEST_F(LuaValues, SixtyFourLevelsAreAllowedAndNoMore) {
  EXPECT_EQ(value("local t={1} for i=1,63 do t={t} end return t"),
            std::string(64, '[') + "1" + std::string(64, ']'));
  EXPECT_EQ(value("local t={1} for i=1,64 do t={t} end return t").substr(0, 16),
            "result_not_json:");
}

TEST_F(LuaValues, OnlyATableIsAResult) {
  EXPECT_EQ(value("return 5"), "result_not_table: the script returned a number, not a table");
  EXPECT_EQ(value("local x = 1"), "result_not_table: the script returned nothing, not a table");
}

TEST_F(LuaValues, StringsSurviveEscapes) {
  EXPECT_EQ(value("return {input.s}", R"({"input":{"s":"a\"\\\/\b\n\u00e9\ud83d\ude00"}})"),
            "[\"a\\\"\\\\/\\u0008\\né😀\"]");
  EXPECT_EQ(value("return {#input.s}", R"({"input":{"s":"\u0000x"}})"), "[2]");
}

TEST_F(LuaValues, ATrueIdWinsOverAnAlias) {
  EXPECT_EQ(value("return {steps.a_b.result.v, steps['a-b'].result.v}",
                  R"({"steps":{"a-b":{"result":{"v":1}},"a_b":{"result":{"v":2}}}})"),
            "[2,1]");
  EXPECT_EQ(value("local n=0 for k in pairs(steps) do n=n+1 end return {n, steps.a_b.result.v}",
                  R"({"steps":{"a-b":{"result":{"v":1}},"c":{}}})"),
            "[2,1]");
}

TEST_F(LuaValues, GlobalsAreSeenByEveryWayOfLooking) {
  const std::string globals = R"({"input":{"a":1},"item":2,"other":3})";
  EXPECT_EQ(value("local n={} for k in pairs(_G) do n[#n+1]=k end table.sort(n) return n", globals),
            R"(["input","item","other"])");
  EXPECT_EQ(value("return {rawget(_G,'item'), next(_G) ~= nil}", globals), "[2,true]");
  EXPECT_EQ(value("input = nil return {input == nil, other}", globals), "[true,3]");
  EXPECT_EQ(value("input = 7 return {input}", globals), "[7]");
}

TEST_F(LuaValues, JsonLibraryReadsAndWrites) {
  EXPECT_EQ(value("return {json.encode({a={1,2}}), json.decode('{\"x\":[1,null]}').x[1]}"),
            R"(["{\"a\":[1,2]}",1])");
  EXPECT_EQ(value("return {pcall(json.decode, '[1,]')}").substr(0, 7), "[false,");
  EXPECT_EQ(value("return {(pcall(json.decode, '01'))}"), "[false]");
  EXPECT_EQ(value("return {(pcall(json.encode, print))}"), "[false]");
  EXPECT_EQ(value("return {tostring(json.null)}"), R"(["null"])");
}

}  // namespace
}  // namespace troupe::lua_sandbox
