#include <algorithm>
#include <cctype>

#include <boost/beast/core/string.hpp>

#include "adapters/http/credential.h"
#include "adapters/http/session.h"
#include "runtime/tenancy/token_text.h"

// The part of a session that turns bytes into a call: header, checks, body, dispatch.
namespace troupe::http {
namespace {

namespace beast_http = boost::beast::http;
using boost::beast::iequals;

constexpr std::size_t kIgnoredBodyMax = 64 << 10;
constexpr std::size_t kRequestIdMax = 128;
constexpr std::size_t kAddressMax = 64;

Method method_of(beast_http::verb verb) {
  switch (verb) {
    case beast_http::verb::get: return Method::kGet;
    case beast_http::verb::head: return Method::kHead;
    case beast_http::verb::post: return Method::kPost;
    case beast_http::verb::put: return Method::kPut;
    case beast_http::verb::patch: return Method::kPatch;
    case beast_http::verb::delete_: return Method::kDelete;
    case beast_http::verb::options: return Method::kOptions;
    default: return Method::kOther;
  }
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// application/json, with no charset or with UTF-8.
bool is_json(std::string_view content_type) {
  const std::size_t semicolon = std::min(content_type.find(';'), content_type.size());
  const std::string_view type = trimmed(content_type.substr(0, semicolon));
  if (!iequals({type.data(), type.size()}, "application/json") &&
      !iequals({type.data(), type.size()}, "application/merge-patch+json")) {
    return false;
  }
  std::string parameters(content_type.substr(semicolon));
  std::transform(parameters.begin(), parameters.end(), parameters.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (parameters.find("charset") == std::string::npos) return true;
  return parameters.find("utf-8") != std::string::npos;
}

bool all_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](char c) { return c >= '0' && c <= '9'; });
}

bool fit_request_id(std::string_view id) {
  return !id.empty() && id.size() <= kRequestIdMax &&
         std::all_of(id.begin(), id.end(), [](char c) { return c > 32 && c < 127; });
}

std::string hexadecimal(std::uint64_t number) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string text(16, '0');
  for (std::size_t i = 0; i < 16; ++i) text[i] = kHex[(number >> (60 - 4 * i)) & 15];
  return text;
}

}  // namespace

/// True once the header is complete and accepted; otherwise a read or an answer is under way.
bool Session::read_head() {
  const std::string_view data(static_cast<const char*>(in_.data().data()), in_.size());
  if (phase_ == Phase::kIdle) {
    // One empty line before a request is an old client's habit that RFC 9112 asks servers to allow.
    if (data.starts_with("\r\n")) {
      in_.consume(2);
      if (in_.size() == 0) return read(), false;
      phase_ = Phase::kHead;
      arm(core_->options.limits.header_time);
      return read_head();
    }
    request_id_ = hexadecimal(request_ids_.next());
  }
  switch (scanner_.scan(data)) {
    case HeadScanner::State::kMore:
      if (phase_ == Phase::kIdle) {
        phase_ = Phase::kHead;
        arm(core_->options.limits.header_time);
      }
      return read(), false;
    case HeadScanner::State::kMalformed:
      return refuse(problem(Code::kInvalidRequest, "The header is malformed.")), false;
    case HeadScanner::State::kTooLarge:
      return refuse(problem(Code::kHeadersTooLarge, "The header is over its limit.")), false;
    case HeadScanner::State::kDone: break;
  }
  parser_.emplace();
  parser_->header_limit(UINT32_MAX);  // the scanner has counted already
  parser_->body_limit(boost::none);
  boost::system::error_code error;
  parser_->put(asio::buffer(data.data(), scanner_.head_bytes()), error);
  in_.consume(scanner_.head_bytes());
  const bool parsed = parser_->is_header_done() &&
                      (!error || error == beast_http::error::need_more);
  if (!parsed) {
    parser_.reset();
    return refuse(problem(Code::kInvalidRequest, "The header is malformed.")), false;
  }
  if (auto refused = begin_call()) return refuse(*std::move(refused)), false;
  return true;
}

/// Behind a proxy the address that it saw, which it adds as the last one of the line.
std::string Session::client_address() const {
  if (!core_->options.behind_proxy) return peer_address_;
  // A client may have sent lines of its own; the proxy's is the last.
  const auto lines = parser_->get().equal_range("x-forwarded-for");
  std::string_view line;
  for (auto at = lines.first; at != lines.second; ++at) {
    line = {at->value().data(), at->value().size()};
  }
  const std::size_t comma = line.rfind(',');
  const std::string_view last =
      trimmed(comma == std::string_view::npos ? line : line.substr(comma + 1));
  return last.empty() || last.size() > kAddressMax ? peer_address_ : std::string(last);
}

