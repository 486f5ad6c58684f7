#include "adapters/nats/connection.h"

#include <signal.h>

#include <fstream>

#include "adapters/nats/nkey.h"
#include "tests/adapters/nats/nats_fixture.h"
#include "tests/adapters/nats/nats_identity.h"

namespace troupe::nats {
namespace {

using testing::Arrivals;
using testing::Certificates;
using testing::kPatience;
using testing::NatsServer;
using testing::Nkey;

class NatsConnection : public testing::NatsFixture {
 protected:
  /// Says something to itself and hears it.
  void expect_works(Connection& connection) {
    ASSERT_TRUE(connection.wait_until_connected(kPatience)) << log.text();
    Arrivals<std::string> heard;
    const auto subscription = connection.subscribe(
        "test.self", "", [&](const Message& message) { heard.add(std::string(message.body())); });
    ASSERT_TRUE(connection.publish({"test.self", "", "hello", {}}).ok());
    EXPECT_EQ(heard.at(0), "hello");
  }
  void expect_refused_options(const Options& wrong, std::string_view part) {
    const auto made = Connection::open(wrong, {log, metrics, entropy});
    ASSERT_FALSE(made.ok());
    EXPECT_EQ(made.error().code, Code::kConfigInvalid);
    EXPECT_NE(made.error().message.find(part), std::string::npos) << made.error().message;
    EXPECT_EQ(made.error().message.find("hunter2"), std::string::npos);
  }
};

TEST_F(NatsConnection, StartsWithoutAServerAndFindsItLater) {
  start_server();
  server->kill();
  Arrivals<std::string> heard;
  const auto connection = connect(options());
  const auto early = connection->subscribe(
      "test.early", "", [&](const Message& message) { heard.add(std::string(message.body())); });
  ASSERT_TRUE(log.wait_for("there is no connection"));
  EXPECT_FALSE(connection->connected());
  const Status refused = connection->publish({"test.early", "", "lost", {}});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kUnavailable);
  server->start();
  ASSERT_TRUE(connection->wait_until_connected(kPatience));
  ASSERT_TRUE(connection->publish({"test.early", "", "found", {}}).ok());
  EXPECT_EQ(heard.at(0), "found");
  EXPECT_EQ(connection->reconnects(), 0u);
}

TEST_F(NatsConnection, SubscriptionsOutlastARestartOfTheServer) {
  start_server();
  const auto connection = connect();
  Arrivals<std::string> heard;
  const auto subscription = connection->subscribe(
      "test.again", "", [&](const Message& message) { heard.add(std::string(message.body())); });
  server->kill();
  wait_until_disconnected(*connection);
  server->start();
  ASSERT_TRUE(connection->wait_until_connected(kPatience));
  ASSERT_TRUE(connection->publish({"test.again", "", "x", {}}).ok());
  EXPECT_EQ(heard.at(0), "x");
  EXPECT_TRUE(shows("troupe_nats_reconnects_total 1"));
}

TEST_F(NatsConnection, AnEndedSubscriptionHearsNothing) {
  start_server();
  const auto connection = connect();
  Arrivals<std::string> heard;
  const auto hear = [&](const Message& message) { heard.add(std::string(message.subject())); };
  auto ended = connection->subscribe("test.*", "", hear);
  const auto other = connection->subscribe("other.*", "", hear);
  ended = nullptr;
  ASSERT_TRUE(connection->publish({"test.a", "", "", {}}).ok());
  ASSERT_TRUE(connection->flush(kPatience).ok());
  ASSERT_TRUE(connection->publish({"other.a", "", "", {}}).ok());
  ASSERT_TRUE(heard.wait_for(1));
  EXPECT_EQ(heard.all(), std::vector<std::string>{"other.a"});
}

TEST_F(NatsConnection, AHandlerMayEndItsOwnSubscription) {
  start_server();
  const auto connection = connect();
  Arrivals<int> heard;
  std::unique_ptr<Subscription> subscription;
  subscription = connection->subscribe("test.once", "", [&](const Message&) {
    subscription = nullptr;
    heard.add(1);
  });
  ASSERT_TRUE(connection->publish({"test.once", "", "", {}}).ok());
  EXPECT_TRUE(heard.wait_for(1));
  expect_works(*connection);
}

TEST_F(NatsConnection, AServerThatHangsIsGivenUp) {
  start_server();
  Options impatient = options();
  impatient.ping_interval = milliseconds(100);
  impatient.connect_timeout = milliseconds(200);
  const auto connection = connect(impatient);
  ASSERT_TRUE(connection->wait_until_connected(kPatience));
  server->signal(SIGSTOP);
  EXPECT_TRUE(log.wait_for("NATS is disconnected"));
  server->signal(SIGCONT);
  expect_works(*connection);
}

TEST_F(NatsConnection, ALoginThatIsRefusedIsTriedUntilItIsAccepted) {
  start_server("authorization { user: troupe, password: other }");
  Options named = options();
  named.login.user = "troupe";
  named.login.password = "hunter2";
  const auto connection = connect(named);
  ASSERT_TRUE(log.wait_for("there is no connection"));
  server->kill();
  server->start("authorization { user: troupe, password: hunter2 }");
  expect_works(*connection);
  // The library itself ends a connection whose login is refused twice in a row.
  server->kill();
  server->start("authorization { user: troupe, password: other }");
  ASSERT_TRUE(log.wait_for("the library has given up"));
  server->kill();
  server->start("authorization { user: troupe, password: hunter2 }");
  expect_works(*connection);
  EXPECT_GE(connection->reconnects(), 1u);
  EXPECT_EQ(log.text().find("hunter2"), std::string::npos);
}

TEST_F(NatsConnection, APasswordInAUrlIsNotLogged) {
  start_server("authorization { user: troupe, password: hunter2 }");
  Options named = options();
  named.urls = {"nats://troupe:hunter2@127.0.0.1:" + std::to_string(server->port())};
  const auto connection = connect(named);
  expect_works(*connection);
  EXPECT_TRUE(log.wait_for("server=127.0.0.1:"));
  EXPECT_EQ(log.text().find("hunter2"), std::string::npos);
}

TEST_F(NatsConnection, TokensAndNkeysLogIn) {
  start_server("authorization { token: hunter2 }");
  Options with_token = options();
  with_token.login.token = "hunter2";
  expect_works(*connect(with_token));

  const testing::TemporaryDirectory directory;
  const Nkey user(directory.path(), "user", 'U');
  start_server("authorization { users: [ { nkey: " + user.public_key + " } ] }");
  std::ofstream(directory.file("seed")) << user.seed << "\n";
  Options with_nkey = options();
  with_nkey.login.nkey_seed_file = directory.file("seed");
  expect_works(*connect(with_nkey));
  // As tools write it, for people.
  std::ofstream(directory.file("seed")) << "-----BEGIN USER NKEY SEED-----\n" << user.seed
                                        << "\n------END USER NKEY SEED------\n";
  expect_works(*connect(with_nkey));
  EXPECT_EQ(log.text().find(user.seed), std::string::npos);
}

TEST(PublicNkey, IsThatOfTheSeedAndOfNothingElse) {
  const testing::TemporaryDirectory directory;
  for (int i = 0; i < 4; ++i) {
    const Nkey user(directory.path(), "user", 'U');
    EXPECT_EQ(*public_nkey(user.seed), user.public_key);
    std::string torn = user.seed;
    torn[20] = torn[20] == 'A' ? 'B' : 'A';
    EXPECT_EQ(public_nkey(torn).error().code, Code::kConfigInvalid);
    EXPECT_FALSE(public_nkey(user.seed.substr(1)).ok());
    EXPECT_FALSE(public_nkey(user.public_key).ok());
  }
  const Nkey account(directory.path(), "account", 'A');
  const auto refused = public_nkey(account.seed);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().message.find(account.seed), std::string::npos);
}

