// The way out against servers that count who comes: what may be reached, and within what limits.
#include "adapters/egress/client.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <future>

#include "tests/support/process.h"
#include "tests/support/stub_http.h"

namespace troupe::egress {
namespace {

constexpr const char* kGood = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Kind:  good \r\n\r\nok";

/// A server that says the same to everybody and closes; to say nothing it keeps the connection.
class Witness final : public testing::StubHttp {
 public:
  explicit Witness(const std::string& answer = "")
      : StubHttp([answer](const Request&, Wire& wire) {
          if (answer.empty()) return wire.wait_closed();
          wire.send(answer);
          wire.close();
        }) {}
};

std::unique_ptr<Client> client(const std::string& allowed = "127.0.0.1") {
  auto made = Client::start({.allowed = *parse_networks(allowed)});
  EXPECT_TRUE(made);
  return *std::move(made);
}

Result<EgressResponse> ask(Client& client, EgressRequest request) {
  std::promise<Result<EgressResponse>> answer;
  client.send(std::move(request),
              [&](Result<EgressResponse> result) { answer.set_value(std::move(result)); });
  return answer.get_future().get();
}

TEST(Egress, BringsTheRequestThereAndTheAnswerBack) {
  const Witness witness(kGood);
  const auto out = client();
  const auto answer = ask(*out, {.method = "POST",
                                 .url = witness.url("/a?b=c#fragment"),
                                 .headers = {{"X-One", "1"}, {"X-Empty", ""}},
                                 .body = "hello"});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "ok");
  EXPECT_EQ(answer->header("x-kind"), "good");
  const testing::StubHttp::Request asked = witness.requests().at(0);
  const std::string request = asked.head + "\r\n" + asked.body;
  EXPECT_TRUE(request.starts_with("POST /a?b=c HTTP/1.1\r\n")) << request;
  EXPECT_NE(request.find("\r\nX-One: 1\r\n"), std::string::npos) << request;
  EXPECT_NE(request.find("\r\nX-Empty:"), std::string::npos) << request;
  EXPECT_TRUE(request.ends_with("\r\n\r\nhello")) << request;
}

TEST(Egress, FollowsNoRedirectAndAsksNoProxy) {
  const Witness inside(kGood);
  const Witness witness("HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + inside.url() +
                        "\r\n\r\n");
  ::setenv("http_proxy", inside.url().c_str(), 1);
  ::setenv("ALL_PROXY", inside.url().c_str(), 1);
  const auto out = client();
  const auto answer = ask(*out, {.url = witness.url()});
  ::unsetenv("http_proxy");
  ::unsetenv("ALL_PROXY");
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 302);
  EXPECT_EQ(answer->header("location"), inside.url());
  EXPECT_EQ(inside.connections(), 0);
}

