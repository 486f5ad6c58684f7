#include "runtime/tenancy/principal.h"

#include <string>
#include <utility>

namespace troupe::tenancy {
namespace {

Error out_of_bounds(std::string what) {
  return {Code::kForbidden, "A token cannot make one " + std::move(what), {}};
}

bool lies_within(const std::optional<Binding>& inner, const Binding& outer) {
  if (!inner || inner->workspace != outer.workspace) return false;
  return !outer.project || inner->project == outer.project;
}

}  // namespace

std::optional<UserId> user_of(const Principal& principal) {
  if (const auto* session = std::get_if<SessionUser>(&principal)) return session->user;
  if (const auto* token = std::get_if<TokenUser>(&principal)) return token->user;
  return std::nullopt;
}

std::optional<Binding> binding_of(const Principal& principal) {
  const auto* token = std::get_if<TokenUser>(&principal);
  return token == nullptr ? std::nullopt : token->limits.binding;
}

Status check_new_token(const Principal& by, const TokenLimits& wanted, TimePoint now) {
  if (wanted.scopes.empty()) return {Code::kValidationFailed, "A token needs a scope."};
  if (wanted.expires.set() && wanted.expires <= now) {
    return {Code::kValidationFailed, "A token has to expire later than now."};
  }
  const auto* token = std::get_if<TokenUser>(&by);
  if (token == nullptr) {
    if (!std::holds_alternative<Nobody>(by)) return ok();
    return {Code::kForbidden, "Only a user or the operator can have tokens."};
  }
  const TokenLimits& own = token->limits;
  if (!wanted.scopes.within(own.scopes)) return out_of_bounds("with scopes that it has not.");
  if (own.expires.set() && (!wanted.expires.set() || wanted.expires > own.expires)) {
    return out_of_bounds("that outlives it.");
  }
  if (own.binding && !lies_within(wanted.binding, *own.binding)) {
    return out_of_bounds("for more than what it is bound to.");
  }
  return ok();
}

}  // namespace troupe::tenancy
