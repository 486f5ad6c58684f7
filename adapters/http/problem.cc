#include "adapters/http/problem.h"

#include "runtime/json/write.h"

namespace troupe::http {
namespace {

std::string extra_headers(int status) {
  // A queue drains within a commit or two, so a second is a fair first guess for every retry.
  if (status == 429 || status == 503) return "Retry-After: 1\r\n";
  if (status == 401) return "WWW-Authenticate: Bearer realm=\"troupe\"\r\n";
  return {};
}

void write_errors(json::Writer& out, const Error& error, std::string_view prefix) {
  out.key("errors").begin_array();
  for (const Issue& issue : error.issues) {
    if (issue.warning) continue;
    out.begin_object()
        .member("pointer", std::string(prefix) + issue.pointer)
        .member("code", info(issue.code).name)
        .member("message", issue.message)
        .end_object();
  }
  out.end_array();
}

}  // namespace

std::string issues_json(const std::vector<Issue>& issues) {
  json::Writer out;
  out.begin_array();
  for (const Issue& issue : issues) {
    out.begin_object().member("code", info(issue.code).name);
    if (!issue.step.empty()) out.member("step", issue.step);
    out.member("pointer", issue.pointer)
        .member("severity", issue.warning ? "warning" : "error")
        .member("message", issue.message)
        .end_object();
  }
  out.end_array();
  return out.take();
}

Response problem(const Error& error, const ProblemExtras& extras) {
  const CodeInfo& about = info(error.code);
  const std::string_view detail = error.message.empty() ? about.title : error.message;
  json::Writer out;
  out.begin_object()
      .member("type", "urn:troupe:error:" + std::string(about.name))
      .member("title", about.title)
      .member("status", about.http_status)
      .member("detail", detail)
      .member("code", about.name)
      .member("error", detail);
  if (!error.issues.empty()) {
    write_errors(out, error, extras.pointer_prefix);
    if (extras.with_issues) out.member_raw("issues", issues_json(error.issues));
  }
  if (!extras.decision.empty()) out.member_raw("decision", extras.decision);
  out.end_object();
  Response response;
  response.status = about.http_status;
  response.body = out.take();
  response.content_type = "application/problem+json";
  response.headers = extra_headers(about.http_status);
  return response;
}

Response problem(Code code, std::string_view detail) {
  return problem(Error{code, std::string(detail), {}});
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200: return "OK";
    case 201: return "Created";
    case 204: return "No Content";
    case 304: return "Not Modified";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 415: return "Unsupported Media Type";
    case 422: return "Unprocessable Content";
    case 428: return "Precondition Required";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 507: return "Insufficient Storage";
    default: return "Status";
  }
}

}  // namespace troupe::http
