#include "runtime/outward/shown_secret.h"

#include <algorithm>
#include <cctype>

#include "runtime/base/base64url.h"
#include "runtime/json/write.h"

namespace troupe::outward {
namespace {

using directory::ConnectionAuth;

constexpr std::size_t kHiddenMin = 8;
constexpr std::string_view kStars = "***";

std::string percent_encoded(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const unsigned char c : text) {
    const bool plain = std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.' || c == '~';
    if (plain) {
      out.push_back(static_cast<char>(c));
    } else {
      out.push_back('%');
      out.push_back(kHex[c >> 4]);
      out.push_back(kHex[c & 15]);
    }
  }
  return out;
}

void set_header(EgressRequest& request, const std::string& name, std::string value) {
  const auto is_same = [&](const auto& header) {
    return std::equal(header.first.begin(), header.first.end(), name.begin(), name.end(),
                      [](unsigned char a, unsigned char b) {
                        return std::tolower(a) == std::tolower(b);
                      });
  };
  std::erase_if(request.headers, is_same);
  request.headers.emplace_back(name, std::move(value));
}

void add_query(EgressRequest& request, const std::string& name, std::string_view value) {
  const std::size_t fragment = std::min(request.url.find('#'), request.url.size());
  const std::string_view before = std::string_view(request.url).substr(0, fragment);
  const char sign = before.find('?') == std::string_view::npos ? '?' : '&';
  request.url.insert(fragment, sign + percent_encoded(name) + "=" + percent_encoded(value));
}

void replace_all(std::string& text, std::string_view what) {
  for (std::size_t at = text.find(what); at != std::string::npos;
       at = text.find(what, at + kStars.size())) {
    text.replace(at, what.size(), kStars);
  }
}

}  // namespace

Status show_secret(const directory::Connection& connection, const SecretText& secret,
                   EgressRequest& request) {
  if (!directory::is_for(connection, request.url)) {
    return Error{Code::kForbidden,
                 "The connection \"" + connection.name + "\" is not for the host of this address.",
                 {}};
  }
  const std::string_view value = secret.reveal();
  switch (connection.auth) {
    case ConnectionAuth::kBearer:
      set_header(request, "Authorization", "Bearer " + std::string(value));
      break;
    case ConnectionAuth::kHeader:
      set_header(request, connection.auth_name, std::string(value));
      break;
    case ConnectionAuth::kQuery: add_query(request, connection.auth_name, value); break;
    case ConnectionAuth::kBasic:
      set_header(request, "Authorization",
                 "Basic " + encode_base64(connection.auth_name + ":" + std::string(value)));
      break;
  }
  return ok();
}

void hide_secret(const SecretText& secret, EgressResponse& response) {
  hide_secret(secret, response.body);
  for (auto& [name, text] : response.headers) hide_secret(secret, text);
}

void hide_secret(const SecretText& secret, std::string& text) {
  const std::string_view value = secret.reveal();
  if (value.size() < kHiddenMin) return;
  replace_all(text, value);
  // As it stands in JSON, where it has characters that are written otherwise there.
  std::string quoted = json::quote(value);
  const std::string_view inner = std::string_view(quoted).substr(1, quoted.size() - 2);
  if (inner != value) replace_all(text, inner);
  wipe(quoted);
}

}  // namespace troupe::outward
