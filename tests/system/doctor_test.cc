// `troupe doctor` on what nodes share: a database, its members, and NATS.
#include <map>

#include "tests/support/nats_server.h"
#include "tests/support/postgres_server.h"
#include "tests/system/system_test.h"

namespace troupe::testing {
namespace {

struct Check {
  std::string verdict;
  std::string detail;
};

class Doctor : public SystemTest {
 protected:
  Environment on(const PostgresServer& server) const {
    return {{"TROUPE_STORE__KIND", "postgres"},
            {"TROUPE_POSTGRES__URL", server.conninfo()},
            {"TROUPE_POSTGRES__SCHEMA", schema_},
            {"TROUPE_CLUSTER__NODE_NAME", "first"},
            {"TROUPE_CLUSTER__LEASE_MS", "3000"}};
  }
  /// The last check of each name.
  std::map<std::string, Check> checks(const Environment& environment, int exit = 0) const {
    const Outcome said = troupe({"doctor", "--data-dir", data_dir(), "--json"}, environment);
    EXPECT_EQ(said.exit, exit) << said.out << said.err;
    std::map<std::string, Check> found;
    const Json answer = parse_json(said.out);
    for (const Json& check : at(answer, "/checks").as_array()) {
      found[text_at(check, "/name")] = {text_at(check, "/verdict"), text_at(check, "/detail")};
    }
    return found;
  }
  static ::testing::AssertionResult tells(const Check& check, const std::string& verdict,
                                          const std::string& part) {
    if (check.verdict == verdict && check.detail.find(part) != std::string::npos) {
      return ::testing::AssertionSuccess();
    }
    return ::testing::AssertionFailure() << check.verdict << ": " << check.detail;
  }

  std::string schema_ = fresh_schema();
};

TEST_F(Doctor, AnEmptyDatabaseIsNoTroubleAndIsLeftEmpty) {
  for (int time = 0; time < 2; ++time) {
    auto found = checks(on(postgres_server()));
    EXPECT_TRUE(tells(found["database"], "ok", "synchronous_commit=on fsync=on"));
    EXPECT_TRUE(tells(found["database clock"], "ok", "this machine's"));
    EXPECT_TRUE(tells(found["database log"], "warn", "min_wal_size=80MB"));
    EXPECT_TRUE(tells(found["schema"], "warn", "is not there yet"));
    EXPECT_FALSE(found.contains("members"));
    EXPECT_FALSE(found.contains("store")) << "a data directory of a shared store has none";
  }
}

TEST_F(Doctor, MembersSlotsAndLeasesAreShownWhileANodeLivesAndAfterItsDeath) {
  const Environment environment = on(postgres_server());
  Server node(data_dir(), environment);
  node.start();
  auto found = checks(environment);
  EXPECT_TRUE(tells(found["schema"], "ok", schema_ + ": version 5"));
  EXPECT_TRUE(tells(found["members"], "ok", "first: 1024 slots, lease for another "));
  EXPECT_TRUE(tells(found["slots"], "ok", "each has an owner"));
  EXPECT_TRUE(tells(found["tails"], "ok", "none"));
  node.kill_hard();
  const long long deadline = now_ms() + 10'000;
  do {
    found = checks(environment);
  } while (found["members"].verdict == "ok" && now_ms() < deadline);
  EXPECT_TRUE(tells(found["members"], "warn", "its lease ran out"));

  node.start();
  EXPECT_EQ(node.terminate().exit, 0);
  found = checks(environment);
  EXPECT_TRUE(tells(found["members"], "warn", "no node has joined"));
  EXPECT_TRUE(tells(found["slots"], "ok", "1024 have no owner; the first node takes them"));
}

TEST_F(Doctor, AServerThatCouldLoseCommitsOrIsNotThereFails) {
  const PostgresServer weak({"fsync=off"});
  EXPECT_TRUE(tells(checks(on(weak), 1)["database"], "fail", "fsync reads back as off"));
  const Environment nowhere = {{"TROUPE_STORE__KIND", "postgres"},
                               {"TROUPE_POSTGRES__URL", "host=" + folder() + " user=x"}};
  EXPECT_TRUE(tells(checks(nowhere, 1)["database"], "fail", "is not available"));
}

TEST_F(Doctor, ABrokerIsShownWithItsHolesAndItsStream) {
  NatsServer broker;
  Environment environment = on(postgres_server());
  environment.emplace_back("TROUPE_NATS__URL", broker.url());
  auto found = checks(environment);
  // The tests run Debian 12's server, which is an old one.
  EXPECT_TRUE(tells(found["nats"], "warn", "CVE-2025-30215"));
  EXPECT_TRUE(tells(found["jetstream"], "ok", "no stream yet"));
  Server node(data_dir(), environment);
  node.start();
  const long long deadline = now_ms() + 10'000;
  do {
    found = checks(environment);
  } while (found["jetstream"].detail.find("no stream") != std::string::npos &&
           now_ms() < deadline);
  EXPECT_TRUE(tells(found["jetstream"], "ok", "0 submissions wait"));
  EXPECT_EQ(node.terminate().exit, 0);
  broker.kill();
  EXPECT_TRUE(tells(checks(environment, 1)["nats"], "fail", "No NATS server"));
}

}  // namespace
}  // namespace troupe::testing
