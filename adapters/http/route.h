#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include "runtime/tenancy/permission.h"

namespace troupe::http {

class Call;

enum class Method : std::uint8_t { kGet, kHead, kPost, kPut, kPatch, kDelete, kOptions, kOther };
std::string_view name(Method method);

enum class Body : std::uint8_t { kNone, kOptional, kRequired };

/// What a caller has to be allowed. There is none by default, so that a route without one does not
/// build.
struct Needed {
  constexpr Needed(tenancy::Permission given) : permission(given) {}
  constexpr const tenancy::Rule& rule() const { return tenancy::rule_of(permission); }
  tenancy::Permission permission;
};

/// One line of the route table, which is also what /openapi.json is made from.
struct Route {
  Method method;
  std::string_view pattern;  ///< "/v1/workflows/{id}"; a segment is literal or one {name}
  void (*handler)(const std::shared_ptr<Call>&);
  Needed needs;
  bool free_on_loopback = false;  ///< there it needs no token
  /// A page of another site leads here, as a sign-in does; the handler knows whether it may.
  bool from_elsewhere = false;
  bool live = false;  ///< can be followed, as an event stream or a WebSocket
  Body body = Body::kNone;
  bool large_body = false;
  std::string_view summary;
  std::string_view request_schema;   ///< of openapi.cc, or empty
  std::string_view response_schema;  ///< of openapi.cc, or empty
  int success = 200;

  bool needs_nobody() const { return needs.rule().need.reach == tenancy::Reach::kNone; }
  /// Whether it acts in a workspace, or in a project of one.
  bool is_in_tenant() const {
    const tenancy::Reach reach = needs.rule().need.reach;
    return reach == tenancy::Reach::kWorkspace || reach == tenancy::Reach::kProject;
  }
};

/// Every route. Stable addresses and order.
std::span<const Route> routes();

/// What the router found: a route, or only which methods the path has.
struct Match {
  const Route* route = nullptr;
  std::uint32_t methods = 0;  ///< bits by Method; 0: there is no such path
  std::array<std::pair<std::string_view, std::string_view>, 4> params;  ///< views into the target
  std::size_t params_used = 0;

  std::string_view param(std::string_view name) const {
    for (std::size_t i = 0; i < params_used; ++i) {
      if (params[i].first == name) return params[i].second;
    }
    return {};
  }
};

}  // namespace troupe::http
