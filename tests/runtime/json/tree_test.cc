#include "runtime/json/tree.h"

#include <gtest/gtest.h>

namespace troupe::json {
namespace {

TEST(JsonTree, PartsKeepTheirBytesAndPlaces) {
  const Text text = *Text::parse(R"({"a": [10, {"k\u0041": "v\n"}], "b": null})");
  const Tree tree = parse_tree(text);
  ASSERT_EQ(tree.kind, Kind::kObject);
  ASSERT_EQ(tree.members.size(), 2u);
  const Tree& list = *tree.find("a");
  ASSERT_EQ(list.elements.size(), 2u);
  EXPECT_EQ(list.elements[0].raw, "10");
  EXPECT_EQ(list.elements[0].offset, 7u);
  const Tree& string = *list.elements[1].find("kA");
  EXPECT_EQ(string.kind, Kind::kString);
  EXPECT_EQ(string.string, "v\n");
  EXPECT_EQ(text.view().substr(string.offset, string.raw.size()), R"("v\n")");
  EXPECT_EQ(tree.find("c"), nullptr);
}

TEST(JsonTree, PointerSegmentsAreEscaped) {
  EXPECT_EQ(pointer_to("/a", "b/c~d"), "/a/b~1c~0d");
  EXPECT_EQ(pointer_to("", ""), "/");
}

}  // namespace
}  // namespace troupe::json
