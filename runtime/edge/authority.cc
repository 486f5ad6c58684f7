#include "runtime/edge/authority.h"

#include <algorithm>
#include <cctype>

namespace troupe::edge {
namespace {

bool is_scheme(std::string_view text, std::string_view scheme) {
  return std::equal(text.begin(), text.end(), scheme.begin(), scheme.end(), [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) == b;
  });
}

}  // namespace

std::string_view bearer_token(std::string_view authorization) {
  const std::size_t space = authorization.find(' ');
  if (space == std::string_view::npos) return {};
  if (!is_scheme(authorization.substr(0, space), "bearer")) return {};
  std::string_view token = authorization.substr(space);
  const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!token.empty() && is_blank(token.front())) token.remove_prefix(1);
  while (!token.empty() && is_blank(token.back())) token.remove_suffix(1);
  return token;
}

}  // namespace troupe::edge
