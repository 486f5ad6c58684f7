#include "runtime/outward/http_step.h"

#include <algorithm>
#include <cctype>
#include <map>

#include "runtime/base/base64url.h"
#include "runtime/json/read.h"
#include "runtime/json/write.h"
#include "runtime/outward/answered.h"

namespace troupe::outward {
namespace {

constexpr std::size_t kBodyBytesMax = 4 << 20;

Error wrong(std::string_view field, std::string_view what) {
  return {Code::kInvalidField, "\"" + std::string(field) + "\" " + std::string(what), {}};
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

/// Fields that say how a message is sent, which is not the step's to say.
bool is_of_the_connection(std::string_view name) {
  constexpr std::string_view kNames[] = {"host",    "content-length", "transfer-encoding",
                                         "expect",  "connection",     "keep-alive",
                                         "upgrade", "te",             "trailer"};
  return name.starts_with("proxy-") ||
         std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

/// Characters of a token (RFC 9110 §5.6.2).
bool is_token(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || std::string_view("!#$%&'*+-.^_`|~").find(static_cast<char>(c)) !=
                                       std::string_view::npos;
  });
}

Status add_headers(std::string_view headers, EgressRequest& request) {
  Status status = ok();
  json::for_each_member(headers, [&](std::string_view name, std::string_view value) {
    const json::Kind kind = json::kind(value);
    if (kind == json::Kind::kNull) return true;
    if (!is_token(name)) {
      status = wrong("headers", "has a name that no header field has");
    } else if (is_of_the_connection(lower(name))) {
      status = wrong("headers", "cannot set " + std::string(name));
    } else if (kind == json::Kind::kObject || kind == json::Kind::kArray) {
      status = wrong("headers", "must have texts as values, as that of " + std::string(name));
    } else {
      const bool is_text = kind == json::Kind::kString;
      request.headers.emplace_back(name, is_text ? json::decode_string(value) : value);
    }
    return status.ok();
  });
  return status;
}

bool has_header(const EgressRequest& request, std::string_view name) {
  return std::any_of(request.headers.begin(), request.headers.end(),
                     [&](const auto& header) { return lower(header.first) == name; });
}

/// A span of 64 bits that is the same for the same attempt (FNV-1a).
std::string span_of(const ServiceRequest& step) {
  std::uint64_t hash = 0xcbf29ce484222325;
  const std::string text = step.idempotency_key + "#" + std::to_string(step.attempt);
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  std::string hex(16, '0');
  for (std::size_t i = 16; i-- > 0; hash >>= 4) hex[i] = "0123456789abcdef"[hash & 15];
  return hex;
}

std::string trace_parent(const ServiceRequest& step) {
  std::string trace = step.run.to_string();
  trace.erase(std::remove(trace.begin(), trace.end(), '-'), trace.end());
  return "00-" + trace + "-" + span_of(step) + "-01";
}

bool is_json(const EgressResponse& response) {
  std::string type = lower(response.header("content-type"));
  type = type.substr(0, type.find(';'));
  while (!type.empty() && type.back() == ' ') type.pop_back();
  return type == "application/json" || type.ends_with("+json");
}

void write_body(json::Writer& out, EgressResponse& response) {
  if (is_json(response)) {
    if (const auto value = json::Text::parse(response.body)) {
      out.member_raw("body", value->view());
      return;
    }
  }
  // A text that reads back as it was is UTF-8.
  const std::string quoted = json::quote(response.body);
  if (json::decode_string(quoted) == response.body) {
    out.member_raw("body", quoted);
    return;
  }
  out.member("body", encode_base64(response.body)).member("body_encoding", "base64");
}

std::string host_of(std::string_view url) {
  const std::size_t begin = url.find("://");
  if (begin == std::string_view::npos) return "The service";
  url.remove_prefix(begin + 3);
  return std::string(url.substr(0, url.find_first_of(":/?#")));
}

}  // namespace

Result<EgressRequest> http_request_of(const ServiceRequest& step) {
  const std::string_view fields = step.fields;
  EgressRequest request;
  request.time = step.timeout;
  request.body_bytes_max = kBodyBytesMax;
  request.may_repeat = step.may_repeat;
  request.scope = step.workspace.to_string();
  request.method = json::decode_string(json::member(fields, "method").value_or("\"GET\""));
  const std::string_view url = json::member(fields, "url").value_or("null");
  if (json::kind(url) != json::Kind::kString) return wrong("url", "must be a text");
  request.url = json::decode_string(url);
  const std::string_view headers = json::member(fields, "headers").value_or("null");
  if (json::kind(headers) == json::Kind::kObject) {
    if (Status added = add_headers(headers, request); !added) return std::move(added).error();
  } else if (json::kind(headers) != json::Kind::kNull) {
    return wrong("headers", "must be an object");
  }
  if (const auto body = json::member(fields, "body"); body && *body != "null") {
    const bool is_text = json::kind(*body) == json::Kind::kString;
    request.body = is_text ? json::decode_string(*body) : std::string(*body);
    if (!has_header(request, "content-type")) {
      request.headers.emplace_back("Content-Type",
                                   is_text ? "text/plain; charset=utf-8" : "application/json");
    }
  }
  const bool reads =
      request.method == "GET" || request.method == "HEAD" || request.method == "OPTIONS";
  if (!reads && !has_header(request, "idempotency-key")) {
    request.headers.emplace_back("Idempotency-Key", step.idempotency_key);
  }
  if (!has_header(request, "traceparent")) {
    request.headers.emplace_back("traceparent", trace_parent(step));
  }
  if (!has_header(request, "user-agent")) request.headers.emplace_back("User-Agent", "troupe");
  return request;
}

AttemptResult http_result_of(const EgressRequest& request, Result<EgressResponse> response) {
  AttemptResult result;
  if (!response) {
    result.error = std::move(response).error();
    return result;
  }
  if (auto failed = failure_of(host_of(request.url), *response)) return *std::move(failed);
  std::map<std::string, std::string> headers;
  for (const auto& [name, value] : response->headers) {
    const auto [at, is_new] = headers.emplace(name, value);
    if (!is_new) at->second += ", " + value;
  }
  json::Writer out;
  out.begin_object().member("status", response->status).key("headers").begin_object();
  for (const auto& [name, value] : headers) out.member(name, value);
  out.end_object();
  write_body(out, *response);
  result.ok = true;
  result.value = out.end_object().take_text();
  return result;
}

}  // namespace troupe::outward
