// The server under TLS, asked by foreign clients: curl and openssl.
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "adapters/http/certificate.h"
#include "tests/adapters/http/http_fixture.h"
#include "tests/conformance/temporary_directory.h"
#include "tests/support/kept_log.h"

namespace troupe::testing {
namespace {

/// What a shell command writes, and its exit code.
struct Ran {
  std::string output;
  int code = -1;
};
Ran shell(const std::string& command) {
  Ran ran;
  FILE* const pipe = ::popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return ran;
  char some[4096];
  for (std::size_t n; (n = std::fread(some, 1, sizeof some, pipe)) > 0;) ran.output.append(some, n);
  ran.code = WEXITSTATUS(::pclose(pipe));
  return ran;
}

class HttpTls : public HttpFixture {
 protected:
  std::string file(const std::string& name) const { return directory_.file(name); }
  /// A certificate of its own for localhost, named so that a client can tell it from another.
  void make_certificate(const std::string& name) {
    const Ran made = shell(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
        " -addext subjectAltName=DNS:localhost -subj /CN=" + name + " -keyout " +
        file(name + ".key") + " -out " + file(name + ".pem"));
    ASSERT_EQ(made.code, 0) << made.output;
  }
  /// What the server reads: put in place at once, as who renews a certificate does.
  void use(const std::string& name) {
    for (const char* const kind : {".pem", ".key"}) {
      std::filesystem::copy_file(file(name + kind), file("next"),
                                 std::filesystem::copy_options::overwrite_existing);
      std::filesystem::rename(file("next"), file(std::string("used") + kind));
    }
  }
  Result<std::unique_ptr<http::Certificate>> open() {
    return http::Certificate::open({file("used.pem"), file("used.key")}, log_);
  }
  void SetUp() override {
    make_certificate("first");
    use("first");
    auto opened = open();
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    certificate_ = *std::move(opened);
    certificate = certificate_.get();
    log = &log_;
    serve();
  }
  Ran curl(const std::string& trusted, const std::string& arguments = "") const {
    return shell("curl -sS --max-time 20 -H 'Authorization: Bearer secret' --cacert " +
               file(trusted + ".pem") + " " + arguments + " https://localhost:" +
               std::to_string(port) + "/v1/workflows");
  }
  /// Asks until the server shows this certificate; false after ten seconds.
  bool comes_to_show(const std::string& name) const {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (std::chrono::steady_clock::now() < until) {
      if (curl(name).code == 0) return true;
    }
    return false;
  }

  TemporaryDirectory directory_;
  KeptLog log_;
  std::unique_ptr<http::Certificate> certificate_;
};

TEST_F(HttpTls, ServesTls12And13AndNothingElse) {
  for (const char* const version : {"--tlsv1.2 --tls-max 1.2", "--tlsv1.3"}) {
    const Ran answer = curl("first", std::string("-D - ") + version);
    EXPECT_EQ(answer.code, 0) << answer.output;
    EXPECT_NE(answer.output.find("200 OK"), std::string::npos) << answer.output;
    EXPECT_NE(answer.output.find("Strict-Transport-Security: max-age="), std::string::npos);
  }
  EXPECT_NE(curl("first", "--tlsv1.0 --tls-max 1.1").code, 0);
  const Ran clear =
      shell("curl -sS --max-time 20 http://localhost:" + std::to_string(port) + "/livez");
  EXPECT_NE(clear.code, 0) << "a request in the clear: " << clear.output;
}

TEST_F(HttpTls, CarriesBodiesThatNeedManyRecords) {
  std::ofstream(file("body.json")) << R"({"name":"n","graph":{"steps":[],"note":")"
                                   << std::string(900'000, 'x') << R"("}})";
  const Ran made = curl("first", "-H 'Content-Type: application/json' --data-binary @" +
                                     file("body.json"));
  EXPECT_NE(made.output.find("xxxxxxxx"), std::string::npos) << made.output.substr(0, 300);
  EXPECT_GT(made.output.size(), 900'000u);
}

TEST_F(HttpTls, CarriesAWebSocket) {
  const std::string request =
      "GET " + in_run("/stream") + " HTTP/1.1\\r\\nHost: localhost\\r\\n"
      "Authorization: Bearer secret\\r\\nConnection: Upgrade\\r\\nUpgrade: websocket\\r\\n"
      "Sec-WebSocket-Version: 13\\r\\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\\r\\n\\r\\n";
  const Ran answer =
      shell("printf '" + request + "' | timeout 20 openssl s_client -quiet -CAfile " +
            file("first.pem") + " -connect localhost:" + std::to_string(port));
  EXPECT_NE(answer.output.find("101 Switching Protocols"), std::string::npos) << answer.output;
}

TEST_F(HttpTls, ReadsANewCertificateWhileItServes) {
  make_certificate("second");
  use("second");
  EXPECT_TRUE(comes_to_show("second"));
  EXPECT_NE(curl("first").code, 0);
}

TEST_F(HttpTls, KeepsItsCertificateWhileTheNewFilesMakeNone) {
  std::ofstream(file("used.pem")) << "no certificate\n";
  const auto is_told = [this] {
    return log_.text().find("the TLS certificate could not be read again") != std::string::npos;
  };
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!is_told() && std::chrono::steady_clock::now() < until) {
    ASSERT_EQ(curl("first").code, 0);
  }
  EXPECT_TRUE(is_told()) << "nobody was told";
  make_certificate("second");
  use("second");
  EXPECT_TRUE(comes_to_show("second"));
}

TEST_F(HttpTls, AHandshakeThatFailsIsInTheLog) {
  EXPECT_NE(curl("first", "--tlsv1.0 --tls-max 1.1").code, 0);
  EXPECT_TRUE(log_.wait_for("a connection was not made safe")) << log_.text();
  EXPECT_NE(log_.text().find("address=127.0.0.1"), std::string::npos) << log_.text();
}

TEST_F(HttpTls, RefusesToStartWithFilesThatMakeNoCertificate) {
  make_certificate("second");
  std::filesystem::copy_file(file("second.key"), file("used.key"),
                             std::filesystem::copy_options::overwrite_existing);
  const auto of_another = open();
  ASSERT_FALSE(of_another.ok());
  EXPECT_EQ(of_another.error().code, Code::kConfigInvalid);
  EXPECT_NE(of_another.error().message.find("used.key"), std::string::npos);
  std::filesystem::remove(file("used.pem"));
  const auto absent = open();
  ASSERT_FALSE(absent.ok());
  EXPECT_NE(absent.error().message.find("used.pem"), std::string::npos);
}

}  // namespace
}  // namespace troupe::testing
