#include "adapters/postgres/examination.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "adapters/system/clock.h"
#include "tests/support/postgres_server.h"

namespace troupe::testing {
namespace {

/// The machine's own, moved.
class MovedClock final : public Clock {
 public:
  explicit MovedClock(Duration by) : by_(by) {}
  TimePoint now() const override { return clock_.now() + by_; }

 private:
  system::SystemClock clock_;
  Duration by_;
};

TEST(PostgresExamination, ClocksThatDisagreeShowByHowMuch) {
  postgres::Options options;
  options.conninfo = postgres_server().conninfo();
  options.schema = fresh_schema();
  const auto found = postgres::examine(options, MovedClock(seconds(-90)));
  ASSERT_TRUE(found.ok()) << found.error().message;
  EXPECT_LE(std::abs(found->clock_ahead.us - seconds(90).us), found->clock_doubt.us + 1000);
  EXPECT_EQ(found->schema_version, 0);
}

}  // namespace
}  // namespace troupe::testing
