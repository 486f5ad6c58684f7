#include "adapters/lua_sandbox/syntax.h"

#include <gtest/gtest.h>

#include <string>

namespace troupe::lua_sandbox {
namespace {

TEST(LuaSyntax, AScriptThatCompilesIsFineAndIsNotRun) {
  const Syntax syntax;
  EXPECT_TRUE(syntax.check("return {total = steps.a.result.price * 2}", "calc").ok());
  EXPECT_TRUE(syntax.check("while true do end", "calc").ok());
  EXPECT_TRUE(syntax.check("", "calc").ok());
}

TEST(LuaSyntax, TheMessageNamesTheLine) {
  const Status status = Syntax().check("local a = 1\nlocal = 2", "calc");
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, Code::kLuaSyntax);
  EXPECT_EQ(status.error().message, "line 2: <name> expected near '='");
}

TEST(LuaSyntax, BytecodeAndBombsAreRefused) {
  const Syntax small(std::size_t{1} << 20);
  EXPECT_FALSE(small.check(std::string("\x1bLuaT\0", 6), "b").ok());
  EXPECT_FALSE(small.check("return " + std::string(5000, '('), "deep").ok());
  std::string large = "return {";
  for (int i = 0; i < 100000; ++i) large += "'" + std::to_string(i) + "',";
  const Status status = small.check(large + "}", "large");
  ASSERT_FALSE(status.ok());
  EXPECT_NE(status.error().message.find("memory"), std::string::npos);
}

}  // namespace
}  // namespace troupe::lua_sandbox