TEST_F(NatsConnection, ACredentialsFileLogsIn) {
  const testing::TemporaryDirectory directory;
  const Nkey operator_key(directory.path(), "operator", 'O');
  const Nkey account(directory.path(), "account", 'A');
  const Nkey system(directory.path(), "system", 'A');
  const Nkey user(directory.path(), "user", 'U');
  const auto claims = [](const Nkey& issuer, const Nkey& subject, const std::string& nats) {
    return R"({"jti":"1","iat":1700000000,"iss":")" + issuer.public_key +
           R"(","name":"test","sub":")" + subject.public_key + R"(","nats":)" + nats + "}";
  };
  const std::string no_limits =
      R"({"limits":{"subs":-1,"data":-1,"payload":-1,"imports":-1,"exports":-1,)"
      R"("wildcards":true,"conn":-1,"leaf":-1},"type":"account","version":2})";
  const std::string operator_token = operator_key.signed_token(
      claims(operator_key, operator_key, R"({"type":"operator","version":2})"));
  const std::string account_token =
      operator_key.signed_token(claims(operator_key, account, no_limits));
  const std::string system_token =
      operator_key.signed_token(claims(operator_key, system, no_limits));
  const std::string user_token = account.signed_token(
      claims(account, user, R"({"subs":-1,"data":-1,"payload":-1,"type":"user","version":2})"));
  start_server("operator: " + operator_token + "\nsystem_account: " + system.public_key +
               "\nresolver: MEMORY\nresolver_preload: { " + account.public_key + ": " +
               account_token + ", " + system.public_key + ": " + system_token + " }");
  std::ofstream(directory.file("creds"))
      << "-----BEGIN NATS USER JWT-----\n" << user_token << "\n------END NATS USER JWT------\n\n"
      << "-----BEGIN USER NKEY SEED-----\n" << user.seed << "\n------END USER NKEY SEED------\n";
  Options with_file = options();
  with_file.login.credentials_file = directory.file("creds");
  expect_works(*connect(with_file));
}

