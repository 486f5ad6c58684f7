#include "runtime/store/found.h"

#include <gtest/gtest.h>

namespace troupe::store {
namespace {

const WorkspaceId kWorkspace{Uuid{1, 1}};
const ProjectId kProject{Uuid{2, 2}};
const TenantScope kScope{kWorkspace, kProject};

RunRow run(std::uint64_t number, std::int64_t created = 0) {
  RunRow row;
  row.id = RunId(Uuid{3, number});
  row.workspace = kWorkspace;
  row.project = kProject;
  row.created = {created};
  return row;
}

TEST(StoreFound, ABodyUnderAnotherKeyIsDamageAndNoAnswer) {
  const auto right = under(run(1).id, Found<RunRow>(run(1)));
  ASSERT_TRUE(right.ok());
  EXPECT_TRUE(right->has_value());
  const auto wrong = under(run(2).id, Found<RunRow>(run(1)));
  ASSERT_FALSE(wrong.ok());
  EXPECT_EQ(wrong.error().code, Code::kCorrupt);
  const auto none = under(run(2).id, Found<RunRow>(std::nullopt));
  ASSERT_TRUE(none.ok());
  EXPECT_FALSE(none->has_value());
}

TEST(StoreFound, WhatTheScopeMayNotSeeIsNotThere) {
  const TenantScope other{kWorkspace, ProjectId(Uuid{2, 3})};
  const auto hidden = visible_to(other, Found<RunRow>(run(1)));
  ASSERT_TRUE(hidden.ok());
  EXPECT_FALSE(hidden->has_value());
  const auto seen = visible_to(TenantScope{kWorkspace, std::nullopt}, Found<RunRow>(run(1)));
  ASSERT_TRUE(seen.ok());
  EXPECT_TRUE(seen->has_value());
}

TEST(StoreFound, RowsOfSeveralWalksBecomeOnePageNewestFirst) {
  const std::vector<RunRow> found{run(1, 10), run(3, 30), run(2, 20), run(3, 30)};
  const auto page = runs_page(kScope, {}, found, {2, ""});
  ASSERT_TRUE(page.ok());
  ASSERT_EQ(page->items.size(), 2u);
  EXPECT_EQ(page->items[0].id, run(3).id);
  EXPECT_EQ(page->items[1].id, run(2).id);
  EXPECT_FALSE(page->next_cursor.empty());
}

TEST(StoreFound, ARowOfAnotherScopeDamagesAList) {
  RunRow stray = run(1);
  stray.project = ProjectId(Uuid{2, 3});
  const auto page = runs_page(kScope, {}, {run(2), stray}, {});
  ASSERT_FALSE(page.ok());
  EXPECT_EQ(page.error().code, Code::kCorrupt);
}

TEST(StoreFound, APendingTaskThatIsDecidedDamagesItsList) {
  TaskRow task;
  task.workspace = kWorkspace;
  task.project = kProject;
  task.pending = true;
  EXPECT_TRUE(pending_page(kScope, {task}, {}).ok());
  task.pending = false;
  EXPECT_FALSE(pending_page(kScope, {task}, {}).ok());
}

}  // namespace
}  // namespace troupe::store
