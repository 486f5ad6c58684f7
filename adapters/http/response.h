#pragma once

#include <string>
#include <string_view>

#include "runtime/base/error.h"

namespace troupe::http {

/// What a handler answers. The connection adds length, request id and connection fields.
struct Response {
  int status = 200;
  std::string body;
  std::string_view content_type = "application/json";  ///< of static storage
  std::string headers;  ///< further fields, each with its CRLF
};

/// Field lines of every answer, streams and handshakes included: what a browser may do with it.
std::string_view fixed_fields(bool is_tls);

std::string_view reason_phrase(int status);

}  // namespace troupe::http
