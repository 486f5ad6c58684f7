#include "runtime/tenancy/token_scope.h"

#include <algorithm>

namespace troupe::tenancy {

std::string Scopes::to_string() const {
  std::string text;
  for (std::size_t i = 0; i < kScopeNames.size(); ++i) {
    if (!has(static_cast<Scope>(i))) continue;
    if (!text.empty()) text += ' ';
    text += kScopeNames[i];
  }
  return text;
}

Result<Scopes> Scopes::parse(std::string_view text) {
  Scopes scopes;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    if (word.empty()) continue;
    const std::optional<Scope> scope = parse_scope(word);
    if (!scope) return {Code::kInvalidField, "names no scope: " + std::string(word)};
    scopes.add(*scope);
  }
  return scopes;
}

}  // namespace troupe::tenancy