TEST(Egress, KeepsItsLimits) {
  const Witness silent;
  const Witness endless("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" +
                        std::string(5000, 'x'));
  const Witness wordy("HTTP/1.1 200 OK\r\nX: " + std::string(90'000, 'x') + "\r\n\r\n");
  const auto out = client();
  EXPECT_EQ(ask(*out, {.url = silent.url(), .time = milliseconds(50)}).error().code,
            Code::kTimeout);
  EXPECT_EQ(ask(*out, {.url = endless.url(), .body_bytes_max = 4999}).error().code,
            Code::kLimitExceeded);
  EXPECT_TRUE(ask(*out, {.url = endless.url(), .body_bytes_max = 5000}));
  EXPECT_EQ(ask(*out, {.url = wordy.url()}).error().code, Code::kLimitExceeded);
  const auto split = ask(*out, {.url = endless.url(), .headers = {{"A", "b\r\nC: d"}}});
  EXPECT_EQ(split.error().code, Code::kInvalidRequest);
}

TEST(Egress, WhatIsUnderWayIsAnsweredWhenItEnds) {
  const Witness silent;
  auto out = client();
  std::promise<Result<EgressResponse>> answer;
  out->send({.url = silent.url()},
            [&](Result<EgressResponse> result) { answer.set_value(std::move(result)); });
  out.reset();
  EXPECT_EQ(answer.get_future().get().error().code, Code::kUnavailable);
}

TEST(Egress, ACancelledRequestIsNotAnsweredAndItsConnectionIsClosed) {
  testing::StubHttp service([](const auto&, testing::StubHttp::Wire& wire) { wire.wait_closed(); });
  const auto out = client();
  std::atomic<int> answers{0};
  const auto ticket = out->send({.url = service.url()}, [&](const auto&) { ++answers; });
  ASSERT_TRUE(testing::eventually(5'000, [&] { return service.requests().size() == 1; }));
  out->cancel(ticket);
  EXPECT_TRUE(testing::eventually(5'000, [&] { return service.open_connections() == 0; }));
  out->cancel(ticket);
  out->cancel(ticket + 1);
  EXPECT_EQ(answers, 0);
}

TEST(Egress, WhatMayNotBeRepeatedHasAConnectionOfItsOwn) {
  testing::StubHttp service(
      [](const auto&, testing::StubHttp::Wire& wire) { wire.answer(200, "1"); });
  const auto out = client();
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(ask(*out, {.url = service.url()}));
  EXPECT_EQ(service.connections(), 1);
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(ask(*out, {.method = "POST", .url = service.url(), .may_repeat = false}));
  }
  EXPECT_EQ(service.connections(), 4);
}

TEST(Egress, AHostThatHasEnoughKeepsTheOthersInLineForAsLongAsTheyHave) {
  std::atomic<bool> works{false};
  std::atomic<int> most{0};
  testing::StubHttp service([&](const auto&, testing::StubHttp::Wire& wire) {
    testing::eventually(5'000, [&] { return works.load(); });
    most = std::max(most.load(), service.open_connections());
    wire.answer(200, "1");
  });
  const auto out = *Client::start(
      {.allowed = *parse_networks("127.0.0.1"), .hosts = {.requests_max = 2}});
  std::promise<Result<EgressResponse>> answers[6];
  for (int i = 0; i < 6; ++i) {
    const Duration time = i == 5 ? milliseconds(60) : seconds(10);
    out->send({.url = service.url(), .time = time},
              [&, i](Result<EgressResponse> result) { answers[i].set_value(std::move(result)); });
  }
  const auto late = answers[5].get_future().get();
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Code::kTimeout);
  works = true;
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(answers[i].get_future().get()) << i;
  EXPECT_LE(most, 2);
}

TEST(Egress, AHostThatFailsIsLeftAloneByWhoeverItFailed) {
  const auto out = *Client::start({.allowed = *parse_networks("127.0.0.1"),
                                   .hosts = {.failures_max = 3, .pause_min = seconds(60)}});
  testing::StubHttp service([](const auto& request, testing::StubHttp::Wire& wire) {
    wire.answer(request.path == "/bad" ? 500 : 200, "{}");
  });
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(ask(*out, {.url = service.url("/bad"), .scope = "s"}));
  const auto refused = ask(*out, {.url = service.url("/good"), .scope = "s"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kUnavailable);
  EXPECT_TRUE(ask(*out, {.url = service.url("/good"), .scope = "t"}));
  EXPECT_EQ(service.requests().size(), 4u);
}

TEST(Egress, PiecesComeAsTheyAreSentAndAFailureOfTheListenerEndsTheRequest) {
  std::promise<void> heard;
  testing::StubHttp service([&](const auto& request, testing::StubHttp::Wire& wire) {
    if (request.path == "/bad") return wire.answer(429, "slow down");
    wire.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n");
    if (request.path == "/good") heard.get_future().wait();
    wire.send("3\r\ntwo\r\n0\r\n\r\n");
    if (request.path == "/more") wire.wait_closed();
  });
  const auto out = client();
  std::string pieces;
  const auto listen = [&](std::string_view piece) {
    if (pieces.empty()) heard.set_value();
    pieces += piece;
    return ok();
  };
  const auto good = ask(*out, {.url = service.url("/good"), .on_piece = listen});
  ASSERT_TRUE(good) << good.error().message;
  EXPECT_EQ(good->body, "");
  EXPECT_EQ(pieces, "onetwo");
  const auto bad = ask(*out, {.url = service.url("/bad"), .on_piece = listen});
  ASSERT_TRUE(bad);
  EXPECT_EQ(bad->body, "slow down") << "what a failure says is no piece";
  const auto refused = ask(*out, {.url = service.url("/more"), .on_piece = [](std::string_view) {
                                    return Status(Error{Code::kInvalidJson, "no", {}});
                                  }});
  EXPECT_EQ(refused.error().code, Code::kInvalidJson);
  EXPECT_TRUE(testing::eventually(5'000, [&] { return service.open_connections() <= 1; }));
}

TEST(Egress, PlainHttpGoesToAllowedNetworksOnly) {
  const auto out = client("");
  const auto secret = ask(*out, {.url = "http://8.8.8.8:9/", .time = milliseconds(200)});
  ASSERT_FALSE(secret);
  EXPECT_EQ(secret.error().code, Code::kForbidden) << secret.error().message;
  EXPECT_NE(secret.error().message.find("without TLS"), std::string::npos);
}

/// Every way of writing an address of this machine or of a private network that parsers are known
/// to differ about. PORT stands for the witness's.
constexpr const char* kInside[] = {
    "http://127.0.0.1:PORT/", "https://127.0.0.1:PORT/", "HTTP://127.0.0.1:PORT/",
    "http://localhost:PORT/", "http://LOCALHOST:PORT/", "http://localhost.:PORT/",
    "http://127.0.0.1.:PORT/", "http://127.1:PORT/", "http://127.0.1:PORT/",
    "http://2130706433:PORT/", "http://0x7f000001:PORT/", "http://0x7f.0.0.1:PORT/",
    "http://0x7f.1:PORT/", "http://0177.0.0.1:PORT/", "http://017700000001:PORT/",
    "http://0177.1:PORT/", "http://127.000.000.001:PORT/", "http://00000127.0.0.1:PORT/",
    "http://127.0.0.2:PORT/", "http://127.255.255.254:PORT/", "http://0.0.0.0:PORT/",
    "http://0:PORT/", "http://0x0:PORT/", "http://[::1]:PORT/", "http://[0:0:0:0:0:0:0:1]:PORT/",
    "http://[0000::0001]:PORT/", "http://[::]:PORT/", "http://[::ffff:127.0.0.1]:PORT/",
    "http://[::ffff:7f00:1]:PORT/", "http://[0:0:0:0:0:ffff:127.0.0.1]:PORT/",
    "http://[::127.0.0.1]:PORT/", "http://[64:ff9b::7f00:1]:PORT/", "http://[2002:7f00:1::]:PORT/",
    "http://[::1%25lo]:PORT/", "http://[fe80::1%25lo]:PORT/", "http://[::1%lo]:PORT/",
    "http://user@127.0.0.1:PORT/", "http://user:pass@127.0.0.1:PORT/",
    "http://name.invalid@127.0.0.1:PORT/", "http://127.0.0.1:PORT@localhost:PORT/",
    "http://name.invalid#@127.0.0.1:PORT/", "http://name.invalid\\@127.0.0.1:PORT/",
    "http://127.0.0.1:PORT\\@name.invalid/", "http://127.0.0.1\t:PORT/", "http:// 127.0.0.1:PORT/",
    "http://127.0.0.1\r\n:PORT/", "http://127.0.0.1%00.name.invalid:PORT/",
    "http://%31%32%37.0.0.1:PORT/", "http://127%2e0%2e0%2e1:PORT/",
    "http://\xe2\x91\xa0\xe2\x91\xa1\xe2\x91\xa6.0.0.1:PORT/",
    "http://127\xe3\x80\x82" "0.0.1:PORT/",
    "http://\xef\xbc\x91\xef\xbc\x92\xef\xbc\x97.0.0.1:PORT/", "http:127.0.0.1:PORT/",
    "http:/127.0.0.1:PORT/", "http:///127.0.0.1:PORT/", "http:////127.0.0.1:PORT/",
    "//127.0.0.1:PORT/", "127.0.0.1:PORT/", "ftp://127.0.0.1:PORT/", "gopher://127.0.0.1:PORT/_x",
    "dict://127.0.0.1:PORT/x", "telnet://127.0.0.1:PORT/", "ldap://127.0.0.1:PORT/",
    "tftp://127.0.0.1:PORT/x", "smb://127.0.0.1:PORT/x", "file:///etc/hostname",
    "file://127.0.0.1/etc/hostname", "ws://127.0.0.1:PORT/", "unix:/tmp/x", "javascript:alert(1)",
    "http://10.0.0.1/", "http://172.16.0.1/", "http://192.168.0.1/", "http://169.254.169.254/",
    "http://0xa9fea9fe/", "http://2852039166/", "http://100.100.100.200/", "http://192.0.0.192/",
    "http://198.18.0.1/", "http://224.0.0.1/", "http://255.255.255.255/", "http://[fd00::1]/",
    "http://[fe80::1]/", "http://[ff02::1]/", "http://", "http://:PORT/", "http://?", "",
};

TEST(Egress, NoSpellingLeadsInside) {
  const Witness witness(kGood);
  const auto out = client("");
  for (std::string url : kInside) {
    const std::string port = std::to_string(witness.port());
    for (std::size_t at = url.find("PORT"); at != std::string::npos; at = url.find("PORT")) {
      url.replace(at, 4, port);
    }
    // The name server's patience is not what is tried here.
    const auto answer = ask(*out, {.url = url, .time = milliseconds(500)});
    ASSERT_FALSE(answer) << url;
    EXPECT_NE(answer.error().code, Code::kLimitExceeded) << url;
  }
  EXPECT_EQ(witness.connections(), 0);
  EXPECT_GE(std::size(kInside), 60u);
  const auto seen = ask(*client(), {.url = witness.url()});
  EXPECT_TRUE(seen) << "the witness sees who comes";
  EXPECT_EQ(witness.connections(), 1);
}

}  // namespace
}  // namespace troupe::egress
