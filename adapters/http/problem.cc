#include "adapters/http/problem.h"

namespace troupe::http {
namespace {

std::string extra_headers(int status) {
  // A queue drains within a commit or two, so a second is a fair first guess for every retry.
  if (status == 429 || status == 503) return "Retry-After: 1\r\n";
  if (status == 401) return "WWW-Authenticate: Bearer realm=\"troupe\"\r\n";
  return {};
}

}  // namespace

Response problem(const Error& error, const ProblemExtras& extras) {
  const int status = info(error.code).http_status;
  Response response;
  response.status = status;
  response.body = edge::problem_json(error, extras);
  response.content_type = "application/problem+json";
  response.headers = extra_headers(status);
  return response;
}

Response problem(Code code, std::string_view detail) {
  return problem(Error{code, std::string(detail), {}});
}

#define TROUPE_FIXED_FIELDS                                              \
  "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"       \
  "Referrer-Policy: no-referrer\r\n"                                     \
  "Content-Security-Policy: default-src 'none'; base-uri 'none'; frame-ancestors 'none'\r\n"

std::string_view fixed_fields(bool is_tls) {
  static constexpr std::string_view kClear = TROUPE_FIXED_FIELDS;
  static constexpr std::string_view kTls =
      TROUPE_FIXED_FIELDS "Strict-Transport-Security: max-age=31536000; includeSubDomains\r\n";
  return is_tls ? kTls : kClear;
}
#undef TROUPE_FIXED_FIELDS

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200: return "OK";
    case 201: return "Created";
    case 204: return "No Content";
    case 303: return "See Other";
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
