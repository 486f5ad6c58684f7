#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

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

/// Answers one connection with the same bytes, whatever it is asked.
class LyingServer {
 public:
  explicit LyingServer(std::string answer) : listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    EXPECT_EQ(::listen(listener_, 1), 0);
    port = ntohs(address.sin_port);
    thread_ = std::thread([this, answer = std::move(answer)] {
      const int peer = ::accept(listener_, nullptr, nullptr);
      char asked[4096];
      if (::recv(peer, asked, sizeof asked, 0) > 0) {
        (void)::send(peer, answer.data(), answer.size(), MSG_NOSIGNAL);
      }
      while (::recv(peer, asked, sizeof asked, 0) > 0) {}
      ::close(peer);
    });
  }
  ~LyingServer() {
    thread_.join();
    ::close(listener_);
  }
  std::uint16_t port = 0;

 private:
  int listener_;
  std::thread thread_;
};

TEST_F(HttpClient, ChunkThatIsLargerThanAnyMemoryIsRefused) {
  LyingServer server("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                     "1\r\na\r\nffffffffffffffff\r\nbc");
  auto options = http_client::options_for_url("http://127.0.0.1");
  ASSERT_TRUE(options.ok());
  options->port = server.port;
  options->request_time = seconds(5);
  const auto response = http_client::Client(*options).get("/");
  ASSERT_FALSE(response.ok());
  EXPECT_NE(response.error().message.find("a wrong chunk"), std::string::npos)
      << response.error().message;
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
