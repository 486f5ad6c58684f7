#include "tests/system/browser.h"

#include <stdexcept>

#include "tests/support/answer_log.h"

namespace troupe::testing {
namespace {

constexpr int kRedirectsMax = 10;

/// "https://name:port" of an address.
std::string origin_of(const std::string& url) {
  const std::size_t host = url.find("://") + 3;
  return url.substr(0, url.find('/', host));
}

}  // namespace

std::string Browser::cookie(const std::string& origin, const std::string& name) const {
  const auto site = cookies_.find(origin);
  if (site == cookies_.end()) return {};
  const auto found = site->second.find(name);
  return found == site->second.end() ? std::string() : found->second;
}

void Browser::keep_cookies(const std::string& origin, const http_client::Response& response) {
  for (const auto& [name, value] : response.headers) {
    if (name != "set-cookie") continue;
    const std::string pair = value.substr(0, value.find(';'));
    const std::size_t equals = pair.find('=');
    const bool is_gone = value.find("Max-Age=0") != std::string::npos ||
                         value.find("expires=Thu, 01 Jan 1970") != std::string::npos;
    if (is_gone) cookies_[origin].erase(pair.substr(0, equals));
    else cookies_[origin][pair.substr(0, equals)] = pair.substr(equals + 1);
  }
}

http_client::Response Browser::send(std::string method, std::string url, std::string type,
                                    std::string body) {
  for (int i = 0; i < kRedirectsMax; ++i) {
    const std::string origin = origin_of(url);
    const auto stand_in = stand_ins_.find(origin);
    auto options =
        http_client::options_for_url(stand_in == stand_ins_.end() ? origin : stand_in->second);
    if (!options) throw std::runtime_error(url + ": " + options.error().message);
    http_client::Headers headers;
    std::string cookies;
    for (const auto& [name, value] : cookies_[origin]) cookies += name + "=" + value + "; ";
    if (!cookies.empty()) headers.emplace_back("Cookie", cookies.substr(0, cookies.size() - 2));
    if (!type.empty()) headers.emplace_back("Content-Type", type);
    if (!csrf_.empty()) headers.emplace_back("X-CSRF-Token", csrf_);
    const std::string path = url.substr(origin.size());
    const auto response = http_client::Client(*options).request(
        method, path.empty() ? "/" : path, headers, body);
    if (!response) throw std::runtime_error(url + ": " + response.error().message);
    // Behind a stand-in is Troupe.
    if (stand_in != stand_ins_.end()) log_answer(method, path, response->status, response->body);
    url_ = url;
    keep_cookies(origin, *response);
    const std::string to(response->header("location"));
    if (response->status < 301 || response->status > 303 || to.empty()) return *response;
    url = to.starts_with('/') ? origin + to : to;
    method = "GET";
    type.clear();
    body.clear();
  }
  throw std::runtime_error("redirected round and round: " + url);
}

}  // namespace troupe::testing
