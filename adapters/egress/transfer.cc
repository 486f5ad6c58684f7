#include "adapters/egress/transfer.h"

#include <sys/socket.h>

#include <algorithm>
#include <cctype>
#include <utility>

#include "runtime/base/ensure.h"

namespace troupe::egress {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

std::string_view trimmed(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

/// A line of a header must not become two.
bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c != 0x7f; });
}

Error bad_url(std::string_view why) {
  return {Code::kInvalidRequest, "The address cannot be called: " + std::string(why), {}};
}

std::string part_of(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, 0) != CURLUE_OK) return {};
  std::string copy = text;
  curl_free(text);
  return copy;
}

template <class Value>
void set(CURL* handle, CURLoption option, Value value) {
  // Fails only for options that this build of the library does not know.
  TROUPE_ENSURE(curl_easy_setopt(handle, option, value) == CURLE_OK);
}

}  // namespace

Transfer::Transfer(const Options& options, EgressRequest request)
    : options_(options),
      request_(std::move(request)),
      handle_(curl_easy_init()),
      url_(curl_url()) {
  TROUPE_ENSURE(handle_ != nullptr && url_ != nullptr);
}

Transfer::~Transfer() {
  curl_easy_cleanup(handle_);
  curl_slist_free_all(fields_);
  curl_url_cleanup(url_);
}

Result<std::unique_ptr<Transfer>> Transfer::make(const Options& options, EgressRequest request) {
  std::unique_ptr<Transfer> transfer(new Transfer(options, std::move(request)));
  if (Status url = transfer->read_url(); !url) return url.error();
  for (const auto& [name, value] : transfer->request_.headers) {
    if (name.empty() || !is_printable(name) || !is_printable(value)) {
      return Error{Code::kInvalidRequest, "A header field has characters that none may have.", {}};
    }
  }
  transfer->set_up();
  return transfer;
}

/// The library reads the address once, here, and calls what it has read.
Status Transfer::read_url() {
  const std::string& text = request_.url;
  const bool is_graphic = std::all_of(text.begin(), text.end(), [](char c) {
    return c > 0x20 && c < 0x7f && c != '\\';
  });
  if (!is_graphic) return bad_url("it has characters that no address has.");
  constexpr unsigned kFlags = CURLU_DISALLOW_USER | CURLU_NON_SUPPORT_SCHEME;
  if (const CURLUcode read = curl_url_set(url_, CURLUPART_URL, text.c_str(), kFlags);
      read != CURLUE_OK) {
    return bad_url(std::string(curl_url_strerror(read)) + ".");
  }
  const std::string scheme = part_of(url_, CURLUPART_SCHEME);
  if (scheme != "https" && scheme != "http") return bad_url("it is neither https nor http.");
  is_plain_ = scheme == "http";
  if (!part_of(url_, CURLUPART_ZONEID).empty()) return bad_url("it names a link of this machine.");
  host_ = part_of(url_, CURLUPART_HOST);
  if (host_.empty()) return bad_url("it names no host.");
  curl_url_set(url_, CURLUPART_FRAGMENT, nullptr, 0);
  const std::string port = part_of(url_, CURLUPART_PORT);
  origin_ = scheme + "://" + lower(host_) + ":" + (port.empty() ? is_plain_ ? "80" : "443" : port);
  return ok();
}

void Transfer::set_up() {
  set(handle_, CURLOPT_CURLU, url_);
  set(handle_, CURLOPT_PROTOCOLS_STR, "http,https");
  set(handle_, CURLOPT_FOLLOWLOCATION, 0L);
  set(handle_, CURLOPT_PROXY, "");
  set(handle_, CURLOPT_NOSIGNAL, 1L);
  // Or a name server that is silent would hold up all others when its transfer is given up.
  set(handle_, CURLOPT_QUICK_EXIT, 1L);
  set(handle_, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options_.connect_time.us / 1000));
  set(handle_, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!options_.ca_file.empty()) set(handle_, CURLOPT_CAINFO, options_.ca_file.c_str());
  set(handle_, CURLOPT_OPENSOCKETFUNCTION, &Transfer::open_socket);
  set(handle_, CURLOPT_OPENSOCKETDATA, this);
  set(handle_, CURLOPT_HEADERFUNCTION, &Transfer::on_header);
  set(handle_, CURLOPT_HEADERDATA, this);
  set(handle_, CURLOPT_WRITEFUNCTION, &Transfer::on_body);
  set(handle_, CURLOPT_WRITEDATA, this);
  if (!request_.body.empty() || request_.method == "POST") {
    set(handle_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
    set(handle_, CURLOPT_POSTFIELDS, request_.body.data());
    fields_ = curl_slist_append(fields_, "Expect:");
  }
  if (!request_.may_repeat) set(handle_, CURLOPT_FRESH_CONNECT, 1L);
  if (request_.method == "HEAD") set(handle_, CURLOPT_NOBODY, 1L);
  set(handle_, CURLOPT_CUSTOMREQUEST, request_.method.c_str());
  for (const auto& [name, value] : request_.headers) {
    // Without a value the library would take the line for one that it is to leave out.
    const std::string line = value.empty() ? name + ";" : name + ": " + value;
    fields_ = curl_slist_append(fields_, line.c_str());
  }
  set(handle_, CURLOPT_HTTPHEADER, fields_);
}

