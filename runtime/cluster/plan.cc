#include "runtime/cluster/plan.h"

#include <algorithm>
#include <map>

namespace troupe::cluster {
namespace {

using store::ClusterView;
using store::Member;
using store::NodeNumber;

/// How many slots each member has that may be given more; by number, so that all plan alike.
std::map<NodeNumber, std::size_t> takers_of(const ClusterView& view) {
  std::map<NodeNumber, std::size_t> takers;
  for (const Member& member : view.members) {
    if (!member.draining) takers[member.number] = 0;
  }
  for (const NodeNumber owner : view.owners) {
    if (const auto found = takers.find(owner); found != takers.end()) ++found->second;
  }
  return takers;
}

NodeNumber poorest(const std::map<NodeNumber, std::size_t>& takers) {
  return std::min_element(takers.begin(), takers.end(), [](const auto& a, const auto& b) {
           return a.second < b.second;
         })->first;
}

}  // namespace

std::vector<NodeNumber> plan_takeover(const ClusterView& view, NodeNumber gone) {
  std::map<NodeNumber, std::size_t> takers = takers_of(view);
  takers.erase(gone);
  if (takers.empty()) return {};
  std::vector<NodeNumber> plan = view.owners;
  for (NodeNumber& owner : plan) {
    const bool there = std::any_of(view.members.begin(), view.members.end(),
                                   [&](const Member& member) { return member.number == owner; });
    if (there && owner != gone) continue;
    owner = poorest(takers);
    ++takers[owner];
  }
  return plan;
}

std::vector<Gift> plan_gifts(const ClusterView& view, NodeNumber self, std::size_t slots_max) {
  std::map<NodeNumber, std::size_t> takers = takers_of(view);
  const bool draining = takers.count(self) == 0;
  if (takers.empty() || (takers.size() == 1 && !draining)) return {};
  std::map<NodeNumber, Gift> gifts;
  const auto move = [&](std::size_t slot, NodeNumber to) {
    ++takers[to];
    if (view.owners[slot] != self || gifts[to].slots.count() >= slots_max) return;
    gifts[to].slots.set(slot);
    gifts[to].to = to;
  };
  // What those who drain give comes first: it is on its way, and who has got some of it already
  // must not pass it on.
  for (std::size_t slot = 0; slot < view.owners.size(); ++slot) {
    const NodeNumber owner = view.owners[slot];
    const bool drains = std::any_of(
        view.members.begin(), view.members.end(),
        [&](const Member& member) { return member.number == owner && member.draining; });
    if (drains) move(slot, poorest(takers));
  }
  for (std::size_t slot = 0; slot < view.owners.size(); ++slot) {
    const auto giver = takers.find(view.owners[slot]);
    const NodeNumber to = poorest(takers);
    if (giver == takers.end() || giver->second <= takers[to] + 1) continue;
    --giver->second;
    move(slot, to);
  }
  std::vector<Gift> list;
  for (const auto& [to, gift] : gifts) {
    if (gift.slots.any()) list.push_back(gift);
  }
  return list;
}

}  // namespace troupe::cluster
