#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "adapters/http/bounded_log.h"
#include "adapters/http/caller_cache.h"
#include "adapters/http/options.h"
#include "adapters/http/rate_limit.h"
#include "adapters/http/router.h"
#include "adapters/http/scope.h"
#include "adapters/http/services.h"
#include "adapters/http/worker.h"

namespace troupe::http {

/// Durations by route and status code. Children are looked up once and then kept, because a look-up
/// by label costs more than the rest of a small request. Thread-safe.
class RequestMetrics {
 public:
  RequestMetrics(Metrics& metrics, std::span<const Route> routes);
  /// `route` null: no route matched.
  void observe(const Route* route, int status, double seconds);

 private:
  static constexpr std::size_t kStatuses = 27;
  using Row = std::array<std::atomic<Histogram*>, kStatuses>;

  Metrics& metrics_;
  std::span<const Route> routes_;
  std::vector<Row> rows_;  ///< the last one is for requests without a route
};

/// What all connections of a server share. Immutable or thread-safe; outlives them.
struct Core {
  Core(Options options, Services services);

  /// A fresh identifier, version 7.
  Uuid new_id();
  /// Whether a Host field may name this server (an answer to DNS rebinding).
  bool host_allowed(std::string_view host) const;

  const Options options;
  const Services services;
  const Router router;
  const std::shared_ptr<CallerCache> authority;
  ScopeCache scopes;
  RateLimit requests;  ///< of each address
  RateLimit sign_ins;  ///< failed ones, by address and by account
  BoundedLog trouble;
  RequestMetrics metrics;
  const bool checks_host;  ///< on loopback addresses without a proxy in front
  std::atomic<bool> draining{false};
  Worker worker{64};  ///< last: what it does needs the rest
};

}  // namespace troupe::http
