#include "runtime/tenancy/principal.h"

#include <gtest/gtest.h>

#include "tests/runtime/tenancy/places.h"

namespace troupe::tenancy {
namespace {

const TimePoint kTomorrow = kNow + seconds(86'400);
const TimePoint kLater = kNow + seconds(7 * 86'400);

std::string_view found(const Principal& by, const TokenLimits& wanted) {
  const Status status = check_new_token(by, wanted, kNow);
  return status.ok() ? "ok" : info(status.error().code).name;
}

TEST(Principal, KnowsItsUserAndWhereItIsBound) {
  EXPECT_EQ(user_of(session()), kAda);
  EXPECT_EQ(user_of(token({})), kAda);
  EXPECT_EQ(user_of(Operator{}), std::nullopt);
  EXPECT_EQ(user_of(Nobody{}), std::nullopt);
  const Binding binding{kHere, kProject};
  EXPECT_EQ(binding_of(token({{}, {}, binding})), binding);
  EXPECT_EQ(binding_of(session()), std::nullopt);
}

TEST(NewToken, APersonOrTheOperatorMayMakeAny) {
  EXPECT_EQ(found(session(), {all_scopes(), {}, {}}), "ok");
  EXPECT_EQ(found(session(), {all_scopes(), kTomorrow, Binding{kHere, kProject}}), "ok");
  EXPECT_EQ(found(Operator{}, {all_scopes(), {}, {}}), "ok");
  EXPECT_EQ(found(Nobody{}, {all_scopes(), {}, {}}), "forbidden");
}

TEST(NewToken, NeedsAScopeAndATimeToLive) {
  EXPECT_EQ(found(session(), {}), "validation_failed");
  EXPECT_EQ(found(session(), {all_scopes(), kNow, {}}), "validation_failed");
}

TEST(NewToken, OfATokenIsNeverMoreThanThatToken) {
  const Scopes few{Scope::kTokensManage, Scope::kWorkflowRead};
  const Principal by = token({few, kTomorrow, Binding{kHere, std::nullopt}});
  const Binding here{kHere, std::nullopt};
  EXPECT_EQ(found(by, {few, kTomorrow, here}), "ok");
  EXPECT_EQ(found(by, {Scopes{Scope::kWorkflowRead}, kTomorrow, Binding{kHere, kProject}}), "ok");
  EXPECT_EQ(found(by, {Scopes{Scope::kWorkflowRun}, kTomorrow, here}), "forbidden");
  EXPECT_EQ(found(by, {few, kLater, here}), "forbidden");
  EXPECT_EQ(found(by, {few, {}, here}), "forbidden") << "one that never expires";
  EXPECT_EQ(found(by, {few, kTomorrow, {}}), "forbidden") << "one for every workspace";
  EXPECT_EQ(found(by, {few, kTomorrow, Binding{kElsewhere, {}}}), "forbidden");
  const Principal narrow = token({few, {}, Binding{kHere, kProject}});
  EXPECT_EQ(found(narrow, {few, {}, Binding{kHere, kProject}}), "ok");
  EXPECT_EQ(found(narrow, {few, {}, Binding{kHere, kOtherProject}}), "forbidden");
  EXPECT_EQ(found(narrow, {few, {}, here}), "forbidden") << "one for the whole workspace";
}

}  // namespace
}  // namespace troupe::tenancy
