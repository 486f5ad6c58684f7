// What lies between two versions of a graph.
#include "runtime/graph/diff.h"

#include <gtest/gtest.h>

namespace troupe::graph {
namespace {

using Texts = std::vector<std::string>;

TEST(Differences, AreNamedAsDeepAsTheyCanBe) {
  const struct {
    const char* before;
    const char* after;
    Texts pointers;
  } cases[] = {
      {R"({"a":1,"b":[1,2]})", R"({ "b" : [1.0, 2], "a":1e0 })", {}},
      {R"({"a":1})", R"({"a":2})", {"/a"}},
      {R"({"a":{"b":{"c":1,"d":2}}})", R"({"a":{"b":{"c":2,"e":2}}})",
       {"/a/b/c", "/a/b/d", "/a/b/e"}},
      {R"({"a":[{"x":1},{"x":2}]})", R"({"a":[{"x":1},{"x":3}]})", {"/a/1/x"}},
      {R"({"a":[1,2]})", R"({"a":[1]})", {"/a"}},
      {R"({"a":{}})", R"({"a":[]})", {"/a"}},
      {R"({"a/b":1,"c~d":1})", R"({"a/b":2,"c~d":2})", {"/a~1b", "/c~0d"}},
      {"1", "2", {""}},
  };
  for (const auto& one : cases) {
    EXPECT_EQ(differences(one.before, one.after), one.pointers) << one.before << one.after;
  }
}

TEST(GraphDiff, GoesByTheIdsOfSteps) {
  const GraphDiff found = diff(
      R"({"params":{"n":1},"steps":[{"id":"a","script":"x"},{"id":"b"},
          {"id":"c","retry_count":1}]})",
      R"({"params":{"n":2},"output":"o","steps":[{"id":"d"},{"id":"a","script":"y","retry_count":2},
          {"id":"c","retry_count":1}]})");
  EXPECT_EQ(found.added, Texts{"d"});
  EXPECT_EQ(found.removed, Texts{"b"});
  ASSERT_EQ(found.changed.size(), 1u);
  EXPECT_EQ(found.changed[0].id, "a");
  EXPECT_EQ(found.changed[0].pointers, (Texts{"/retry_count", "/script"}));
  EXPECT_EQ(found.pointers, (Texts{"/output", "/params/n"}));
  EXPECT_FALSE(found.moved);
}

TEST(GraphDiff, KnowsAnotherOrderFromAnotherGraph) {
  const char* const one = R"({"steps":[{"id":"a"},{"id":"b"}]})";
  const char* const other = R"({"steps":[{"id":"b"},{"id":"a"}]})";
  EXPECT_TRUE(diff(one, one).empty());
  EXPECT_TRUE(diff(one, other).moved);
  EXPECT_FALSE(diff(one, other).empty());
  EXPECT_TRUE(diff(one, other).changed.empty());
}

TEST(GraphDiff, LooksIntoBodies) {
  const GraphDiff found =
      diff(R"({"steps":[{"id":"l","for_each_body_steps":[{"id":"x","script":"1"}]}]})",
           R"({"steps":[{"id":"l","for_each_body_steps":[{"id":"x","script":"2"}]}]})");
  ASSERT_EQ(found.changed.size(), 1u);
  EXPECT_EQ(found.changed[0].pointers, Texts{"/for_each_body_steps/0/script"});
}

TEST(GraphDiff, IsWrittenAsTheApiShowsIt) {
  EXPECT_EQ(to_json(diff(R"({"steps":[{"id":"a","x":1}]})", R"({"steps":[{"id":"a","x":2}]})")),
            R"({"steps":{"added":[],"removed":[],"changed":[{"id":"a","pointers":["/x"]}],)"
            R"("moved":false},"pointers":[]})");
}

}  // namespace
}  // namespace troupe::graph
