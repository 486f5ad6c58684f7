#include "runtime/store/run_list.h"

#include <gtest/gtest.h>

namespace troupe::store {
namespace {

const Uuid kId{0x0123456789abcdef, 0x8123456789abcdef};

RunList list_of(const RunFilter& filter) {
  const auto list = RunList::of(filter, {});
  TROUPE_ENSURE(list.ok());
  return *list;
}

TEST(RunList, APageBeginsBehindItsCursorAndWithinTheFiltersInstants) {
  RunFilter filter;
  filter.from = {100};
  filter.to = {200};
  const auto first = RunList::of(filter, {20, ""});
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(first->created_from, 100);
  EXPECT_EQ(first->created_to, 199);
  EXPECT_EQ(first->limit, 21u);
  const Page next{20, encode_cursor(ListKind::kRuns, {150, kId})};
  const auto second = RunList::of(filter, next);
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(second->created_to, 150);
  EXPECT_EQ(second->from.id, kId);
  const auto none = RunList::of(filter, {20, "no cursor"});
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().code, Code::kInvalidRequest);
}

TEST(RunList, ATextIsSoughtInExternalIdsAndWhereARunsIdMayBeginWithIt) {
  RunFilter filter;
  EXPECT_FALSE(list_of(filter).is_search());
  filter.q = "0123";
  EXPECT_TRUE(list_of(filter).is_search());
  EXPECT_TRUE(list_of(filter).by_id_prefix());
  EXPECT_EQ(list_of(filter).external(), "0123");
  const auto ids = list_of(filter).ids();
  EXPECT_LE(ids.first, kId);
  EXPECT_GE(ids.second, kId);
  filter.q = "order-7";
  EXPECT_TRUE(list_of(filter).is_search());
  EXPECT_FALSE(list_of(filter).by_id_prefix());
  EXPECT_GT(list_of(filter).ids().first, list_of(filter).ids().second);
}

TEST(RunList, ATextBesideAnExternalIdNarrowsToRunsWhoseIdsBeginWithIt) {
  RunFilter filter;
  filter.external_id = "order-7";
  filter.q = "order";
  EXPECT_TRUE(list_of(filter).by_external());
  EXPECT_FALSE(list_of(filter).narrows_id());
  filter.q = "0123";
  EXPECT_TRUE(list_of(filter).narrows_id());
  EXPECT_FALSE(list_of(filter).by_id_prefix());
  EXPECT_EQ(list_of(filter).external(), "order-7");
}

}  // namespace
}  // namespace troupe::store
