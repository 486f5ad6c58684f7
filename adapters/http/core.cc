#include "adapters/http/core.h"

#include <algorithm>
#include <cctype>

namespace troupe::http {
namespace {

// Only statuses that this server sends; anything else would be a bug and shares the last place.
constexpr std::array<int, 26> kStatusList = {200, 201, 202, 204, 303, 304, 101, 400, 401,
                                             403, 404, 405, 408, 409, 412, 413, 415, 422,
                                             428, 429, 431, 500, 502, 503, 504, 507};

std::size_t status_index(int status) {
  const auto at = std::find(kStatusList.begin(), kStatusList.end(), status);
  return static_cast<std::size_t>(at - kStatusList.begin());
}

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) ==
           std::tolower(static_cast<unsigned char>(y));
  });
}

bool loopback(std::string_view address) {
  return address.starts_with("127.") || address == "::1" || address == "localhost";
}

/// "name:port" and "[::1]:port" without the port.
std::string_view without_port(std::string_view host) {
  if (host.starts_with('[')) return host.substr(0, std::min(host.find(']') + 1, host.size()));
  return host.substr(0, std::min(host.find(':'), host.size()));
}

}  // namespace

RequestMetrics::RequestMetrics(Metrics& metrics, std::span<const Route> routes)
    : metrics_(metrics), routes_(routes), rows_(routes.size() + 1) {}

void RequestMetrics::observe(const Route* route, int status, double seconds) {
  static_assert(kStatusList.size() < kStatuses, "the last place is that of what is not listed");
  const std::size_t row =
      route == nullptr ? routes_.size() : static_cast<std::size_t>(route - routes_.data());
  std::atomic<Histogram*>& slot = rows_[row][status_index(status)];
  Histogram* histogram = slot.load(std::memory_order_acquire);
  if (histogram == nullptr) {
    const std::string_view label = route == nullptr ? "none" : route->pattern;
    histogram = &metrics_.histogram("http_request_duration_seconds", label, std::to_string(status));
    slot.store(histogram, std::memory_order_release);
  }
  histogram->observe(seconds);
}

Core::Core(Options given, Services ports)
    : options(std::move(given)),
      services(ports),
      router(routes()),
      authority(std::make_shared<CallerCache>(services.engine, services.access, services.hasher,
                                              services.clock)),
      scopes(services.engine),
      requests(options.limits.requests_per_second, 2 * options.limits.requests_per_second),
      sign_ins(options.limits.sign_ins_per_minute / 60, options.limits.sign_ins_per_minute),
      trouble(services.log),
      metrics(services.metrics, routes()),
      checks_host(loopback(options.address) && !options.behind_proxy) {}

Uuid Core::new_id() {
  return Uuid::v7(services.clock.now(), services.entropy.next(), services.entropy.next());
}

bool Core::host_allowed(std::string_view host) const {
  if (!checks_host) return true;
  const std::string_view bare = without_port(host);
  if (same_name(bare, "localhost") || bare == "127.0.0.1" || bare == "[::1]") return true;
  if (same_name(bare, options.address)) return true;
  return std::any_of(options.host_names.begin(), options.host_names.end(),
                     [&](const std::string& name) { return same_name(bare, name); });
}

}  // namespace troupe::http
