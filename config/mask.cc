#include "config/mask.h"

#include <algorithm>

namespace troupe::config {
namespace {

constexpr std::string_view kMask = "***";
constexpr std::string_view kBlanks = " \t\r\n\f\v";

bool is_secret(std::string_view name) { return name == "password" || name == "sslpassword"; }

/// "user:***@host" for "user:secret@host". A user without a password may be a token.
std::string mask_user(std::string_view text, bool user_is_secret) {
  const std::size_t at = text.rfind('@');
  if (at == std::string_view::npos) return std::string(text);
  const std::size_t colon = text.substr(0, at).find(':');
  if (colon == std::string_view::npos) {
    if (!user_is_secret) return std::string(text);
    return std::string(kMask) + std::string(text.substr(at));
  }
  return std::string(text.substr(0, colon + 1)) + std::string(kMask) + std::string(text.substr(at));
}

std::string mask_query(std::string_view query) {
  std::string out;
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view one = query.substr(0, end);
    const std::size_t equals = std::min(one.find('='), one.size());
    // The name may be percent-encoded; such a one is nobody's habit and may hide anything.
    const std::string_view name = one.substr(0, equals);
    const bool hide = is_secret(name) || name.find('%') != std::string_view::npos;
    out += hide ? std::string(name) + "=" + std::string(kMask) : std::string(one);
    if (end < query.size()) out += '&';
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return out;
}

std::string mask_uri(std::string_view text, std::size_t scheme) {
  const std::string body = mask_user(text.substr(scheme), false);
  const std::size_t query = std::min(body.find('?'), body.size());
  std::string out = std::string(text.substr(0, scheme)) + body.substr(0, query);
  if (query < body.size()) out += "?" + mask_query(std::string_view(body).substr(query + 1));
  return out;
}

/// Where the value that starts at `from` ends: at its closing quote or at a blank. npos: it has an
/// opening quote only.
std::size_t value_end(std::string_view text, std::size_t from) {
  const bool quoted = from < text.size() && text[from] == '\'';
  for (std::size_t i = quoted ? from + 1 : from; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (quoted ? text[i] == '\'' : kBlanks.find(text[i]) != std::string_view::npos) {
      return quoted ? i + 1 : i;
    }
  }
  return quoted ? std::string_view::npos : text.size();
}

std::string mask_words(std::string_view text) {
  std::string out;
  for (std::size_t i = text.find_first_not_of(kBlanks); i < text.size();
       i = text.find_first_not_of(kBlanks, i)) {
    const std::size_t equals = text.find('=', i);
    if (equals == std::string_view::npos) return std::string(kMask);
    std::string_view name = text.substr(i, equals - i);
    name = name.substr(0, name.find_last_not_of(kBlanks) + 1);
    const std::size_t from = std::min(text.find_first_not_of(kBlanks, equals + 1), text.size());
    const std::size_t end = value_end(text, from);
    // Where names and values cannot be told apart, a value may be anything.
    if (name.empty() || name.find_first_of(kBlanks) != std::string_view::npos ||
        end == std::string_view::npos) {
      return std::string(kMask);
    }
    if (!out.empty()) out += ' ';
    out += std::string(name) + "=";
    out += is_secret(name) ? kMask : text.substr(from, end - from);
    i = end;
  }
  return out;
}

}  // namespace

std::string mask_conninfo(std::string_view text) {
  for (const std::string_view scheme : {"postgres://", "postgresql://"}) {
    if (text.rfind(scheme, 0) == 0) return mask_uri(text, scheme.size());
  }
  return mask_words(text);
}

std::string mask_nats_urls(std::string_view text) {
  constexpr std::string_view kScheme = "://";
  std::string out;
  while (true) {
    const std::size_t scheme = text.find(kScheme);
    if (scheme == std::string_view::npos) return out + mask_user(text, true);
    // What stands before it ends the URL before: its host, a comma, the name of this scheme.
    out += mask_user(text.substr(0, scheme), true) + std::string(kScheme);
    text.remove_prefix(scheme + kScheme.size());
  }
}

}  // namespace troupe::config
