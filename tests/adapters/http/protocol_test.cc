#include "tests/adapters/http/http_fixture.h"
#include "tests/adapters/http/raw_socket.h"

namespace troupe::testing {
namespace {

constexpr std::string_view kAuth = "Authorization: Bearer secret\r\n";

class HttpProtocol : public HttpFixture {
 protected:
  /// The status of the answer to raw bytes; the server must close afterwards.
  int status_after(std::string_view bytes) {
    if (!server) serve();
    RawSocket socket(port);
    socket.send(bytes);
    last_ = socket.read_all();
    return status_of(last_);
  }
  static std::string get(std::string_view path, std::string_view headers = {}) {
    return "GET " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\n" + std::string(headers) +
           "\r\n";
  }
  static std::string start(std::string_view headers, std::string_view body) {
    return "POST " + in_workflow("/command") + " HTTP/1.1\r\nHost: localhost\r\n" +
           std::string(kAuth) + std::string(headers) + "\r\n" + std::string(body);
  }
  static std::string sized(std::string_view body) {
    return start("Content-Type: application/json\r\nContent-Length: " +
                     std::to_string(body.size()) + "\r\n",
                 body);
  }
  std::string last_;
};

TEST_F(HttpProtocol, HeadersThatServersReadDifferentlyAreRefused) {
  const std::pair<const char*, std::string> cases[] = {
      {"bare line feeds", "GET /livez HTTP/1.1\nHost: localhost\n\n"},
      {"a bare line feed in a field", "GET /livez HTTP/1.1\r\nHost: localhost\nX: y\r\n\r\n"},
      {"a folded field", get("/livez", "X: a\r\n b\r\n")},
      {"a space before the colon", get("/livez", "X : a\r\n")},
      {"a field without a colon", get("/livez", "nonsense\r\n")},
      {"an empty field name", get("/livez", ": a\r\n")},
      {"a zero byte", get("/livez", std::string("X: a\0b\r\n", 8))},
      {"a bare carriage return", get("/livez", "X: a\rb\r\n")},
      {"a leading space", " GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"},
      {"no version", "GET /livez\r\nHost: localhost\r\n\r\n"},
      {"version 2", "GET /livez HTTP/2.0\r\nHost: localhost\r\n\r\n"},
      {"no host", "GET /livez HTTP/1.1\r\n\r\n"},
      {"two hosts", get("/livez", "Host: localhost\r\n")},
      {"two lengths", start("Content-Length: 2\r\nContent-Length: 2\r\n", "{}")},
      {"two different lengths", start("Content-Length: 2\r\nContent-Length: 3\r\n", "{} ")},
      {"a list of lengths", start("Content-Length: 2, 2\r\n", "{}")},
      {"a signed length", start("Content-Length: +2\r\n", "{}")},
      {"a negative length", start("Content-Length: -2\r\n", "{}")},
      {"a hexadecimal length", start("Content-Length: 0x2\r\n", "{}")},
      {"an enormous length", start("Content-Length: 99999999999999999999999\r\n", "{}")},
      {"length and chunks",
       start("Content-Length: 2\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")},
      {"chunks and length",
       start("Transfer-Encoding: chunked\r\nContent-Length: 2\r\n", "0\r\n\r\n")},
      {"an unknown coding", start("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n")},
      {"an identity coding", start("Transfer-Encoding: identity\r\n", "{}")},
      {"two codings",
       start("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")},
      {"TLS on a plain port",
       std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 15)},
  };
  for (const auto& [what, bytes] : cases) {
    EXPECT_EQ(status_after(bytes), 400) << what << ": " << last_;
    EXPECT_NE(last_.find("application/problem+json"), std::string::npos) << what;
    EXPECT_NE(last_.find("Connection: close"), std::string::npos) << what;
  }
  EXPECT_TRUE(engine.last_call.empty());
}

TEST_F(HttpProtocol, MalformedChunksAreRefused) {
  for (const char* body : {"zz\r\n{}\r\n0\r\n\r\n", "-1\r\n\r\n", "2\r\n{}X\r\n0\r\n\r\n",
                           "fffffffffffffffff\r\n"}) {
    const int status = status_after(
        start("Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n", body));
    EXPECT_TRUE(status == 400 || status == 413) << body << ": " << last_;
  }
}

TEST_F(HttpProtocol, ChunkHeaderThatNeverEndsIsRefused) {
  const std::string headers = "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n";
  EXPECT_EQ(status_after(start(headers, "2;x=" + std::string(200'000, 'x'))), 400);
  options.limits.body_grace = milliseconds(30);
  server.reset();
  EXPECT_EQ(status_after(start(headers, "2\n{}\n0\n\n")), 408) << "bare line feeds end nothing";
}

TEST_F(HttpProtocol, LargeHeadersAreRefusedWith431) {
  EXPECT_EQ(status_after(get("/livez", "X: " + std::string(17'000, 'a') + "\r\n")), 431);
  std::string many;
  for (int i = 0; i < 120; ++i) many += "X-" + std::to_string(i) + ": y\r\n";
  EXPECT_EQ(status_after(get("/livez", many)), 431);
  EXPECT_EQ(status_after("GET /" + std::string(20'000, 'a')), 431) << "without any line end";
  EXPECT_EQ(
      status_after(get("/livez", "X: " + std::string(8'000, 'a') + "\r\nConnection: close\r\n")),
      200);
}

TEST_F(HttpProtocol, SlowHeadersAndBodiesAreCutOffWith408) {
  options.limits.header_time = milliseconds(30);
  options.limits.body_grace = milliseconds(30);
  EXPECT_EQ(status_after("GET /livez HTTP/1.1\r\nHost: local"), 408);
  EXPECT_EQ(status_after(start("Content-Type: application/json\r\nContent-Length: 50\r\n", "{")),
            408);
}

TEST_F(HttpProtocol, IdleConnectionIsClosedWithoutAWord) {
  options.limits.idle_time = milliseconds(20);
  serve();
  RawSocket socket(port);
  EXPECT_EQ(socket.read_all(), "");
}

TEST_F(HttpProtocol, BodiesOverTheirLimitAreRefusedBeforeTheyAreRead) {
  const std::string json =
      R"({"command":"start","params":{"x":")" + std::string(10 << 20, 'a') + "\"}}";
  const auto large = call("POST", in_workflow("/command"), json);
  EXPECT_EQ(large.status, 413);
  EXPECT_EQ(text_at(large.body, "/code"), "payload_too_large");
  const std::string batch = R"({"items":[{"input":{"x":")" + std::string(10 << 20, 'a') + "\"}}]}";
  EXPECT_EQ(call("POST", in_workflow("/runs:batch"), batch).status, 200)
      << "16 MB are allowed there";
  std::string chunked;
  for (int i = 0; i < 20; ++i) chunked += "10000\r\n" + std::string(0x10000, 'a') + "\r\n";
  EXPECT_EQ(status_after(start("Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n",
                               chunked)),
            413);
  EXPECT_EQ(status_after(get("/livez", "Content-Length: 100000\r\n")), 413);
}

TEST_F(HttpProtocol, ChunkedBodyIsReadWhole) {
  const int status = status_after(
      start("Content-Type: application/json\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n",
            "a;x=y\r\n{\"command\"\r\n9\r\n:\"start\"}\r\n0\r\nTrailer: t\r\n\r\n"));
  EXPECT_EQ(status, 200) << last_;
}

TEST_F(HttpProtocol, ContentTypeMustBeJson) {
  const std::string body = R"({"command":"start"})";
  const auto status = [&](std::string type) {
    return call("POST", in_workflow("/command"), body, {{"Content-Type", std::move(type)}}).status;
  };
  EXPECT_EQ(status("application/json"), 200);
  EXPECT_EQ(status("Application/JSON ; Charset=UTF-8"), 200);
  EXPECT_EQ(status("application/json; charset=\"utf-8\""), 200);
  EXPECT_EQ(status("application/json; charset=latin1"), 415);
  EXPECT_EQ(status("text/plain"), 415);
  EXPECT_EQ(status("application/x-www-form-urlencoded"), 415);
  EXPECT_EQ(status("multipart/form-data; boundary=application/json"), 415);
  EXPECT_EQ(status_after(start("Connection: close\r\nContent-Length: 2\r\n", "{}")), 415);
}

TEST_F(HttpProtocol, TextThatIsNoJsonIsRefusedWith400) {
  const std::string deep = std::string(70, '[') + std::string(70, ']');
  const std::string cases[] = {"",        "{",       "nope",          "{\"a\":1,}",      "{'a':1}",
                               "{} {}",   "\xff\xfe", "{\"a\":\"\xc3\"}", "{\"a\":1,\"a\":2}", deep,
                               "{\"a\":NaN}", "{\"a\":1e999}", std::string("{}\0", 3)};
  for (const std::string& body : cases) {
    const auto response = call("POST", in_workflow("/command"), body);
    EXPECT_EQ(response.status, 400) << body;
    EXPECT_EQ(text_at(response.body, "/code"), "invalid_json") << response.body;
  }
}

TEST_F(HttpProtocol, WrongMethodsAndPathsAreTold) {
  const auto wrong = call("PUT", "/v1/workflows");
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(wrong.header("allow"), "GET, HEAD, POST, OPTIONS");
  EXPECT_EQ(call("BREW", "/v1/workflows").status, 405);
  const auto options_call = call("OPTIONS", in_workflow("/command"));
  EXPECT_EQ(options_call.status, 204);
  EXPECT_EQ(options_call.header("allow"), "POST, OPTIONS");
  EXPECT_EQ(options_call.header("access-control-allow-origin"), "");
  for (const char* path : {"/", "/v1", "/v2/runs", "/v1/workflows/", "/v1//runs", "/v1/runs:burn",
                           "/v1/users", "/V1/runs", "/v1/workflows/x/y/z"}) {
    EXPECT_EQ(call("GET", path).status, 404) << path;
  }
  EXPECT_EQ(call("GET", "/v1/runs?limit=%zz").status, 400);
  EXPECT_EQ(call("GET", "/v1/runs?q=%ff").status, 400);
}

TEST_F(HttpProtocol, HeadAnswersLikeGetWithoutABody) {
  const auto head = call("HEAD", "/v1/workflows");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.body, "");
  EXPECT_EQ(head.header("content-length"),
            std::to_string(call("GET", "/v1/workflows").body.size()));
}

TEST_F(HttpProtocol, PipelinedRequestsAreAnsweredInOrder) {
  serve();
  RawSocket socket(port);
  std::string bytes = "\r\n";  // an empty line before a request is forgiven
  for (int i = 0; i < 50; ++i) {
    bytes += get("/livez", "X-Request-Id: id-" + std::to_string(i) + "\r\n");
    bytes += sized(R"({"command":"start"})");
  }
  bytes += get("/livez", "Connection: close\r\n");
  socket.send(bytes);
  for (int i = 0; i < 50; ++i) {
    socket.read_until("X-Request-Id: id-" + std::to_string(i) + "\r\n");
    socket.read_until("\"run_id\"");
  }
  EXPECT_NE(socket.read_all().find("Connection: close"), std::string::npos);
}

TEST_F(HttpProtocol, RequestInPiecesIsReadWhole) {
  serve();
  RawSocket socket(port);
  const std::string bytes = sized(R"({"command":"start","params":{"a":"b"}})");
  for (const char c : bytes) ASSERT_TRUE(socket.send({&c, 1}));
  EXPECT_EQ(status_of(socket.read_until("\r\n\r\n")), 200);
  EXPECT_EQ(engine.last_start.input.view(), R"({"a":"b"})");
}

TEST_F(HttpProtocol, RefusalKeepsTheConnectionIfTheRequestIsComplete) {
  serve();
  RawSocket socket(port);
  socket.send(get("/v1/runs") + get("/nowhere") + get("/livez", "Connection: close\r\n"));
  EXPECT_EQ(status_of(socket.read_until("}")), 401);
  EXPECT_EQ(status_of(socket.read_until("}")), 404);
  EXPECT_EQ(status_of(socket.read_all()), 200);
}

TEST_F(HttpProtocol, OldClientsAreClosedUnlessTheyAskToBeKept) {
  EXPECT_EQ(status_after("GET /livez HTTP/1.0\r\nHost: localhost\r\n\r\n"), 200);
  RawSocket socket(port);
  socket.send("GET /livez HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_NE(socket.read_until("\r\n\r\n").find("Connection: keep-alive"), std::string::npos);
}

TEST_F(HttpProtocol, ExpectedContinueComesBeforeTheBody) {
  serve();
  RawSocket socket(port);
  socket.send(start(
      "Content-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: 19\r\n", ""));
  EXPECT_EQ(socket.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  socket.send(R"({"command":"start"})");
  EXPECT_EQ(status_of(socket.read_until("\r\n\r\n")), 200);
  RawSocket refused(port);
  refused.send(start("Expect: 100-continue\r\nContent-Length: 99999999\r\n", ""));
  EXPECT_EQ(status_of(refused.read_until("\r\n\r\n")), 413);
}

TEST_F(HttpProtocol, HostMustNameThisServer) {
  options.host_names = {"troupe.internal"};
  const auto status = [&](std::string host) {
    return call("GET", "/livez", {}, {{"Host", std::move(host)}}).status;
  };
  for (const char* host :
       {"localhost", "LocalHost:1", "127.0.0.1:80", "[::1]:7420", "troupe.internal"}) {
    EXPECT_EQ(status(host), 200) << host;
  }
  for (const char* host : {"evil.example", "localhost.evil.example", "127.0.0.1.evil.example"}) {
    EXPECT_EQ(status(host), 403) << host;
  }
}

TEST_F(HttpProtocol, RequestIdIsEchoedOrMade) {
  EXPECT_EQ(call("GET", "/livez", {}, {{"X-Request-Id", "abc"}}).header("x-request-id"), "abc");
  const auto first = call("GET", "/livez");
  const auto second = call("GET", "/livez", {}, {{"X-Request-Id", std::string(200, 'x')}});
  EXPECT_EQ(first.header("x-request-id").size(), 16u);
  EXPECT_EQ(second.header("x-request-id").size(), 16u);
  EXPECT_NE(first.header("x-request-id"), second.header("x-request-id"));
}

TEST_F(HttpProtocol, AnswerForAClosedConnectionIsDropped) {
  serve();
  call("POST", in_workflow("/command"), R"({"command":"start"})");
  engine.hold = true;
  {
    RawSocket socket(port);
    socket.send(sized(R"({"command":"start"})"));
    engine.wait_for_held(1);
  }
  engine.release();
  engine.hold = false;
  EXPECT_EQ(call("GET", "/livez").status, 200);
}

TEST_F(HttpProtocol, StopLetsTheRequestInFlightEnd) {
  serve();
  call("POST", in_workflow("/command"), R"({"command":"start"})");
  engine.hold = true;
  RawSocket socket(port);
  RawSocket idle(port);
  socket.send(sized(R"({"command":"start"})"));
  engine.wait_for_held(1);
  std::thread stopper([this] { server->stop(); });
  EXPECT_EQ(idle.read_all(), "");
  engine.release();
  const std::string answer = socket.read_all();
  stopper.join();
  EXPECT_EQ(status_of(answer), 200);
  EXPECT_NE(answer.find("Connection: close"), std::string::npos);
}

TEST_F(HttpProtocol, StopGivesUpOnAnEngineThatDoesNotAnswer) {
  options.limits.drain_time = milliseconds(20);
  serve();
  call("POST", in_workflow("/command"), R"({"command":"start"})");
  engine.hold = true;
  RawSocket socket(port);
  socket.send(sized(R"({"command":"start"})"));
  engine.wait_for_held(1);
  const std::vector<std::string> cut_off = server->stop();
  ASSERT_EQ(cut_off.size(), 1u);
  EXPECT_TRUE(cut_off[0].starts_with("POST /v1/workflows/{id}/command for ")) << cut_off[0];
  EXPECT_EQ(socket.read_all(), "");
  server.reset();
  engine.release();  // the late answer finds nobody
}

TEST_F(HttpProtocol, DrainingServerIsNotReady) {
  serve();
  EXPECT_EQ(call("GET", "/readyz").status, 200);
  server->drain();
  EXPECT_EQ(call("GET", "/readyz").status, 503);
}

TEST_F(HttpProtocol, ConnectionsOverTheLimitAreToldSo) {
  options.limits.connections_max = 1;
  serve();
  EXPECT_EQ(call("GET", "/livez").status, 200);
  http_client::Client second(client_options());
  const auto refused = second.get("/livez");
  EXPECT_EQ(refused->status, 503);
  EXPECT_EQ(refused->header("retry-after"), "1");
  EXPECT_EQ(call("GET", "/livez").status, 200) << "the first connection is not disturbed";
}

TEST_F(HttpProtocol, EveryAnswerSaysWhatABrowserMayDoWithIt) {
  serve();
  const std::string head = " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer secret\r\n";
  const std::string upgrade =
      "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  const std::pair<std::string, std::string> requests[] = {
      {"GET /livez" + head, "200"},
      {"GET /nowhere" + head, "404"},
      {"GET /livez HTTP/1.1\r\n", "400"},
      {"GET " + in_run("/events") + head + "Accept: text/event-stream\r\n", "200"},
      {"GET " + in_run("/stream") + head + upgrade, "101"},
  };
  for (const auto& [request, status] : requests) {
    RawSocket socket(port);
    ASSERT_TRUE(socket.send(request + "\r\n"));
    const std::string answer = socket.read_until("\r\n\r\n");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 " + status)) << answer;
    for (const char* const field :
         {"\r\nX-Content-Type-Options: nosniff\r\n", "\r\nReferrer-Policy: no-referrer\r\n",
          "\r\nCache-Control: no-store\r\n", "frame-ancestors 'none'\r\n"}) {
      EXPECT_NE(answer.find(field), std::string::npos) << field << answer;
    }
    EXPECT_EQ(answer.find("Strict-Transport"), std::string::npos) << "only under TLS";
  }
}

TEST_F(HttpProtocol, AddressInUseIsAnError) {
  serve();
  http::Options same = options;
  same.port = port;
  http::Server second(same, services(access));
  const auto bound = second.start();
  ASSERT_FALSE(bound.ok());
  EXPECT_EQ(bound.error().code, Code::kUnavailable);
}

TEST_F(HttpProtocol, SeveralThreadsServeManyClients) {
  options.io_threads = 3;
  serve();
  std::vector<std::thread> threads;
  std::atomic<int> good{0};
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      http_client::Client one(client_options());
      for (int n = 0; n < 50; ++n) {
        const auto response = one.get("/livez");
        if (response.ok() && response->status == 200) ++good;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(good, 400);
}

}  // namespace
}  // namespace troupe::testing
