#include "adapters/memory/memory_nodes.h"

#include <algorithm>

namespace troupe::memory {

using namespace store;

bool Journal::holds(Pos pos) const {
  const auto after = std::upper_bound(tables.begin(), tables.end(), pos);
  if (after == tables.begin()) return false;
  return !by_epoch || *(after - 1) >> kEpochShift == pos >> kEpochShift;
}

Pos Journal::end_of_oldest() const {
  const Pos end_of_epoch = ((tables.front() >> kEpochShift) + 1) << kEpochShift;
  if (tables.size() < 2) return end_of_epoch;
  return by_epoch ? std::min(tables[1], end_of_epoch) : tables[1];
}

std::size_t Journal::unneeded() const {
  const Pos needed = publish_mark == 0 ? mark : std::min(mark, publish_mark);
  const auto after = std::upper_bound(tables.begin(), tables.end(), needed);
  return after == tables.begin() ? 0 : static_cast<std::size_t>(after - tables.begin()) - 1;
}

bool Nodes::is_member(NodeNumber node) const {
  const auto row = rows.find(node);
  return row != rows.end() && !row->second.is_gone;
}

bool Nodes::takes_slots(NodeNumber node) const {
  return is_member(node) && !rows.at(node).draining;
}

NodeNumber Nodes::member_called(const std::string& name) const {
  for (const auto& [number, row] : rows) {
    if (!row.is_gone && row.name == name) return number;
  }
  return 0;
}

ClusterView Nodes::view(std::uint64_t known) const {
  ClusterView view;
  view.version = version;
  view.catalog = catalog;
  for (const auto& [number, row] : rows) {
    if (row.is_gone) continue;
    view.members.push_back({number, row.name, row.address, row.draining, row.lease,
                            row.lease_until - now});
  }
  if (version == known) return view;
  for (const SlotRow& slot : slots) view.owners.push_back(slot.owner);
  return view;
}

void Nodes::move_slots(NodeNumber from, const std::vector<NodeNumber>& plan) {
  const auto journal = journals.find(from);
  const bool has_journal = journal != journals.end() && !journal->second.tables.empty();
  for (std::size_t n = 0; n < slots.size(); ++n) {
    SlotRow& slot = slots[n];
    if (slot.owner != from) continue;
    slot.owner = plan[n];
    if (has_journal) slot.tails.push_back(from);
  }
}

void Nodes::declare_gone(NodeNumber node, const std::vector<NodeNumber>& plan) {
  rows.at(node).is_gone = true;
  move_slots(node, plan);
  forget_if_empty(node);
}

void Nodes::forget_if_empty(NodeNumber node) {
  const auto journal = journals.find(node);
  if (journal != journals.end() && !journal->second.tables.empty()) return;
  if (journal != journals.end()) journals.erase(journal);
  rows.erase(node);
}

bool Nodes::has_tail(cluster::Slot slot, NodeNumber node) const {
  const auto& tails = slots[slot].tails;
  return std::find(tails.begin(), tails.end(), node) != tails.end();
}

NodeNumber Nodes::unneeded() const {
  for (const auto& [number, row] : rows) {
    const auto journal = journals.find(number);
    bool is_needed = !row.is_gone ||
                     (journal != journals.end() && journal->second.publish_mark != 0);
    for (std::size_t n = 0; n < slots.size() && !is_needed; ++n) {
      is_needed = has_tail(static_cast<cluster::Slot>(n), number);
    }
    if (!is_needed) return number;
  }
  return 0;
}

}  // namespace troupe::memory
