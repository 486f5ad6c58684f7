#include "adapters/egress/hosts.h"

#include <algorithm>

namespace troupe::egress {

Hosts::Verdict Hosts::begin(const std::string& scope, const std::string& origin, Duration now) {
  const auto found = breakers_.find({scope, origin});
  const bool is_left_alone = found != breakers_.end() && found->second.pause.us > 0;
  if (is_left_alone) {
    const Breaker& breaker = found->second;
    if (now < breaker.until) return {Word::kLeaveAlone, {breaker.until.us - now.us}};
    if (breaker.probing) return {Word::kLeaveAlone, options_.pause_min};
  }
  if (!has_room({scope, origin}, now)) return {Word::kWait, {}};
  if (is_left_alone) found->second.probing = true;
  Load& load = loads_[{scope, origin}];
  ++load.open;
  load.tokens -= 1;
  return {};
}

bool Hosts::has_room(const Place& place, Duration now) {
  if (loads_.size() > kKept) forget_idle();
  const auto [at, is_new] = loads_.try_emplace(place);
  Load& load = at->second;
  if (load.open >= options_.requests_max) return false;
  if (options_.requests_per_s <= 0) return true;
  // A second's worth may come at once.
  const double most = std::max(1.0, options_.requests_per_s);
  const double since = static_cast<double>(now.us - load.filled.us) / 1e6;
  load.tokens = is_new ? most : std::min(most, load.tokens + since * options_.requests_per_s);
  load.filled = now;
  return load.tokens >= 1;
}

void Hosts::ended(const std::string& scope, const std::string& origin, bool healthy,
                  Duration now) {
  dropped(scope, origin);
  if (options_.failures_max == 0) return;
  if (healthy) {
    breakers_.erase({scope, origin});
    return;
  }
  Breaker& breaker = breakers_[{scope, origin}];
  if (now < breaker.until || ++breaker.failures < options_.failures_max) return;
  breaker.pause = breaker.pause.us == 0
                      ? options_.pause_min
                      : std::min(options_.pause_max, Duration{2 * breaker.pause.us});
  breaker.until = now + breaker.pause;
}

void Hosts::dropped(const std::string& scope, const std::string& origin) {
  const auto load = loads_.find({scope, origin});
  if (load != loads_.end() && load->second.open > 0) --load->second.open;
  const auto breaker = breakers_.find({scope, origin});
  if (breaker != breakers_.end()) breaker->second.probing = false;
}

void Hosts::forget_idle() {
  std::erase_if(loads_, [](const auto& entry) { return entry.second.open == 0; });
  if (breakers_.size() > kKept) breakers_.clear();
}

}  // namespace troupe::egress