void Transfer::set_time(Duration left) {
  set(handle_, CURLOPT_TIMEOUT_MS, std::max(1L, static_cast<long>(left.us / 1000)));
}

bool Transfer::may_reach(const Address& address) const {
  const bool is_allowed =
      std::any_of(options_.allowed.begin(), options_.allowed.end(),
                  [&](const Network& network) { return network.contains(address); });
  return is_allowed || (is_public(address) && !is_plain_);
}

curl_socket_t Transfer::open_socket(void* self, curlsocktype purpose, curl_sockaddr* address) {
  auto& transfer = *static_cast<Transfer*>(self);
  const auto target = address_of(address->addr);
  if (purpose != CURLSOCKTYPE_IPCXN || !target || !transfer.may_reach(*target)) {
    transfer.refused_ = target ? target->to_string() : "an unknown family";
    return CURL_SOCKET_BAD;
  }
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

std::size_t Transfer::on_header(char* bytes, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  const std::string_view line(bytes, size * count);
  transfer.header_bytes_ += line.size();
  if (transfer.header_bytes_ > transfer.options_.header_bytes_max) {
    transfer.is_too_long_ = true;
    return 0;
  }
  if (line.starts_with("HTTP/")) {
    transfer.response_.headers.clear();  // of an answer that came before the real one
  } else if (const std::size_t colon = line.find(':'); colon != std::string_view::npos) {
    transfer.response_.headers.emplace_back(lower(line.substr(0, colon)),
                                            trimmed(line.substr(colon + 1)));
  }
  return line.size();
}

std::size_t Transfer::on_body(char* bytes, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  transfer.body_bytes_ += size * count;
  if (transfer.body_bytes_ > transfer.request_.body_bytes_max) {
    transfer.is_too_long_ = true;
    return 0;
  }
  const std::string_view piece(bytes, size * count);
  if (!transfer.request_.on_piece || !transfer.succeeds()) {
    transfer.response_.body.append(piece);
    return piece.size();
  }
  Status taken = transfer.request_.on_piece(piece);
  if (taken) return piece.size();
  transfer.piece_refused_ = std::move(taken).error();
  return 0;
}

bool Transfer::succeeds() const {
  long status = 0;
  curl_easy_getinfo(handle_, CURLINFO_RESPONSE_CODE, &status);
  return status >= 200 && status < 300;
}

Result<EgressResponse> Transfer::result(CURLcode code) {
  if (code == CURLE_OK) {
    long status = 0;
    curl_easy_getinfo(handle_, CURLINFO_RESPONSE_CODE, &status);
    response_.status = static_cast<int>(status);
    return std::move(response_);
  }
  if (piece_refused_) return *std::move(piece_refused_);
  if (is_too_long_) return {Code::kLimitExceeded, "The answer of " + host_ + " is too long."};
  if (code == CURLE_OPERATION_TIMEDOUT) {
    return {Code::kTimeout, host_ + " did not answer in time."};
  }
  if (!refused_.empty() && code == CURLE_COULDNT_CONNECT) {
    return {Code::kForbidden, host_ + " is at " + refused_ + ", which is not to be called" +
                                  (is_plain_ ? " without TLS." : " from here.")};
  }
  long sent = 0;
  curl_easy_getinfo(handle_, CURLINFO_REQUEST_SIZE, &sent);
  return {sent == 0 ? Code::kUnavailable : Code::kOutcomeUnknown,
          host_ + " cannot be called: " + std::string(curl_easy_strerror(code)) + "."};
}

}  // namespace troupe::egress
