#include "actors/events/hub.h"

#include <gtest/gtest.h>

namespace troupe::actors {
namespace {

const RunId kRun{Uuid{1, 1}};

TEST(Hub, AWatcherHearsOfItsRunUntilItStopsWatching) {
  Hub hub;
  int heard = 0;
  const auto id =
      hub.watch(kRun, [&](const Hub::News& news) { heard += static_cast<int>(news.seq); });
  EXPECT_TRUE(hub.watched(kRun));
  hub.tell(kRun, {0, 5, false, {}});
  hub.tell(RunId{Uuid{9, 9}}, {0, 7, false, {}});
  hub.unwatch(id);
  hub.tell(kRun, {0, 11, false, {}});
  EXPECT_EQ(heard, 5);
  EXPECT_FALSE(hub.watched(kRun));
}

TEST(Hub, AScopeSeesItsOwnWorkspaceAndProjectOnly) {
  Hub hub;
  const WorkspaceId mine{Uuid{1, 1}}, foreign{Uuid{2, 2}};
  const ProjectId project{Uuid{3, 3}}, other{Uuid{4, 4}};
  int heard = 0;
  hub.watch_scope({mine, project, std::nullopt},
                  [&](const std::vector<LiveEvent>& events) {
                    heard += static_cast<int>(events.size());
                  });
  store::RunRow row;
  const std::vector<LiveEvent> one{{1, "{}"}};
  row.workspace = mine;
  row.project = project;
  hub.tell_scope(row, one);
  row.project = other;
  hub.tell_scope(row, one);
  row.workspace = foreign;
  row.project = project;
  hub.tell_scope(row, one);
  EXPECT_EQ(heard, 1);
}

}  // namespace
}  // namespace troupe::actors