TEST_F(NatsConnection, EncryptedLinksCheckBothSides) {
  const testing::TemporaryDirectory directory;
  const Certificates certificates(directory.path());
  start_server("tls { cert_file: \"" + certificates.server + "\", key_file: \"" +
               certificates.server_key + "\", ca_file: \"" + certificates.authority +
               "\", verify: true }");
  Options encrypted = options();
  encrypted.tls.authority_file = certificates.authority;
  encrypted.tls.certificate_file = certificates.client;
  encrypted.tls.key_file = certificates.client_key;
  expect_works(*connect(encrypted));

  Options without_certificate = options();
  without_certificate.tls.authority_file = certificates.authority;
  EXPECT_FALSE(connect(without_certificate)->wait_until_connected(milliseconds(300)));
  Options without_authority = encrypted;
  without_authority.tls.authority_file = "";
  EXPECT_FALSE(connect(without_authority)->wait_until_connected(milliseconds(300)));
}

TEST_F(NatsConnection, ACertificateOfAnotherAddressIsRefused) {
  const testing::TemporaryDirectory directory;
  const Certificates certificates(directory.path(), "127.0.0.9");
  start_server("tls { cert_file: \"" + certificates.server + "\", key_file: \"" +
               certificates.server_key + "\" }");
  Options encrypted = options();
  encrypted.tls.authority_file = certificates.authority;
  EXPECT_FALSE(connect(encrypted)->wait_until_connected(milliseconds(300)));
  EXPECT_TRUE(log.wait_for("SSL Error")) << log.text();
}

TEST_F(NatsConnection, OptionsThatCannotWorkAreRefusedWithoutShowingSecrets) {
  Options wrong;
  wrong.urls = {};
  expect_refused_options(wrong, "no URL");
  wrong.urls = {"nats://127.0.0.1", "http://u:hunter2@127.0.0.1"};
  expect_refused_options(wrong, "number 2");
  wrong = Options();
  wrong.login.user = "u";
  wrong.login.password = wrong.login.token = "hunter2";
  expect_refused_options(wrong, "more than one");
  wrong = Options();
  wrong.login.credentials_file = "/nowhere/creds";
  expect_refused_options(wrong, "/nowhere/creds");
  wrong = Options();
  wrong.login.nkey_seed_file = "/nowhere/seed";
  expect_refused_options(wrong, "nkey");
  wrong.login.nkey_seed_file = "CMakeLists.txt";
  expect_refused_options(wrong, "holds no seed");
  wrong = Options();
  wrong.tls.certificate_file = "/nowhere/cert";
  expect_refused_options(wrong, "certificate and its key");
  wrong = Options();
  wrong.tls.authority_file = "CMakeLists.txt";
  expect_refused_options(wrong, "certificates");
}

}  // namespace
}  // namespace troupe::nats
