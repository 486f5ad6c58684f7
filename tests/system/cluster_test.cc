#include <gtest/gtest.h>

#include "tests/system/cluster_fixture.h"
#include "tests/system/system_test.h"

namespace troupe::testing {
namespace {

TEST(Cluster, ComesUp) {
  const long long t=now_ms();
  TestCluster cluster(3, {{"TROUPE_CLUSTER__LEASE_MS", "2000"}});
  cluster.start_all();
  fprintf(stderr,"up %lld ms\n", now_ms()-t);
  for (auto& [n,c]: cluster.shares()) fprintf(stderr,"%s %d\n", n.c_str(), c);
  Api api = cluster.api(0);
  const std::string wf = api.publish("{\"steps\":[" + lua("a","return {v=1}") + "]}");
  const std::string run = cluster.api(1).start(wf);
  const Json end = cluster.api(2).wait_end(run);
  fprintf(stderr,"%s\n", boost::json::serialize(end).c_str());
  for (auto& e : cluster.api(0).events(run)) fprintf(stderr,"%s\n", boost::json::serialize(e).c_str());
  fprintf(stderr,"%s\n", cluster.last_words().c_str());
}

}  // namespace
}  // namespace troupe::testing
