#include "runtime/dispatch/fair_queue.h"

#include <algorithm>

#include "runtime/base/ensure.h"

namespace troupe::dispatch {

void FairQueue::push(Request request) {
  ++waiting_;
  if (!request.concurrency_key.empty()) {
    Key& key = keys_[{request.project, request.concurrency_key}];
    if (key.running >= key.limit || !key.parked.empty()) {
      key.parked.push_back(std::move(request));
      return;
    }
    // the place is taken when it enters the line, so that two cannot both be granted
    ++key.running;
  }
  enter_line(std::move(request));
}

void FairQueue::enter_line(Request request) {
  Lane& lane = this->lane(request.place);
  Tenant& tenant = lane.tenants[request.workspace];
  const WorkspaceId id = request.workspace;
  tenant.lines[request.priority].push_back(std::move(request));
  ++tenant.size;
  enter_ring(lane, id, tenant);
}

void FairQueue::enter_ring(Lane& lane, WorkspaceId id, Tenant& tenant) {
  if (tenant.in_ring) return;
  tenant.in_ring = true;
  tenant.deficit = 0;
  lane.ring.push_back(id);
}

bool FairQueue::take_token(Place place, WorkspaceId id, Tenant& tenant, TimePoint now) {
  if (tenant.rate.per_second <= 0) return true;
  const double elapsed_s = static_cast<double>((now - tenant.filled).us) / 1e6;
  tenant.tokens = std::min(tenant.rate.burst, tenant.tokens + elapsed_s * tenant.rate.per_second);
  tenant.filled = now;
  if (tenant.tokens >= 1) {
    tenant.tokens -= 1;
    return true;
  }
  const double missing_s = (1 - tenant.tokens) / tenant.rate.per_second;
  throttled_.insert({now + Duration{static_cast<std::int64_t>(missing_s * 1e6) + 1}, id, place});
  return false;
}

void FairQueue::readmit(TimePoint now) {
  while (!throttled_.empty() && throttled_.begin()->until <= now) {
    const Throttled ended = *throttled_.begin();
    throttled_.erase(throttled_.begin());
    Lane& lane = this->lane(ended.place);
    Tenant& tenant = lane.tenants[ended.workspace];
    tenant.in_ring = false;
    if (tenant.size > 0) enter_ring(lane, ended.workspace, tenant);
  }
}

std::optional<Request> FairQueue::pop(TimePoint now, Place place) {
  readmit(now);
  Lane& lane = this->lane(place);
  while (!lane.ring.empty()) {
    const WorkspaceId id = lane.ring.front();
    Tenant& tenant = lane.tenants[id];
    if (tenant.size == 0) {
      lane.ring.pop_front();
      tenant.in_ring = false;
      continue;
    }
    if (tenant.deficit == 0) tenant.deficit = tenant.weight;
    if (!take_token(place, id, tenant, now)) {
      lane.ring.pop_front();  // stays `in_ring` while it is throttled, so that push() leaves it out
      continue;
    }
    const auto line = tenant.lines.begin();
    Request request = std::move(line->second.front());
    line->second.pop_front();
    if (line->second.empty()) tenant.lines.erase(line);
    --tenant.size;
    --waiting_;
    if (--tenant.deficit == 0 || tenant.size == 0) {
      lane.ring.pop_front();
      tenant.in_ring = false;
      if (tenant.size > 0) enter_ring(lane, id, tenant);
    }
    return request;
  }
  return std::nullopt;
}

void FairQueue::finished(const Request& request) {
  if (request.concurrency_key.empty()) return;
  const auto found = keys_.find({request.project, request.concurrency_key});
  TROUPE_ENSURE(found != keys_.end() && found->second.running > 0);
  Key& key = found->second;
  --key.running;
  while (key.running < key.limit && !key.parked.empty()) {
    Request next = std::move(key.parked.front());
    key.parked.pop_front();
    ++key.running;
    enter_line(std::move(next));
  }
  if (key.running == 0 && key.limit == 1) keys_.erase(found);
}

bool FairQueue::cancel(std::uint64_t token) {
  const auto has_token = [token](const Request& request) { return request.token == token; };
  for (Lane& lane : lanes_) {
    for (auto& [id, tenant] : lane.tenants) {
      for (auto line = tenant.lines.begin(); line != tenant.lines.end(); ++line) {
        const auto found = std::find_if(line->second.begin(), line->second.end(), has_token);
        if (found == line->second.end()) continue;
        const Request request = std::move(*found);
        line->second.erase(found);
        if (line->second.empty()) tenant.lines.erase(line);
        --tenant.size;
        --waiting_;
        finished(request);
        return true;
      }
    }
  }
  for (auto& [name, key] : keys_) {
    const auto found = std::find_if(key.parked.begin(), key.parked.end(), has_token);
    if (found == key.parked.end()) continue;
    key.parked.erase(found);
    --waiting_;
    return true;
  }
  return false;
}

TimePoint FairQueue::rate_wake() const {
  return throttled_.empty() ? TimePoint{} : throttled_.begin()->until;
}

void FairQueue::set_weight(WorkspaceId workspace, std::uint32_t weight) {
  for (Lane& lane : lanes_) lane.tenants[workspace].weight = std::max<std::uint32_t>(1, weight);
}

void FairQueue::set_rate(WorkspaceId workspace, Rate rate) {
  for (Lane& lane : lanes_) {
    Tenant& tenant = lane.tenants[workspace];
    tenant.rate = rate;
    tenant.tokens = rate.burst;
  }
}

void FairQueue::set_key_limit(ProjectId project, const std::string& key, std::uint32_t limit) {
  keys_[{project, key}].limit = std::max<std::uint32_t>(1, limit);
}

}  // namespace troupe::dispatch
