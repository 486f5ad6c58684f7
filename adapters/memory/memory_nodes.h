#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "runtime/port/store.h"

namespace troupe::memory {

/// The journal of one life of a node: what each of its tables begins with, and from where recovery
/// reads. A store without membership has one journal, of nobody, whose first table holds every
/// epoch; that of a node begins a table with each of its epochs.
struct Journal {
  std::vector<store::Pos> tables;  ///< starts; the last one is being written
  store::Pos mark = 0;
  store::Pos publish_mark = 0;         ///< 0: nobody publishes what is here
  store::NodeNumber publisher = 0;     ///< of a gone node's; 0: nobody has claimed it
  store::Pos pos_max = 0;
  std::size_t table_bytes = 0;  ///< of the last table
  bool by_epoch = true;

  bool holds(store::Pos pos) const;
  /// The first address behind the oldest table.
  store::Pos end_of_oldest() const;
  /// Tables that neither recovery nor publication needs.
  std::size_t unneeded() const;
};

/// Who is there and who owns what: the tables of `adapters/postgres` as plain containers, with the
/// same rules. Knows nothing of threads.
struct Nodes {
  struct Node {
    std::string name;
    std::string address;
    bool draining = false;
    bool is_gone = false;
    Duration lease;
    TimePoint lease_until;
  };
  struct SlotRow {
    store::NodeNumber owner = 0;
    std::vector<store::NodeNumber> tails;  ///< gone nodes whose journals may be needed
  };
  std::uint64_t version = 1;
  std::uint64_t catalog = 1;
  store::NodeNumber last_number = 0;
  TimePoint now{1};
  std::map<store::NodeNumber, Node> rows;
  std::array<SlotRow, cluster::kSlotCount> slots;
  std::map<store::NodeNumber, Journal> journals;

  bool is_member(store::NodeNumber node) const;
  bool takes_slots(store::NodeNumber node) const;
  store::NodeNumber member_called(const std::string& name) const;
  store::ClusterView view(std::uint64_t known) const;
  /// The slots of `from` go where the plan says, with its journal, if it has one, as a tail.
  void move_slots(store::NodeNumber from, const std::vector<store::NodeNumber>& plan);
  void declare_gone(store::NodeNumber node, const std::vector<store::NodeNumber>& plan);
  /// A gone node's row ends with its journal.
  void forget_if_empty(store::NodeNumber node);
  bool has_tail(cluster::Slot slot, store::NodeNumber node) const;
  /// A gone node with a journal that no slot needs; 0: none.
  store::NodeNumber unneeded() const;
};

}  // namespace troupe::memory
