#include "actors/cluster/announcements.h"

#include <algorithm>
#include <atomic>

#include "actors/cluster/router.h"

namespace troupe::actors {

namespace {

constexpr Duration kAgain = milliseconds(50);

void tell_later(const ClusterActor& self, Duration delay, const TellChange& message) {
  caf::delayed_anon_send(self, std::chrono::microseconds(delay.us), message);
}

}  // namespace

/// The callers are answered when the last message about it is gone: that everybody knows, or, if
/// one was lost with the actor, that nobody can tell.
struct Announcement {
  Announcement(std::vector<Announce> of_in, std::size_t nodes)
      : of(std::move(of_in)), left(nodes) {}
  Announcement(const Announcement&) = delete;
  Announcement& operator=(const Announcement&) = delete;
  ~Announcement() {
    for (const Announce& one : of) {
      if (left == 0) one.done(Unit{});
      else
        one.done(Error{Code::kOutcomeUnknown,
                       "the change is stored, but whether all nodes know of it yet is not known",
                       {}});
    }
  }
  const std::vector<Announce> of;
  std::atomic<std::size_t> left;  ///< nodes that may not know
};

void Announcements::add(const Announce& message) { waiting_.push_back(message); }

void Announcements::send(const store::ClusterView& view) {
  if (waiting_.empty()) return;
  const auto about = std::make_shared<Announcement>(std::exchange(waiting_, {}),
                                                    view.members.size());
  const Duration now = services_.ports.clock.since_boot();
  for (const store::Member& member : view.members) {
    // Not what was left of the lease: a renewal may be under way that saw the catalog as it was.
    tell({member.number, now + member.lease, about}, view);
  }
}

void Announcements::tell(const TellChange& message, const store::ClusterView& view) {
  const Duration now = services_.ports.clock.since_boot();
  const bool is_member = std::any_of(
      view.members.begin(), view.members.end(),
      [&message](const store::Member& member) { return member.number == message.to; });
  const bool is_self = message.to == services_.ownership.self();
  if (is_self || !is_member || now >= message.give_up_at) {
    --message.about->left;
    return;
  }
  if (services_.router == nullptr) {
    return tell_later(self_(), {message.give_up_at.us - now.us}, message);
  }
  std::vector<WorkflowId> workflows;
  for (const Announce& one : message.about->of) workflows.push_back(one.workflow);
  services_.router->tell_changed(message.to, std::move(workflows),
                                 [self = self_(), message](const Result<Unit>& told) {
                                   if (told) --message.about->left;
                                   else tell_later(self, kAgain, message);
                                 });
}

}  // namespace troupe::actors
