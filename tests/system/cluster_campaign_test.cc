// Three nodes, a database and a broker under load, and one fault after another: killed, stopped,
// ended, cut off, slowed, reset, filled up, without power. Clients go on at whichever node answers;
// in the end everything that any of them was promised must be there, once.
//
// TROUPE_CAMPAIGN_SEED repeats the order of things (not the instants at which they hit);
// TROUPE_CAMPAIGN_SECONDS makes it as long as is wanted, with the lease that users have;
// TROUPE_CAMPAIGN_ROWS, as "4 23", tries only some rows of the matrix, to look for what has been
// seen once; TROUPE_CAMPAIGN_REPORT names a file for what came of it; TROUPE_CAMPAIGN_OTHER is
// another build of `troupe`: one node is of that from the start, and each restart one by one
// changes some.
#include "tests/system/cluster_campaign.h"

namespace troupe::testing {
namespace {

TEST_F(ClusterCampaign, EveryAcceptedRunEndsRightWhateverFails) {
  crowd_->start(3, 75, 200, 25);
  const std::vector<Kind> all = wanted_kinds();
  const long long until = now_ms() + static_cast<long long>(seconds_) * 1'000;
  do {
    for (const Kind& kind : in_some_order(all)) {
      commit(kind);
      if (HasFatalFailure()) return;
    }
    swarm(all);
  } while (now_ms() < until);
  report(end_and_check(60'000));
}

}  // namespace
}  // namespace troupe::testing
