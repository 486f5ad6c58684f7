#include "actors/store/version_cache.h"

#include <gtest/gtest.h>

namespace troupe::actors {
namespace {

std::shared_ptr<const Published> version(std::uint64_t workflow, std::int32_t number,
                                         std::int32_t latest) {
  auto published = std::make_shared<Published>();
  published->workflow.id = WorkflowId{Uuid{workflow, 1}};
  published->workflow.latest_version = latest;
  published->version = number;
  return published;
}

TEST(VersionCache, WhatAWorkflowsRowSaysIsReadAgainOnceTheRowHasChanged) {
  VersionCache cache;
  const WorkflowId id{Uuid{1, 1}};
  cache.put(version(1, 1, 1), cache.doubts());
  cache.put(version(2, 1, 1), cache.doubts());
  EXPECT_NE(cache.find(id, 0), nullptr);
  cache.doubt(id);
  EXPECT_EQ(cache.find(id, 0), nullptr);
  EXPECT_EQ(cache.find(id, 1), nullptr) << "the workflow may be archived by now";
  EXPECT_NE(cache.compiled(id, 1), nullptr);
  EXPECT_NE(cache.find(WorkflowId{Uuid{2, 1}}, 0), nullptr);
  cache.doubt_all();
  EXPECT_EQ(cache.find(WorkflowId{Uuid{2, 1}}, 0), nullptr);
}

TEST(VersionCache, ARowThatWasReadBeforeItsChangeIsNotBelievedAfterIt) {
  VersionCache cache;
  const WorkflowId id{Uuid{1, 1}};
  const std::uint64_t before = cache.doubts();
  cache.doubt(id);  // the next version is published while somebody still holds the old row
  cache.put(version(1, 1, 1), before);
  EXPECT_EQ(cache.find(id, 0), nullptr);
  EXPECT_EQ(cache.find(id, 1), nullptr);
  EXPECT_NE(cache.compiled(id, 1), nullptr);
  cache.put(version(1, 2, 2), cache.doubts());
  ASSERT_NE(cache.find(id, 0), nullptr);
  EXPECT_EQ(cache.find(id, 0)->version, 2);
}

TEST(VersionCache, TheLeastRecentlyUsedGoesFirst) {
  VersionCache cache(2);
  cache.put(version(1, 1, 1), cache.doubts());
  cache.put(version(2, 1, 1), cache.doubts());
  EXPECT_NE(cache.find(WorkflowId{Uuid{1, 1}}, 1), nullptr);
  cache.put(version(3, 1, 1), cache.doubts());
  EXPECT_NE(cache.find(WorkflowId{Uuid{1, 1}}, 1), nullptr);
  EXPECT_EQ(cache.find(WorkflowId{Uuid{2, 1}}, 1), nullptr);
}

}  // namespace
}  // namespace troupe::actors
