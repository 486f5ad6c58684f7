#include "adapters/http/sse.h"
#include "tests/adapters/http/http_fixture.h"
#include "tests/adapters/http/raw_socket.h"

namespace troupe::testing {
namespace {

class HttpStreams : public HttpFixture {
 protected:
  std::string sse_request(std::string_view tail, std::string_view headers = {}) {
    return "GET " + in_run("/events") + std::string(tail) +
           " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer secret\r\n"
           "Accept: text/event-stream\r\n" +
           std::string(headers) + "\r\n";
  }
  std::string ws_request(std::string_view path, std::string_view headers = {}) {
    return "GET " + std::string(path) +
           " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer secret\r\n"
           "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
           std::string(headers) + "\r\n";
  }
  std::string ws_path() { return in_workflow("/stream?run_id=") + FakeEngine::kRun; }

  struct Frame {
    int opcode = 0;
    std::string payload;
  };
  static Frame read_frame(RawSocket& socket) {
    const std::string head = socket.read_bytes(2);
    if (head.size() < 2) return {};
    std::size_t size = static_cast<unsigned char>(head[1]);
    if (size == 126) {
      const std::string more = socket.read_bytes(2);
      size = static_cast<unsigned char>(more[0]) * 256u + static_cast<unsigned char>(more[1]);
    }
    return {static_cast<unsigned char>(head[0]) & 15, socket.read_bytes(size)};
  }
  /// A client's frame; the mask is zero, so the payload goes as it is.
  static std::string frame(int opcode, const std::string& payload) {
    return std::string{static_cast<char>(0x80 | opcode), static_cast<char>(0x80 | payload.size())} +
           std::string(4, '\0') + payload;
  }
  static int close_code(const Frame& frame) {
    if (frame.opcode != 8 || frame.payload.size() < 2) return 0;
    return static_cast<unsigned char>(frame.payload[0]) * 256 +
           static_cast<unsigned char>(frame.payload[1]);
  }
};

TEST_F(HttpStreams, FrameNumbersOnlyDurableEvents) {
  std::string out;
  http::SseStream::append_frame(out, {.seq = 7, .json = "{\"a\":\n1}"});
  http::SseStream::append_frame(out, {.seq = 0, .json = "{}"});
  EXPECT_EQ(out, "id: 7\ndata: {\"a\":\ndata: 1}\n\ndata: {}\n\n");
}

TEST_F(HttpStreams, EventsComeInOrderAndTheStreamEndsWithTheRun) {
  serve();
  std::vector<std::string> seen;
  std::thread writer([this] {
    engine.feed->wait_for_pulls(1);
    engine.feed->push({1, R"({"seq":1})"});
    engine.feed->push({0, R"({"event_type":"token_delta"})"});
    engine.feed->push({2, R"({"seq":2})"}, true);
  });
  const auto response =
      client->stream(in_run("/events?after=0"), {}, [&](const http_client::Event& event) {
        EXPECT_EQ(event.type, "");
        seen.push_back(event.id + " " + event.data);
        return true;
      });
  writer.join();
  ASSERT_TRUE(response.ok()) << response.error().message;
  EXPECT_EQ(response->status, 200);
  const std::vector<std::string> expected = {"1 {\"seq\":1}", " {\"event_type\":\"token_delta\"}",
                                             "2 {\"seq\":2}"};
  EXPECT_EQ(seen, expected);
  EXPECT_EQ(engine.last_feed.run, run.id);
}

TEST_F(HttpStreams, HeadComesBeforeTheFirstEvent) {
  serve();
  RawSocket socket(port);
  socket.send(sse_request(""));
  const std::string head = socket.read_until("\r\n\r\n");
  EXPECT_NE(head.find("Content-Type: text/event-stream\r\n"), std::string::npos);
  EXPECT_EQ(socket.read_until("\n\n"), "retry: 2000\n\n");
}

TEST_F(HttpStreams, LastEventIdWinsOverAfter) {
  serve();
  engine.feed->push({9, "{}"}, true);
  RawSocket socket(port);
  socket.send(sse_request("?after=3", "Last-Event-ID: 8\r\n"));
  EXPECT_NE(socket.read_all().find("id: 9\n"), std::string::npos);
  EXPECT_EQ(engine.last_feed.after, 8u);
  RawSocket wrong(port);
  wrong.send(sse_request("", "Last-Event-ID: x\r\nConnection: close\r\n"));
  EXPECT_EQ(status_of(wrong.read_all()), 400);
}

TEST_F(HttpStreams, ReconnectPastTheEndGets204) {
  engine.rows.run_rows.front().status = store::RunStatus::kCompleted;
  engine.feed->end();
  const auto response =
      call("GET", in_run("/events?after=9"), {}, {{"Accept", "text/event-stream"}});
  EXPECT_EQ(response.status, 204);
  EXPECT_EQ(call("GET", "/livez").status, 200) << "the connection goes on";
}

TEST_F(HttpStreams, EndedRunIsToldFromWhereTheReaderLeft) {
  engine.rows.run_rows.front().status = store::RunStatus::kCompleted;
  engine.feed->push({2, "{}"}, true);
  serve();
  RawSocket socket(port);
  socket.send(sse_request("?after=1"));
  const std::string all = socket.read_all();
  EXPECT_EQ(status_of(all), 200);
  EXPECT_NE(all.find("retry: 2000\n\nid: 2\ndata: {}\n\n"), std::string::npos);
}

TEST_F(HttpStreams, QuietStreamGetsComments) {
  options.limits.keep_alive_time = milliseconds(5);
  serve();
  RawSocket socket(port);
  socket.send(sse_request(""));
  socket.read_until(": keep-alive\n\n");
  socket.read_until(": keep-alive\n\n");
}

TEST_F(HttpStreams, FeedEndsWhenTheClientLeaves) {
  serve();
  {
    RawSocket socket(port);
    socket.send(sse_request(""));
    engine.feed->wait_for_pulls(1);
  }
  engine.feed->wait_until_closed();
}

TEST_F(HttpStreams, SlowReaderIsNotReadAhead) {
  serve();
  RawSocket socket(port);
  socket.send(sse_request(""));
  engine.feed->wait_for_pulls(1);
  // More than both socket buffers hold: until it is read, nothing further may be pulled.
  engine.feed->push({1, "\"" + std::string(32 << 20, 'a') + "\""});
  socket.read_until("id: 1\n");
  EXPECT_EQ(engine.feed->pulls(), 1);
  socket.read_until("\n\n");
  engine.feed->wait_for_pulls(2);
}

TEST_F(HttpStreams, StopEndsStreams) {
  serve();
  RawSocket socket(port);
  RawSocket web(port);
  socket.send(sse_request(""));
  socket.read_until("retry");
  web.send(ws_request(in_workflow("/stream")));
  web.read_until("\r\n\r\n");
  engine.feed->wait_for_pulls(2);
  std::thread stopper([this] { server->stop(); });
  const Frame last = read_frame(web);
  EXPECT_EQ(close_code(last), 1001);
  web.send(frame(8, last.payload));
  web.close();
  socket.read_all();
  stopper.join();
}

TEST_F(HttpStreams, StopWaitsForNoFarewell) {
  options.limits.linger_time = milliseconds(20);
  options.limits.drain_time = seconds(3'600);
  serve();
  RawSocket web(port);
  web.send(ws_request(in_workflow("/stream")));
  web.read_until("\r\n\r\n");
  engine.feed->wait_for_pulls(1);
  EXPECT_EQ(server->stop(), std::vector<std::string>());
  EXPECT_EQ(close_code(read_frame(web)), 1001);
}

TEST_F(HttpStreams, WebSocketCarriesOneEventPerTextFrameAndCloses) {
  serve();
  RawSocket socket(port);
  socket.send(ws_request(ws_path() + "&after=4"));
  const std::string head = socket.read_until("\r\n\r\n");
  EXPECT_EQ(status_of(head), 101) << head;
  EXPECT_NE(head.find("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), std::string::npos) << "RFC 6455's sample";
  EXPECT_EQ(head.find("permessage-deflate"), std::string::npos);
  engine.feed->wait_for_pulls(1);
  EXPECT_EQ(engine.last_feed.run, run.id);
  EXPECT_EQ(engine.last_feed.after, 4u);
  engine.feed->push({5, R"({"seq":5})"});
  engine.feed->wait_for_pulls(2);
  engine.feed->push({6, "\"" + std::string(300, 'x') + "\""}, true);
  const Frame first = read_frame(socket);
  EXPECT_EQ(first.opcode, 1);
  EXPECT_EQ(first.payload, R"({"seq":5})");
  EXPECT_EQ(read_frame(socket).payload.size(), 302u);
  const Frame last = read_frame(socket);
  EXPECT_EQ(close_code(last), 1000);
  socket.send(frame(8, last.payload));
  EXPECT_EQ(socket.read_all(), "");
}

TEST_F(HttpStreams, WebSocketAnswersPingsAndIgnoresText) {
  serve();
  RawSocket socket(port);
  socket.send(ws_request(in_workflow("/stream")));
  socket.read_until("\r\n\r\n");
  socket.send(frame(1, "hello") + frame(9, "ping"));
  const Frame pong = read_frame(socket);
  EXPECT_EQ(pong.opcode, 10);
  EXPECT_EQ(pong.payload, "ping");
  socket.send(frame(8, std::string("\x03\xe8", 2)));
  EXPECT_EQ(close_code(read_frame(socket)), 1000);
  socket.close();
  engine.feed->wait_until_closed();
}

TEST_F(HttpStreams, WebSocketMessagesAreBounded) {
  options.limits.websocket_message_bytes_max = 16;
  serve();
  RawSocket socket(port);
  socket.send(ws_request(in_workflow("/stream")));
  socket.read_until("\r\n\r\n");
  socket.send(frame(1, std::string(100, 'a')));
  EXPECT_EQ(close_code(read_frame(socket)), 1009);
  socket.close();
  engine.feed->wait_until_closed();
}

TEST_F(HttpStreams, LaggingFeedIsClosedWithTryAgainLater) {
  serve();
  engine.feed->fail({Code::kOverloaded, "too far behind", {}});
  RawSocket socket(port);
  socket.send(ws_request(in_workflow("/stream")));
  socket.read_until("\r\n\r\n");
  EXPECT_EQ(close_code(read_frame(socket)), 1013);
}

TEST_F(HttpStreams, WithoutARunTheWebSocketIsLiveOnly) {
  const http_client::Headers upgrade = {{"Connection", "Upgrade"},
                                        {"Upgrade", "websocket"},
                                        {"Sec-WebSocket-Version", "13"},
                                        {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="}};
  EXPECT_EQ(call("GET", in_workflow("/stream?after=1"), {}, upgrade).status, 400);
  EXPECT_EQ(call("GET", in_workflow("/stream?run_id=x"), {}, upgrade).status, 400);
  EXPECT_EQ(call("GET", in_workflow("/stream?run_id=01890000-0000-7000-8000-0000000000ff"), {},
                 upgrade)
                .status,
            404);
  EXPECT_EQ(call("GET", in_workflow("/stream")).status, 400) << "no upgrade";
}

TEST_F(HttpStreams, WebSocketOfAnotherOriginIsRefused) {
  serve();
  RawSocket foreign(port);
  foreign.send(ws_request(ws_path(), "Origin: https://evil.example\r\n"));
  EXPECT_EQ(status_of(foreign.read_until("\r\n\r\n")), 403);
  RawSocket same(port);
  same.send(ws_request(ws_path(), "Origin: http://localhost\r\n"));
  EXPECT_EQ(status_of(same.read_until("\r\n\r\n")), 101);
}

TEST_F(HttpStreams, StreamsNeedAToken) {
  serve();
  http_client::Client stranger(client_options(""));
  EXPECT_EQ(stranger.request("GET", in_run("/events"), {{"Accept", "text/event-stream"}})->status,
            401);
  EXPECT_EQ(stranger.request("GET", ws_path())->status, 401);
}

}  // namespace
}  // namespace troupe::testing
