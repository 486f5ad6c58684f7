#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "runtime/base/time.h"
#include "runtime/base/uuid.h"

namespace troupe::dispatch {

/// Where the work is done. What waits for one place does not stand in the way of the other.
enum class Place : std::uint8_t { kHere, kElsewhere };
inline constexpr std::size_t kPlaces = 2;

/// What a request for execution says of itself.
struct Request {
  std::uint64_t token = 0;  ///< the caller's name for it, unique among those waiting and running
  WorkspaceId workspace;
  ProjectId project;
  int priority = 0;         ///< −100…100; higher goes first inside a workspace
  /// at most `limit of key` at a time per project and key; empty: none
  std::string concurrency_key;
  Place place = Place::kHere;
};

/// A token bucket. `per_second` 0: no limit.
struct Rate {
  double per_second = 0;
  double burst = 1;
};

/// Decides which attempt goes next: deficit round robin over workspaces (by weight), then priority,
/// then age. What may not go yet waits outside the ring (its key is taken, its workspace has no
/// tokens), so a million blocked requests cost nothing per decision. Each place has a ring of its
/// own. Pure; not thread-safe.
class FairQueue {
 public:
  /// Admits the request to the waiting line.
  void push(Request request);
  /// The next that may go there, or nothing. It counts as running until `finished`.
  std::optional<Request> pop(TimePoint now, Place place = Place::kHere);
  /// A running request has ended: its key is free for the next.
  void finished(const Request& request);
  /// Forgets a waiting request. False: it is not waiting.
  bool cancel(std::uint64_t token);

  std::size_t waiting() const { return waiting_; }
  /// When a rate-limited workspace may go on, if nothing else can; unset: no such instant.
  TimePoint rate_wake() const;

  void set_weight(WorkspaceId workspace, std::uint32_t weight);  ///< default 1
  void set_rate(WorkspaceId workspace, Rate rate);
  /// default 1
  void set_key_limit(ProjectId project, const std::string& key, std::uint32_t limit);

 private:
  struct Tenant {
    std::map<int, std::deque<Request>, std::greater<>> lines;  ///< by priority
    std::size_t size = 0;
    std::uint32_t weight = 1;
    std::uint32_t deficit = 0;
    bool in_ring = false;
    Rate rate;
    double tokens = 0;
    TimePoint filled;
  };
  struct Key {
    std::uint32_t limit = 1;
    std::uint32_t running = 0;
    std::deque<Request> parked;
  };
  using KeyName = std::pair<ProjectId, std::string>;

  /// The tenants of one place, and whose turn it is.
  struct Lane {
    std::unordered_map<WorkspaceId, Tenant> tenants;
    std::deque<WorkspaceId> ring;
  };
  struct Throttled {
    TimePoint until;
    WorkspaceId workspace;
    Place place = Place::kHere;
    auto operator<=>(const Throttled&) const = default;
  };

  Lane& lane(Place place) { return lanes_[static_cast<std::size_t>(place)]; }
  void enter_line(Request request);
  static void enter_ring(Lane& lane, WorkspaceId id, Tenant& tenant);
  bool take_token(Place place, WorkspaceId id, Tenant& tenant, TimePoint now);
  void readmit(TimePoint now);

  Lane lanes_[kPlaces];
  std::map<KeyName, Key> keys_;  ///< over all places
  std::set<Throttled> throttled_;  ///< out of their ring until then
  std::size_t waiting_ = 0;
};

}  // namespace troupe::dispatch
