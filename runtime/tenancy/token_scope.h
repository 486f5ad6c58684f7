#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/base/result.h"

namespace troupe::tenancy {

/// What a personal access token may be used for. No scope includes another. Stored by name.
enum class Scope : std::uint8_t {
  kWorkflowRead,   ///< workflows, versions, runs, tasks, analytics
  kWorkflowWrite,  ///< drafts and versions
  kWorkflowRun,    ///< start and control runs, answer tasks, send events
  kMcpExecute,     ///< use the MCP server; each tool needs its own scope as well
  kWorkspaceRead,  ///< settings, projects, members, environments
  kWorkspaceAdmin,
  kSecretsList,  ///< their names
  kSecretsManage,
  kSecretsReveal,
  kTokensManage,
  kAuditRead,
};
inline constexpr std::array<std::string_view, 11> kScopeNames = {
    "workflow:read",  "workflow:write",  "workflow:run", "mcp:execute",
    "workspace:read", "workspace:admin", "secrets:list", "secrets:manage",
    "secrets:reveal", "tokens:manage",   "audit:read",
};
static_assert(static_cast<std::size_t>(Scope::kAuditRead) + 1 == kScopeNames.size());

constexpr std::string_view name(Scope scope) {
  return kScopeNames[static_cast<std::size_t>(scope)];
}
constexpr std::optional<Scope> parse_scope(std::string_view name) {
  for (std::size_t i = 0; i < kScopeNames.size(); ++i) {
    if (kScopeNames[i] == name) return static_cast<Scope>(i);
  }
  return std::nullopt;
}

/// A set of scopes.
class Scopes {
 public:
  constexpr Scopes() = default;
  constexpr Scopes(std::initializer_list<Scope> scopes) {
    for (const Scope scope : scopes) add(scope);
  }
  constexpr void add(Scope scope) { bits_ |= bit(scope); }
  constexpr bool has(Scope scope) const { return (bits_ & bit(scope)) != 0; }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr bool within(Scopes others) const { return (bits_ & ~others.bits_) == 0; }
  constexpr bool operator==(const Scopes&) const = default;

  /// "workflow:read workflow:run": in a fixed order, as they are stored.
  std::string to_string() const;
  /// kInvalidField for a name that is none.
  static Result<Scopes> parse(std::string_view text);

 private:
  static constexpr std::uint32_t bit(Scope scope) {
    return std::uint32_t{1} << static_cast<std::uint32_t>(scope);
  }
  std::uint32_t bits_ = 0;
};

}  // namespace troupe::tenancy