/// What makes two readers disagree about where a request ends.
std::optional<Error> Session::framing_error() const {
  const auto& fields = parser_->get();
  const auto wrong = [](std::string detail) {
    return Error{Code::kInvalidRequest, std::move(detail), {}};
  };
  const std::size_t lengths = fields.count(beast_http::field::content_length);
  const std::size_t encodings = fields.count(beast_http::field::transfer_encoding);
  if (lengths > 1) return wrong("Content-Length is given twice.");
  if (encodings > 1) return wrong("Transfer-Encoding is given twice.");
  if (lengths + encodings > 1)
    return wrong("Content-Length and Transfer-Encoding exclude each other.");
  if (lengths == 1 && !all_digits(header("content-length"))) {
    return wrong("Content-Length is no number.");
  }
  if (encodings == 1) {
    const auto coding = fields[beast_http::field::transfer_encoding];
    if (!iequals(coding, "chunked") || fields.version() == 10) {
      return wrong("The only Transfer-Encoding known is chunked.");
    }
  }
  const std::size_t hosts = fields.count(beast_http::field::host);
  if (hosts > 1 || (hosts == 0 && fields.version() == 11)) {
    return wrong("Exactly one Host is needed.");
  }
  return std::nullopt;
}

/// Makes the call; answers a response if the request is refused by its header alone.
std::optional<Response> Session::begin_call() {
  const auto& fields = parser_->get();
  close_after_ = close_after_ || !parser_->keep_alive();
  const std::string_view given_id = header("x-request-id");
  if (fit_request_id(given_id)) request_id_ = given_id;
  call_ = std::make_shared<Call>(*core_, shared_from_this());
  call_->peer_is_loopback = peer_is_loopback_;
  call_->address = client_address();
  call_->request_id = request_id_;
  is_operator_ = is_looking_up_ = false;
  if (const auto error = framing_error()) {
    close_after_ = true;
    has_body_ = true;
    return problem(*error);
  }
  const auto length = parser_->content_length();
  has_body_ = parser_->chunked() || (length && *length > 0);
  const std::string_view target(fields.target().data(), fields.target().size());
  const std::size_t question = std::min(target.find('?'), target.size());
  call_->match = core_->router.find(method_of(fields.method()), target.substr(0, question));
  auto refused = refusal();
  if (!refused && question < target.size()) {
    auto query = Query::parse(target.substr(question + 1));
    if (query.ok()) call_->query = *std::move(query);
    else refused = problem(query.error());
  }
  if (!refused) refused = body_refusal();
  if (refused) return refused;
  phase_ = parser_->is_done() ? Phase::kHandling : Phase::kBody;
  if (phase_ == Phase::kBody) {
    body_began_ = std::chrono::steady_clock::now();
    body_received_ = 0;
  }
  return std::nullopt;
}

std::optional<Response> Session::refusal() {
  if (overloaded_) {
    close_after_ = true;
    return problem(Code::kOverloaded, "There are too many connections.");
  }
  if (!core_->host_allowed(header("host"))) {
    return problem(Code::kForbidden, "This server does not go by that name.");
  }
  const Match& match = call_->match;
  if (match.methods == 0) return problem(Code::kNotFound, "There is no such path.");
  if (match.route == nullptr) {
    const std::string allow = "Allow: " + Router::allow(match.methods) + "\r\n";
    if (parser_->get().method() == beast_http::verb::options) {
      return Response{.status = 204, .headers = allow};
    }
    Response response = problem(Code::kMethodNotAllowed, "This path has other methods.");
    response.headers += allow;
    return response;
  }
  if (auto refused = refuse_caller()) return refused;
  return std::nullopt;
}

/// What can be said of the caller before the body is read and the store is asked.
std::optional<Response> Session::refuse_caller() {
  const Route& route = *call_->match.route;
  const Credential credential = credential_of(header("authorization"), header("cookie"));
  if (core_->requests.is_on()) {
    // By address: a name that a caller makes up himself would give him as many buckets.
    const auto verdict = core_->requests.take(call_->address, std::chrono::steady_clock::now());
    call_->rate_fields = verdict.fields("requests");
    if (!verdict.allowed) return call_->refusal({Code::kRateLimited, "Too many requests.", {}});
  }
  const PageFields page{header("x-csrf-token"), header("origin"), header("sec-fetch-site"),
                        header("host")};
  if (route.needs_nobody()) {
    if (!route.needs.rule().changes() || route.from_elsewhere) return std::nullopt;
    const Status origin = check_origin(page);
    return origin ? std::nullopt : std::optional(call_->refusal(origin.error()));
  }
  if (route.free_on_loopback && peer_is_loopback_ && !core_->options.behind_proxy) {
    is_operator_ = true;
    return std::nullopt;
  }
  const auto own = core_->services.access.authenticate(credential.text);
  is_operator_ = own.ok() && std::holds_alternative<tenancy::Operator>(*own);
  const auto kind = tenancy::kind_of_token(credential.text);
  const auto expected =
      credential.by_cookie ? tenancy::TokenKind::kSession : tenancy::TokenKind::kAccess;
  if (!own.ok() && kind != expected) {
    return call_->refusal({Code::kUnauthorized, "A valid token or session is needed.", {}});
  }
  if (credential.by_cookie) {
    const bool needs_proof = route.needs.rule().audited();
    const Status ours = needs_proof
                            ? check_page(core_->services.hasher, credential.text, page)
                            : check_origin(route.success == 101 ? page : PageFields{});
    if (!ours) return call_->refusal(ours.error());
  }
  call_->credential = credential.text;
  return std::nullopt;
}

