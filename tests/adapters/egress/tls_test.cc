// Whom the way out believes: certificates of the system's authorities, and those of a file.
#include <gtest/gtest.h>

#include <future>

#include "adapters/egress/client.h"
#include "tests/conformance/temporary_directory.h"
#include "tests/support/process.h"

namespace troupe::egress {
namespace {

using testing::Process;

class EgressTls : public ::testing::Test {
 protected:
  EgressTls() {
    make_certificate("server", "IP:127.0.0.1");
    make_certificate("other", "DNS:example.org");
  }
  void make_certificate(const std::string& name, const std::string& names) {
    const auto made = testing::run_program(
        {.arguments = {"/usr/bin/openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                       "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=" + name,
                       "-addext", "subjectAltName=" + names, "-keyout", dir_.file(name + ".key"),
                       "-out", dir_.file(name + ".pem")}});
    EXPECT_EQ(made.exit, 0) << made.err;
  }
  /// A server with a certificate, and its URL.
  std::pair<std::unique_ptr<Process>, std::string> serve(const std::string& name,
                                                         const std::string& version = "-tls1_3") {
    auto process = std::make_unique<Process>(testing::Command{
        .arguments = {"/usr/bin/openssl", "s_server", "-accept", "127.0.0.1:0", "-www", "-cert",
                      dir_.file(name + ".pem"), "-key", dir_.file(name + ".key"), version}});
    const std::string line = process->wait_for_line("ACCEPT ", 20'000);
    return {std::move(process), "https://127.0.0.1" + line.substr(line.rfind(':')) + "/"};
  }
  static Result<EgressResponse> ask(const std::string& url, const std::string& ca_file) {
    auto client = Client::start({.allowed = *parse_networks("127.0.0.1"), .ca_file = ca_file});
    EXPECT_TRUE(client);
    std::promise<Result<EgressResponse>> answer;
    (*client)->send({.url = url},
                    [&](Result<EgressResponse> got) { answer.set_value(std::move(got)); });
    return answer.get_future().get();
  }

  testing::TemporaryDirectory dir_;
};

TEST_F(EgressTls, BelievesTheAuthoritiesOfTheFileAndNobodyElse) {
  const auto [server, url] = serve("server");
  const auto stranger = ask(url, "");
  ASSERT_FALSE(stranger);
  EXPECT_EQ(stranger.error().code, Code::kUnavailable) << stranger.error().message;
  const auto known = ask(url, dir_.file("server.pem"));
  ASSERT_TRUE(known) << known.error().message;
  EXPECT_EQ(known->status, 200);
  EXPECT_FALSE(ask(url, dir_.file("other.pem")));
}

TEST_F(EgressTls, ACertificateOfAnotherNameIsNone) {
  const auto [server, url] = serve("other");
  EXPECT_EQ(ask(url, dir_.file("other.pem")).error().code, Code::kUnavailable);
}

TEST(EgressOptions, AFileThatIsNotThereIsSaid) {
  EXPECT_EQ(Client::start({.ca_file = "/nowhere/ca.pem"}).error().code, Code::kInvalidRequest);
}

}  // namespace
}  // namespace troupe::egress
