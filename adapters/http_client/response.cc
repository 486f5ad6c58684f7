#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>

#include "adapters/http_client/connection.h"

namespace troupe::http_client {
namespace {

constexpr std::size_t kHeadBytesMax = 64 << 10;

Error garbled(std::string_view what) {
  return {Code::kInternal, "The server's answer has " + std::string(what) + ".", {}};
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::optional<std::size_t> number(std::string_view text, int base) {
  std::size_t value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (ec != std::errc() || end == text.data()) return std::nullopt;
  return value;
}

/// Makes `bytes` of the buffer available; kUnavailable if the stream ends before.
Status fill(Connection& connection, std::size_t bytes, SteadyTime deadline) {
  while (connection.buffer.size() < bytes) {
    const auto more = connection.receive(deadline);
    if (!more.ok()) return more.error();
    if (!*more) return {Code::kUnavailable, "The server closed the connection early."};
  }
  return Unit{};
}

/// The next line without its end, taken out of the buffer.
Result<std::string> take_line(Connection& connection, SteadyTime deadline) {
  std::size_t end = 0;
  while ((end = connection.buffer.find("\r\n")) == std::string::npos) {
    if (connection.buffer.size() > kHeadBytesMax) return garbled("an endless line");
    if (Status filled = fill(connection, connection.buffer.size() + 1, deadline); !filled.ok()) {
      return filled.error();
    }
  }
  std::string line = connection.buffer.substr(0, end);
  connection.buffer.erase(0, end + 2);
  return line;
}

Status read_chunks(Connection& connection, Response& response, std::size_t bytes_max,
                   SteadyTime deadline) {
  while (true) {
    const auto line = take_line(connection, deadline);
    if (!line.ok()) return line.error();
    const auto size = number(*line, 16);
    if (!size || *size > bytes_max - response.body.size()) return garbled("a wrong chunk");
    if (Status filled = fill(connection, *size + 2, deadline); !filled.ok()) return filled;
    response.body.append(connection.buffer, 0, *size);
    connection.buffer.erase(0, *size + 2);
    if (*size == 0) return Unit{};
  }
}

Status read_to_end(Connection& connection, Response& response, std::size_t bytes_max,
                   SteadyTime deadline) {
  while (connection.buffer.size() <= bytes_max) {
    const auto more = connection.receive(deadline);
    if (!more.ok()) return more.error();
    if (!*more) {
      response.body = std::exchange(connection.buffer, {});
      return Unit{};
    }
  }
  return garbled("a body over its limit");
}

}  // namespace

std::string_view Response::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return {};
}

Result<Response> read_head(Connection& connection, SteadyTime deadline) {
  Response response;
  do {
    auto line = take_line(connection, deadline);
    if (!line.ok()) return line.error();
    const auto status = line->size() >= 12 ? number(line->substr(9, 3), 10) : std::nullopt;
    if (!line->starts_with("HTTP/1.") || !status) return garbled("no status line");
    response.status = static_cast<int>(*status);
    response.headers.clear();
    while (true) {
      const auto field = take_line(connection, deadline);
      if (!field.ok()) return field.error();
      if (field->empty()) break;
      const std::size_t colon = field->find(':');
      if (colon == std::string::npos) return garbled("a malformed field");
      response.headers.emplace_back(lower(field->substr(0, colon)),
                                    trimmed(std::string_view(*field).substr(colon + 1)));
    }
    // 100 Continue announces the answer and is none itself.
  } while (response.status == 100);
  return response;
}

Status read_body(Connection& connection, Response& response, std::size_t body_bytes_max,
                 SteadyTime deadline) {
  if (response.status == 204 || response.status == 304 || response.status < 200) return Unit{};
  if (lower(response.header("transfer-encoding")) == "chunked") {
    return read_chunks(connection, response, body_bytes_max, deadline);
  }
  if (response.header("content-length").empty()) {
    return read_to_end(connection, response, body_bytes_max, deadline);
  }
  const auto length = number(response.header("content-length"), 10);
  if (!length || *length > body_bytes_max) return garbled("a wrong length");
  if (Status filled = fill(connection, *length, deadline); !filled.ok()) return filled;
  response.body = connection.buffer.substr(0, *length);
  connection.buffer.erase(0, *length);
  return Unit{};
}

Result<Response> read_response(Connection& connection, bool head_only, std::size_t body_bytes_max,
                               SteadyTime deadline) {
  auto response = read_head(connection, deadline);
  if (!response.ok() || head_only) return response;
  const Status body = read_body(connection, *response, body_bytes_max, deadline);
  if (!body.ok()) return body.error();
  return response;
}

}  // namespace troupe::http_client