std::size_t Session::body_limit() const {
  const auto& limits = core_->options.limits;
  const Route& route = *call_->match.route;
  if (route.body == Body::kNone) return kIgnoredBodyMax;
  return route.large_body ? limits.large_body_bytes_max : limits.body_bytes_max;
}

std::optional<Response> Session::body_refusal() {
  if (!has_body_) return std::nullopt;
  const auto length = parser_->content_length();
  if (length && *length > body_limit()) {
    return problem(Code::kPayloadTooLarge,
                   "The body may have " + std::to_string(body_limit()) + " bytes.");
  }
  parser_->body_limit(body_limit());
  if (call_->match.route->body != Body::kNone && !is_json(header("content-type"))) {
    return problem(Code::kUnsupportedMediaType, "Send Content-Type: application/json.");
  }
  const std::string_view expect = header("expect");
  if (in_.size() == 0 && iequals({expect.data(), expect.size()}, "100-continue")) {
    wire_.write_now(asio::buffer("HTTP/1.1 100 Continue\r\n\r\n", 25));
  }
  return std::nullopt;
}

/// True once the body is complete.
bool Session::read_body() {
  boost::system::error_code error;
  while (in_.size() > 0 && !parser_->is_done()) {
    const std::size_t used = parser_->put(in_.data(), error);
    in_.consume(used);
    body_received_ += used;
    if (error || used == 0) break;
  }
  if (parser_->is_done()) {
    phase_ = Phase::kHandling;
    return true;
  }
  if (error == beast_http::error::body_limit) {
    return refuse(problem(Code::kPayloadTooLarge, "The body is over its limit.")), false;
  }
  // A chunk's header that never ends must not fill the memory.
  const bool endless = in_.size() > core_->options.limits.header_bytes_max;
  if (endless || (error && error != beast_http::error::need_more)) {
    return refuse(problem(Code::kInvalidRequest, "The body's chunks are malformed.")), false;
  }
  const auto& limits = core_->options.limits;
  const auto now = std::chrono::steady_clock::now();
  const auto spent = std::chrono::duration_cast<std::chrono::microseconds>(now - body_began_);
  const std::int64_t allowed = limits.body_grace.us + static_cast<std::int64_t>(body_received_) *
                                                          1'000'000 / limits.rate_bytes_per_s_min;
  arm({std::max<std::int64_t>(allowed - spent.count(), 0)});
  read();
  return false;
}

/// Answers without a handler. What is left of the body is not read, so the connection ends.
void Session::refuse(Response response) {
  const bool complete = parser_ && parser_->is_done();
  if (!complete) close_after_ = true;
  if (call_) return call_->send(std::move(response));
  core_->metrics.observe(nullptr, response.status, 0);
  respond(std::move(response));
}

void Session::dispatch() {
  disarm();
  if (call_->match.route->body != Body::kNone) {
    std::string& bytes = parser_->get().body();
    if (!bytes.empty() || call_->match.route->body == Body::kRequired) {
      auto body = json::Text::parse(
          std::move(bytes),
          {.bytes_max = body_limit(), .depth_max = core_->options.limits.json_depth_max});
      if (!body.ok()) return call_->fail(body.error());
      call_->body = *std::move(body);
    }
  }
  const Route& route = *call_->match.route;
  if (route.needs_nobody() || (is_operator_ && !route.is_in_tenant())) {
    if (is_operator_) call_->principal = tenancy::Operator{};
    return enter({.principal = call_->principal, .standing = {}, .scope = {}, .expires = {}});
  }
  edge::Question question{call_->credential, {}, {}};
  if (route.is_in_tenant()) {
    question.tenant = header("x-tenant-id");
    const std::string_view of_path = call_->param("project");
    question.project = of_path.empty() ? header("x-project-id") : of_path;
  }
  if (const edge::Authority::Known known = core_->authority->find(question)) return enter(*known);
  arm(core_->options.limits.access_time);
  is_looking_up_ = true;
  core_->authority->look_up(
      std::move(question),
      call_->then<edge::Authority::Known>([self = shared_from_this(),
                                           call = call_](const edge::Authority::Known& known) {
        if (self->call_ != call || self->phase_ != Phase::kHandling) return;
        self->is_looking_up_ = false;
        self->disarm();
        self->enter(*known);
      }));
}

void Session::enter(const edge::Caller& caller) {
  auto grant = core_->authority->authorise(caller, call_->match.route->needs.permission);
  call_->principal = caller.principal;
  if (!grant.ok()) return call_->send(call_->refusal(grant.error()));
  call_->scope = caller.scope;
  call_->grant = *std::move(grant);
  run_handler();
}

void Session::run_handler() {
  if (phase_ != Phase::kHandling) return;
  const CallPtr call = call_;
  call->match.route->handler(call);
}

}  // namespace troupe::http
