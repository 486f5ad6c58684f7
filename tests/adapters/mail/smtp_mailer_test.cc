// Letters by a real SMTP server: with TLS and without, with a password, late, refused and lost.
#include "adapters/mail/smtp_mailer.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "adapters/metrics/registry.h"
#include "adapters/system/clock.h"
#include "adapters/system/entropy.h"
#include "tests/support/kept_log.h"
#include "tests/support/smtp_server.h"

namespace troupe::mail {
namespace {

using testing::SmtpServer;

constexpr int kPatienceMs = 20'000;

class SmtpMail : public ::testing::Test {
 protected:
  Options to(const std::string& url) const {
    return {.url = url, .from = "troupe@example.net", .username = {}, .password = {},
            .ca_file = {}, .allow_plain = true, .time = seconds(5),
            .retry_first = milliseconds(50)};
  }
  std::unique_ptr<SmtpMailer> start(Options options) {
    auto made = SmtpMailer::start(std::move(options), {clock_, entropy_, log_, metrics_});
    EXPECT_TRUE(made.ok()) << (made.ok() ? "" : made.error().message);
    return made.ok() ? *std::move(made) : nullptr;
  }
  /// A certificate for 127.0.0.1 and its key.
  std::vector<std::string> certificate() const {
    const std::string key = dir_.file("key.pem"), certificate = dir_.file("certificate.pem");
    const auto made = testing::run_program(
        {{"/usr/bin/openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
          "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=mail", "-addext",
          "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate},
         {}, {}, {}});
    EXPECT_EQ(made.exit, 0) << made.err;
    return {certificate, key};
  }
  double counted(const std::string& outcome) {
    const std::string text = metrics_.exposition();
    const std::string name = "troupe_mails_total{outcome=\"" + outcome + "\"} ";
    const std::size_t at = text.find(name);
    return at == std::string::npos ? 0 : std::stod(text.substr(at + name.size()));
  }

  testing::TemporaryDirectory dir_;
  system::SystemClock clock_;
  system::SystemEntropy entropy_;
  testing::KeptLog log_;
  metrics::Registry metrics_{"test"};
};

TEST_F(SmtpMail, ALetterArrivesAsItWasWritten) {
  const SmtpServer server;
  const auto mailer = start(to(server.url()));
  mailer->send({"ada@example.org", "Hello", "Zürich\n.\nend\n"});
  const auto letters = server.wait_for("ada@example.org");
  ASSERT_EQ(letters.size(), 1u);
  EXPECT_EQ(letters[0].from, "troupe@example.net");
  EXPECT_FALSE(letters[0].by_tls);
  EXPECT_NE(letters[0].text.find("\nSubject: Hello\n"), std::string::npos);
  EXPECT_TRUE(letters[0].text.ends_with("\n\nZürich\n.\nend\n")) << letters[0].text;
}

TEST_F(SmtpMail, WhereTlsIsNeededAServerWithoutItGetsNothing) {
  const SmtpServer server;
  Options options = to(server.url());
  options.allow_plain = false;
  options.tries_max = 2;
  const auto mailer = start(options);
  mailer->send({"ada@example.org", "Hello", "secret\n"});
  EXPECT_TRUE(log_.wait_for("a letter could not be sent")) << log_.text();
  EXPECT_TRUE(server.letters().empty());
  EXPECT_EQ(log_.text().find("secret"), std::string::npos);
}

TEST_F(SmtpMail, TlsIsVerifiedAndBegunEitherWay) {
  const auto files = certificate();
  for (const std::string kind : {"starttls", "smtps"}) {
    const SmtpServer server({kind, files[0], files[1]});
    const std::string scheme = kind == "smtps" ? "smtps" : "smtp";
    Options options = to(scheme + "://127.0.0.1:" + std::to_string(server.port()));
    options.allow_plain = false;
    options.tries_max = 1;
    start(options)->send({"eve@example.org", "Hello", "x\n"});
    options.ca_file = files[0];
    const auto mailer = start(options);
    mailer->send({"ada@example.org", "Hello", "x\n"});
    const auto letters = server.wait_for("ada@example.org");
    ASSERT_EQ(letters.size(), 1u) << kind << log_.text();
    EXPECT_TRUE(letters[0].by_tls || kind == "smtps");
    EXPECT_EQ(server.letters().size(), 1u) << "one whose certificate nobody knows was believed";
  }
}

TEST_F(SmtpMail, AServerThatAsksForAPasswordGetsItByTlsAlone) {
  const auto files = certificate();
  const SmtpServer server({"starttls", files[0], files[1], "troupe", "pass word"});
  Options options = to(server.url());
  options.allow_plain = false;
  options.ca_file = files[0];
  options.username = "troupe";
  options.password = "pass word";
  const auto mailer = start(options);
  mailer->send({"ada@example.org", "Hello", "x\n"});
  ASSERT_EQ(server.wait_for("ada@example.org").size(), 1u) << log_.text();
  options.password = "wrong";
  options.tries_max = 1;
  const auto other = start(options);
  other->send({"bob@example.org", "Hello", "x\n"});
  EXPECT_TRUE(log_.wait_for("a letter could not be sent")) << log_.text();
  EXPECT_EQ(log_.text().find("wrong"), std::string::npos);
  EXPECT_EQ(server.letters().size(), 1u);
}

TEST_F(SmtpMail, WhatIsRefusedForNowComesAgainAndForGoodDoesNot) {
  const SmtpServer server;
  const auto mailer = start(to(server.url()));
  mailer->send({"never@example.org", "Hello", "x\n"});
  mailer->send({"later@example.org", "Hello", "x\n"});
  mailer->send({"ada@example.org", "Hello", "x\n"});
  EXPECT_EQ(server.wait_for("ada@example.org").size(), 1u);
  EXPECT_EQ(server.wait_for("later@example.org").size(), 1u) << log_.text();
  EXPECT_TRUE(log_.wait_for("a letter could not be sent to=never@example.org")) << log_.text();
  EXPECT_EQ(counted("failed"), 1);
  EXPECT_TRUE(server.wait_for("never@example.org", 0).empty());
}

TEST_F(SmtpMail, WhatWaitsIsBoundedAndAnEndDoesNotWaitForIt) {
  int nobody = 0;
  {
    const SmtpServer gone;
    nobody = gone.port();
  }
  Options options = to("smtp://127.0.0.1:" + std::to_string(nobody));
  options.retry_first = seconds(3'600);
  options.waiting_max = 2;
  {
    const auto mailer = start(options);
    for (int i = 0; i < 10; ++i) mailer->send({"ada@example.org", "Hello", "x\n"});
    EXPECT_TRUE(log_.wait_for("a letter is lost: too many wait")) << log_.text();
  }
  EXPECT_TRUE(log_.wait_for("letters are lost: the node has ended")) << log_.text();
  EXPECT_GE(counted("dropped"), 8);
}

TEST_F(SmtpMail, AServerThatSaysNothingHoldsUpNoEnd) {
  const int deaf = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const raw = reinterpret_cast<sockaddr*>(&address);
  ASSERT_EQ(::bind(deaf, raw, size) | ::listen(deaf, 4) | ::getsockname(deaf, raw, &size), 0);
  Options options = to("smtp://127.0.0.1:" + std::to_string(ntohs(address.sin_port)));
  options.time = seconds(60);
  const long long begun = testing::now_ms();
  {
    const auto mailer = start(options);
    mailer->send({"ada@example.org", "Hello", "x\n"});
    // The letter is under way once its connection waits to be taken.
    pollfd waits{deaf, POLLIN, 0};
    ASSERT_EQ(::poll(&waits, 1, kPatienceMs), 1);
  }
  ::close(deaf);
  EXPECT_LT(testing::now_ms() - begun, 5'000);
  EXPECT_TRUE(log_.wait_for("letters are lost: the node has ended count=1")) << log_.text();
}

TEST_F(SmtpMail, SettingsThatCannotBeAreRefused) {
  const Services services{clock_, entropy_, log_, metrics_};
  EXPECT_FALSE(SmtpMailer::start(to("http://127.0.0.1"), services).ok());
  Options options = to("smtp://127.0.0.1");
  options.ca_file = dir_.file("nothing");
  EXPECT_FALSE(SmtpMailer::start(options, services).ok());
}

}  // namespace
}  // namespace troupe::mail
