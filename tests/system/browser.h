#pragma once

#include <map>
#include <string>

#include "adapters/http_client/client.h"

namespace troupe::testing {

/// What a browser does about signing in elsewhere: it keeps each site's cookies, follows redirects,
/// and sends forms. Sites that are only names are found by `stand_in`. Throws when a site does not
/// answer, or leads round and round.
class Browser {
 public:
  /// Where requests to an origin go instead, as "https://troupe.test" to "http://127.0.0.1:1234".
  void stand_in(const std::string& origin, const std::string& url) { stand_ins_[origin] = url; }

  http_client::Response get(const std::string& url) { return send("GET", url, {}, {}); }
  /// The answer to a form, and to all that it leads to.
  http_client::Response submit(const std::string& url, const std::string& form) {
    return send("POST", url, "application/x-www-form-urlencoded", form);
  }
  http_client::Response post_json(const std::string& url, const std::string& body,
                                  const std::string& csrf_token = {}) {
    csrf_ = csrf_token;
    auto response = send("POST", url, "application/json", body);
    csrf_.clear();
    return response;
  }

  /// Of the last answer.
  const std::string& url() const { return url_; }
  void forget_cookies() { cookies_.clear(); }
  /// Name and value of a cookie; empty if there is none.
  std::string cookie(const std::string& origin, const std::string& name) const;
  void keep_cookie(const std::string& origin, const std::string& name, const std::string& value) {
    cookies_[origin][name] = value;
  }

 private:
  http_client::Response send(std::string method, std::string url, std::string type,
                             std::string body);
  void keep_cookies(const std::string& origin, const http_client::Response& response);

  std::map<std::string, std::string> stand_ins_;
  std::map<std::string, std::map<std::string, std::string>> cookies_;
  std::string url_;
  std::string csrf_;
};

}  // namespace troupe::testing
