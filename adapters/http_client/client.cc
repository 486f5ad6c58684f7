#include "adapters/http_client/client.h"

#include <algorithm>
#include <charconv>

#include "adapters/http_client/connection.h"

namespace troupe::http_client {
namespace {

SteadyTime after(Duration time) {
  return std::chrono::steady_clock::now() + std::chrono::microseconds(time.us);
}

bool has(const Headers& headers, std::string_view lower_name) {
  return std::any_of(headers.begin(), headers.end(), [&](const auto& header) {
    return std::equal(header.first.begin(), header.first.end(), lower_name.begin(),
                      lower_name.end(), [](char a, char b) {
                        return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b;
                      });
  });
}

/// Splits a stream into events by the rules of the HTML standard that Troupe's server uses.
class EventReader {
 public:
  explicit EventReader(const std::function<bool(const Event&)>& on_event) : on_event_(on_event) {}

  /// Uses whole lines of `buffer`; false once `on_event` wants no more.
  bool use(std::string& buffer) {
    std::size_t begin = 0;
    bool more = true;
    while (more) {
      const std::size_t end = buffer.find('\n', begin);
      if (end == std::string::npos) break;
      std::string_view line(buffer.data() + begin, end - begin);
      if (line.ends_with('\r')) line.remove_suffix(1);
      more = use_line(line);
      begin = end + 1;
    }
    buffer.erase(0, begin);
    return more;
  }

 private:
  bool use_line(std::string_view line) {
    if (line.empty()) {
      const bool more = !has_data_ || on_event_(event_);
      event_ = {};
      has_data_ = false;
      return more;
    }
    const std::size_t colon = std::min(line.find(':'), line.size());
    const std::string_view field = line.substr(0, colon);
    std::string_view value = line.substr(std::min(colon + 1, line.size()));
    if (value.starts_with(' ')) value.remove_prefix(1);
    if (field == "id") event_.id = value;
    if (field == "event") event_.type = value;
    if (field == "data") {
      if (std::exchange(has_data_, true)) event_.data += '\n';
      event_.data += value;
    }
    return true;
  }

  const std::function<bool(const Event&)>& on_event_;
  Event event_;
  bool has_data_ = false;
};

}  // namespace

Result<Options> options_for_url(std::string_view url) {
  constexpr std::string_view kScheme = "http://";
  const auto wrong = [&] {
    return Error{Code::kInvalidRequest,
                 "\"" + std::string(url) + "\" is no URL such as http://127.0.0.1:7420.", {}};
  };
  if (!url.starts_with(kScheme)) return wrong();
  std::string_view rest = url.substr(kScheme.size());
  if (rest.ends_with('/')) rest.remove_suffix(1);
  if (rest.empty() || rest.find_first_of("/?#@ ") != std::string_view::npos) return wrong();
  Options options;
  const std::size_t bracket = rest.find(']');
  const std::size_t colon = rest.find(':', bracket == std::string_view::npos ? 0 : bracket);
  std::string_view host = rest.substr(0, colon);
  options.port = 80;
  if (colon != std::string_view::npos) {
    const std::string_view port = rest.substr(colon + 1);
    const auto [end, ec] =
        std::from_chars(port.data(), port.data() + port.size(), options.port);
    if (ec != std::errc() || end != port.data() + port.size()) return wrong();
  }
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host.empty()) return wrong();
  options.host = host;
  return options;
}

Client::Client(Options options) : options_(std::move(options)) {}
Client::~Client() = default;
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;

std::string Client::render(std::string_view method, std::string_view path, const Headers& headers,
                           std::string_view body) const {
  std::string out(method);
  out.append(" ").append(path).append(" HTTP/1.1\r\n");
  if (!has(headers, "host")) {
    const bool v6 = options_.host.find(':') != std::string::npos;
    out.append("Host: ").append(v6 ? "[" + options_.host + "]" : options_.host);
    out.append(":").append(std::to_string(options_.port)).append("\r\n");
  }
  for (const Headers* list : {&options_.headers, &headers}) {
    for (const auto& [name, value] : *list) {
      out.append(name).append(": ").append(value).append("\r\n");
    }
  }
  if (!body.empty() && !has(headers, "content-type")) {
    out.append("Content-Type: application/json\r\n");
  }
  if (!body.empty() || method == "POST" || method == "PATCH" || method == "PUT") {
    out.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n");
  }
  return out.append("\r\n").append(body);
}

Result<Response> Client::exchange(std::string_view bytes, bool head_only, bool* sent_on_kept) {
  *sent_on_kept = connection_ != nullptr;
  if (!connection_) {
    auto opened = Connection::open(options_);
    if (!opened.ok()) return opened.error();
    connection_ = *std::move(opened);
  }
  const SteadyTime deadline = after(options_.request_time);
  const Status sent = connection_->send(bytes, deadline);
  // A server that refuses a large body answers before it has read all of it: listen even so.
  auto response =
      read_response(*connection_, head_only, options_.body_bytes_max, deadline);
  if (!response.ok()) {
    connection_.reset();
    return sent.ok() ? response.error() : sent.error();
  }
  const bool to_close = response->header("connection") == "close";
  if (to_close || !sent.ok()) connection_.reset();
  return response;
}

Result<Response> Client::request(std::string_view method, std::string_view path,
                                 const Headers& headers, std::string_view body) {
  const std::string bytes = render(method, path, headers, body);
  bool sent_on_kept = false;
  auto response = exchange(bytes, method == "HEAD", &sent_on_kept);
  // A kept connection may have been closed by the server meanwhile. Only what is safe to send twice
  // is.
  const bool safe = method == "GET" || method == "HEAD" || has(headers, "idempotency-key");
  if (!response.ok() && response.error().code == Code::kUnavailable && sent_on_kept && safe) {
    return exchange(bytes, method == "HEAD", &sent_on_kept);
  }
  return response;
}

Result<Response> Client::stream(std::string_view path, const Headers& headers,
                                const std::function<bool(const Event&)>& on_event) {
  // A connection of its own: it ends with the stream.
  auto opened = Connection::open(options_);
  if (!opened.ok()) return opened.error();
  Connection& connection = **opened;
  Headers all = headers;
  if (!has(all, "accept")) all.emplace_back("Accept", "text/event-stream");
  const SteadyTime deadline = after(options_.request_time);
  const Status sent = connection.send(render("GET", path, all, {}), deadline);
  if (!sent.ok()) return sent.error();
  auto response = read_head(connection, deadline);
  if (!response.ok()) return response;
  if (!response->header("content-type").starts_with("text/event-stream")) {
    const Status body = read_body(connection, *response, options_.body_bytes_max, deadline);
    if (!body.ok()) return body.error();
    return response;
  }
  EventReader reader(on_event);
  while (reader.use(connection.buffer)) {
    const auto more = connection.receive(after(options_.stream_quiet_time));
    if (!more.ok()) return more.error();
    if (!*more) break;
  }
  return response;
}

}  // namespace troupe::http_client
