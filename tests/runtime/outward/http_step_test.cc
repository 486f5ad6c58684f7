#include "runtime/outward/http_step.h"

#include <gtest/gtest.h>

#include "runtime/json/read.h"

namespace troupe::outward {
namespace {

ServiceRequest step(std::string fields) {
  ServiceRequest step;
  step.run = RunId(*Uuid::parse("0b3e9c1a-7a55-4a0e-9d3c-3f4c8a1b2c3d"));
  step.type = "http_request";
  step.fields = std::move(fields);
  step.idempotency_key = "run/step";
  step.timeout = seconds(30);
  return step;
}
std::string header(const EgressRequest& request, std::string_view name) {
  std::string found = "absent";
  for (const auto& [key, value] : request.headers) {
    if (key != name) continue;
    found = found == "absent" ? value : "twice";
  }
  return found;
}
std::string refusal(std::string fields) {
  const auto request = http_request_of(step(std::move(fields)));
  EXPECT_TRUE(!request && request.error().code == Code::kInvalidField);
  return request ? "" : request.error().message;
}
EgressResponse said(std::string type, std::string body) {
  return {.status = 200, .headers = {{"content-type", std::move(type)}}, .body = std::move(body)};
}
std::string result(EgressResponse response) {
  const EgressRequest asked{.url = "https://a.example:8443/x?secret"};
  const AttemptResult result = http_result_of(asked, std::move(response));
  return result.ok ? std::string(result.value.view()) : result.error.message;
}

TEST(HttpStep, WhatAStepSaysIsWhatIsAsked) {
  const auto request = http_request_of(
      step(R"({"method":"PUT","url":"https://a.example/x","headers":{"X-A":"b","X-N":7,"X-T":true,)"
           R"("X-No":null},"body":{"a":[1,"é"]}})"));
  ASSERT_TRUE(request) << request.error().message;
  EXPECT_EQ(request->method, "PUT");
  EXPECT_EQ(request->url, "https://a.example/x");
  EXPECT_EQ(request->body, R"({"a":[1,"é"]})");
  EXPECT_EQ(request->time, seconds(30));
  EXPECT_FALSE(request->may_repeat);
  EXPECT_EQ(header(*request, "X-A"), "b");
  EXPECT_EQ(header(*request, "X-N"), "7");
  EXPECT_EQ(header(*request, "X-T"), "true");
  EXPECT_EQ(header(*request, "X-No"), "absent");
  EXPECT_EQ(header(*request, "Content-Type"), "application/json");
  EXPECT_EQ(header(*request, "Idempotency-Key"), "run/step");
}

TEST(HttpStep, TextGoesAsItIsAndWhatTheStepSetsIsLeftAlone) {
  const auto request = http_request_of(
      step(R"({"method":"POST","url":"u","headers":{"content-type":"text/csv","IDEMPOTENCY-KEY":)"
           R"("mine","Traceparent":"t","user-agent":"me"},"body":"a\n1"})"));
  ASSERT_TRUE(request);
  EXPECT_EQ(request->body, "a\n1");
  EXPECT_EQ(request->headers.size(), 4u);
  EXPECT_EQ(header(*request, "IDEMPOTENCY-KEY"), "mine");
}

TEST(HttpStep, ReadingHasNoKeyAndEveryAttemptASpanOfItsOwn) {
  for (const char* method : {"GET", "HEAD", "OPTIONS"}) {
    const auto request =
        http_request_of(step(R"({"method":")" + std::string(method) + R"(","url":"u"})"));
    ASSERT_TRUE(request);
    EXPECT_EQ(header(*request, "Idempotency-Key"), "absent");
    EXPECT_EQ(header(*request, "Content-Type"), "absent");
  }
  ServiceRequest again = step(R"({"method":"GET","url":"u"})");
  const std::string first = header(*http_request_of(again), "traceparent");
  EXPECT_TRUE(first.starts_with("00-0b3e9c1a7a554a0e9d3c3f4c8a1b2c3d-")) << first;
  EXPECT_EQ(first.size(), 55u);
  EXPECT_EQ(header(*http_request_of(again), "traceparent"), first);
  again.attempt = 2;
  EXPECT_NE(header(*http_request_of(again), "traceparent"), first);
}

TEST(HttpStep, FieldsOfAnotherKindAreRefused) {
  EXPECT_NE(refusal(R"({"method":"GET","url":7})").find("url"), std::string::npos);
  EXPECT_NE(refusal(R"({"method":"GET","url":"u","headers":"x"})").find("headers"),
            std::string::npos);
  for (const char* name : {"Host", "content-length", "Transfer-Encoding", "Connection", "TE",
                           "Proxy-Authorization", "a b", "", "a:", "a\\r\\nb"}) {
    refusal(R"({"method":"GET","url":"u","headers":{")" + std::string(name) + R"(":"v"}})");
  }
  refusal(R"({"method":"GET","url":"u","headers":{"A":["v"]}})");
}

TEST(HttpStep, AnAnswersBodyIsAValueATextOrBase64) {
  EXPECT_EQ(result(said("application/json", R"( {"a":1} )")),
            R"({"status":200,"headers":{"content-type":"application/json"},"body":{"a":1}})");
  EXPECT_EQ(result(said("application/problem+json; charset=utf-8", "[1]")),
            R"({"status":200,"headers":{"content-type":"application/problem+json; charset=utf-8"},)"
            R"("body":[1]})");
  EXPECT_EQ(result(said("application/json", "{oops")),
            R"({"status":200,"headers":{"content-type":"application/json"},"body":"{oops"})");
  EXPECT_EQ(result(said("text/plain", "7")),
            R"({"status":200,"headers":{"content-type":"text/plain"},"body":"7"})");
  EXPECT_EQ(result(said("image/png", std::string("\xff\x00\xfb\xff", 4))),
            R"({"status":200,"headers":{"content-type":"image/png"},"body":"/wD7/w==",)"
            R"("body_encoding":"base64"})");
  EXPECT_EQ(result({.status = 404, .headers = {{"x", "1"}, {"x", "2"}}, .body = ""}),
            R"({"status":404,"headers":{"x":"1, 2"},"body":""})");
}

TEST(HttpStep, AFailureNamesTheHostAndNeverTheQuery) {
  EXPECT_EQ(result({.status = 503, .headers = {}, .body = "busy"}), "a.example answered 503: busy");
  const AttemptResult lost = http_result_of({.url = "u"}, Error{Code::kTimeout, "late", {}});
  EXPECT_FALSE(lost.ok);
  EXPECT_EQ(lost.error.code, Code::kTimeout);
}

}  // namespace
}  // namespace troupe::outward
