#include "adapters/nats/examination.h"

#include <gtest/gtest.h>

namespace troupe::nats {
namespace {

TEST(NatsExamination, OldServersAndTheFirstOfANewLineAreKnownToBeOpen) {
  for (const char* version : {"2.9.10", "2.10.26", "2.11.0", "2.11.0-RC.1", "1.4.1", "dev"}) {
    EXPECT_TRUE(has_known_holes(version)) << version;
  }
  for (const char* version : {"2.10.27", "2.10.28-binary", "2.11.1", "2.12.0", "3.0.0"}) {
    EXPECT_FALSE(has_known_holes(version)) << version;
  }
}

}  // namespace
}  // namespace troupe::nats
