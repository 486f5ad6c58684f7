#include "runtime/graph/source_position.h"

#include <gtest/gtest.h>

namespace troupe::graph {
namespace {

TEST(SourcePosition, PointerBecomesLineAndColumn) {
  const auto text = json::Text::parse("{\n  \"é\": 1,\n  \"steps\": [ {\"id\": \"a\"},\n    7]\n}");
  ASSERT_TRUE(text.ok());
  struct Row {
    const char* pointer;
    std::size_t line, column;
  };
  const Row rows[] = {
      {"", 1, 1},   {"/steps", 3, 12},          {"/steps/0/id", 3, 21}, {"/steps/1", 4, 5},
      {"/é", 2, 8}, {"/steps/0/script", 3, 14}, {"/steps/9/x", 3, 12},
  };
  for (const Row& row : rows) {
    const auto found = position_of(*text, row.pointer);
    ASSERT_TRUE(found.has_value()) << row.pointer;
    EXPECT_EQ(found->line, row.line) << row.pointer;
    EXPECT_EQ(found->column, row.column) << row.pointer;
  }
  EXPECT_FALSE(position_of(*text, "steps").has_value());
  EXPECT_FALSE(position_of(json::Text(), "").has_value());
}

}  // namespace
}  // namespace troupe::graph
