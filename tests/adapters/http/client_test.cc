#include "tests/adapters/http/http_fixture.h"

namespace troupe::testing {
namespace {

class HttpClient : public HttpFixture {};

TEST_F(HttpClient, UnreachableServerIsUnavailable) {
  serve();
  server.reset();
  http_client::Client lost(client_options());
  const auto response = lost.get("/livez");
  ASSERT_FALSE(response.ok());
  EXPECT_EQ(response.error().code, Code::kUnavailable);
}

TEST_F(HttpClient, ServerThatDoesNotAnswerIsATimeout) {
  serve();
  call("POST", in_workflow("/command"), R"({"command":"start"})");
  engine.hold = true;
  auto impatient = client_options();
  impatient.request_time = milliseconds(20);
  const auto response =
      http_client::Client(impatient).post(in_workflow("/command"), R"({"command":"start"})");
  ASSERT_FALSE(response.ok());
  EXPECT_EQ(response.error().code, Code::kTimeout);
  engine.release();
}

TEST_F(HttpClient, KeptConnectionThatTheServerClosedIsReplaced) {
  serve();
  EXPECT_EQ(client->get("/livez")->status, 200);
  server->stop();
  options.port = port;
  server.reset();
  serve();
  http_client::Client kept(client_options());
  EXPECT_EQ(kept.get("/livez")->status, 200);
}

TEST_F(HttpClient, UrlsAreReadStrictly) {
  const auto plain = http_client::options_for_url("http://localhost:7420");
  ASSERT_TRUE(plain.ok());
  EXPECT_EQ(plain->host, "localhost");
  EXPECT_EQ(plain->port, 7420);
  EXPECT_EQ(http_client::options_for_url("http://[::1]:80/")->host, "::1");
  EXPECT_EQ(http_client::options_for_url("http://a")->port, 80);
  for (const char* bad : {"", "localhost:1", "https://a", "http://", "http://a/b", "http://a:x",
                          "http://a:70000", "http://u@a", "http://:80"}) {
    EXPECT_FALSE(http_client::options_for_url(bad).ok()) << bad;
  }
}

}  // namespace
}  // namespace troupe::testing
