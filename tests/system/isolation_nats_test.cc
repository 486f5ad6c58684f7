// The same as isolation_test.cc for the ways in over NATS: each of their subjects, by everybody who
// may not. The cases come from the table of doors.
#include "adapters/nats/door.h"
#include "tests/support/nats_server.h"
#include "tests/system/cluster_bus.h"
#include "tests/system/isolation.h"

namespace troupe::testing {
namespace {

constexpr int kPatienceMs = 20'000;

/// The broker lets everybody publish everything, so that only the tokens are a wall.
struct OpenBroker {
  NatsServer nats;
};

class NatsIsolation : private OpenBroker, public Isolation {
 protected:
  explicit NatsIsolation(const std::string& submissions = "token")
      : Isolation({{"TROUPE_NATS__URL", nats.url()}, {"TROUPE_NATS__SUBMISSIONS", submissions}}),
        bus_(nats.url()) {}

  static std::string subject_of(const nats::Door& door, const std::string& workspace,
                                const std::string& project) {
    std::string subject = door.subject;
    for (const std::string& name : {workspace, project}) {
      subject.replace(subject.find('*'), 1, name);
    }
    return subject;
  }
  /// How often a door has refused, or taken, what came to it.
  double counted(const nats::Door& door, const std::string& outcome) const {
    const std::string text = Api(server_).get("/metrics").text;
    const std::string name = "troupe_nats_submissions_total{kind=\"" + std::string(door.name) +
                             "\",outcome=\"" + outcome + "\"} ";
    const std::size_t at = text.find(name);
    return at == std::string::npos ? 0 : std::stod(text.substr(at + name.size()));
  }
  /// The answer's error, or "" where nothing is wrong. Who is not answered is seen by the count.
  std::string knock(const nats::Door& door, const std::string& workspace,
                    const std::string& project, const std::string& token) {
    const std::string body = R"({"workflow_id":")" + ids_.at("{id}") + "\"}";
    const std::string subject = subject_of(door, workspace, project);
    if (door.name == nats::kSubmitDoor.name) {
      const auto reply = bus_.request(subject, body, "", kPatienceMs, token);
      if (!reply) return "no answer";
      if (!reply->error.empty()) last_refusal_ = reply->body;
      return reply->error;
    }
    const double before = counted(door, "refused") + counted(door, "accepted");
    const double refused = counted(door, "refused");
    EXPECT_TRUE(bus_.publish(subject, body, "", token));
    EXPECT_TRUE(eventually(kPatienceMs, [&] {
      return counted(door, "refused") + counted(door, "accepted") > before;
    }));
    return counted(door, "refused") > refused ? "refused" : "";
  }
  /// `code` where there is an answer to say it in.
  void expect_refused(const nats::Door& door, const std::string& workspace,
                      const std::string& project, const std::string& token,
                      const std::string& code) {
    const bool is_answered = door.name == nats::kSubmitDoor.name;
    EXPECT_EQ(knock(door, workspace, project, token), is_answered ? code : "refused")
        << subject_of(door, workspace, project) << " " << code;
  }

  Bus bus_;
  std::string last_refusal_;
};

TEST_F(NatsIsolation, NobodyStartsAnythingWhereTheyMayNot) {
  const std::string eve = token_of(*eve_).text;
  const std::string bob = token_of(*bob_).text;
  const std::string reader = token_of(*ada_, R"(["workflow:read"])").text;
  const std::string revoked = revoked_token_of(*ada_).text;
  const std::string before = state();
  for (const nats::Door& door : nats::kDoors) {
    expect_refused(door, "acme", "web", eve, "not_found");
    const std::string foreign = last_refusal_;
    expect_refused(door, "nowhere", "web", eve, "not_found");
    EXPECT_EQ(last_refusal_, foreign);
    expect_refused(door, "evil", "_", eve, "not_found");  // acme's workflow in her own place
    expect_refused(door, "acme", "hidden", bob, "not_found");
    const std::string hidden = last_refusal_;
    expect_refused(door, "acme", "nowhere", bob, "not_found");
    EXPECT_EQ(last_refusal_, hidden);
    expect_refused(door, "acme", "web", bob, "forbidden");
    expect_refused(door, "acme", "web", reader, "forbidden");
    const std::string session = ada_->cookie().substr(ada_->cookie().find('=') + 1);
    for (const std::string& token : {revoked, session, std::string(), std::string("x")}) {
      expect_refused(door, "acme", "web", token, "unauthorized");
    }
  }
  EXPECT_EQ(state(), before);
}

TEST_F(NatsIsolation, WhoMayStartsRunsUntilTheTokenIsRevoked) {
  const Token token = token_of(*ada_, R"(["workflow:run"])");
  const auto runs = [&] {
    return at(ada_->in("acme", "web").get("/v1/runs").body, "/items").as_array().size();
  };
  const std::size_t before = runs();
  for (const nats::Door& door : nats::kDoors) {
    EXPECT_EQ(knock(door, "acme", "web", token.text), "") << door.name;
  }
  EXPECT_EQ(runs(), before + nats::kDoors.size());
  ASSERT_EQ(ada_->api().call("DELETE", "/v1/tokens/" + token.id).status, 204);
  for (const nats::Door& door : nats::kDoors) {
    expect_refused(door, "acme", "web", token.text, "unauthorized");
  }
}

class NatsBrokerIsolation : public NatsIsolation {
 protected:
  NatsBrokerIsolation() : NatsIsolation("broker") {}
};

TEST_F(NatsBrokerIsolation, WhereTheBrokerDecidesATokenStillCounts) {
  const std::string bob = token_of(*bob_).text;
  for (const nats::Door& door : nats::kDoors) {
    EXPECT_EQ(knock(door, "acme", "web", ""), "") << door.name;
    expect_refused(door, "acme", "web", bob, "forbidden");
    expect_refused(door, "acme", "web", "x", "unauthorized");
  }
}

}  // namespace
}  // namespace troupe::testing
