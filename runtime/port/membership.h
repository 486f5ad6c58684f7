#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/base/time.h"
#include "runtime/cluster/slots.h"

namespace troupe::store {

/// One life of a node, from joining until it leaves or is declared gone. Never used again. 0:
/// nobody.
using NodeNumber = std::uint64_t;

struct Joining {
  std::string name;     ///< of the node; a live member of the same name is its earlier life
  std::string address;  ///< where its API is, for people and tools
  Duration lease;       ///< how long it counts as alive after each sign of life
};

struct Member {
  NodeNumber number = 0;
  std::string name;
  std::string address;
  bool draining = false;  ///< gets no more slots
  Duration lease;         ///< how long it counts as alive after each sign of life
  Duration lease_left;    ///< by the database's clock when this was read; below 0: has run out
};

/// Who is there and who owns what, at one moment.
struct ClusterView {
  std::uint64_t version = 0;         ///< grows whenever a member or an owner changes
  std::uint64_t catalog = 0;         ///< grows whenever a workflow is changed or published
  std::vector<Member> members;       ///< by number
  std::vector<NodeNumber> owners;    ///< of each slot; empty if `version` is the one known already
};

/// Membership and ownership as the shared store keeps them, over a connection of its own: it must
/// answer while the committer's is busy. Calls block. One thread at a time. All time is the
/// database's. kUnavailable: not reached, nothing known to have changed.
///
/// A node owns a slot's entities from the moment it sees its number in `owners`. What recovery has
/// to read for a slot are its snapshots and its *tails*: the journals of gone nodes, from their
/// recovery marks, which may hold frames that no snapshot covers. `Reader::scan_tail` knows them.
class Membership {
 public:
  virtual ~Membership() = default;

  /// Must come before anything is written through the store's writer, whose commits are fenced by
  /// this number from then on. An earlier life under the same name is declared gone, lease or not;
  /// its slots are this node's at once.
  virtual Result<NodeNumber> join(const Joining& joining) = 0;
  /// The sign of life, and what has changed. `known`: the version whose owners the caller has, or
  /// 0. kStaleEpoch: this life has been declared gone.
  virtual Result<ClusterView> renew(std::uint64_t known) = 0;
  /// Declares `gone` gone and hands its slots to whom `plan` names for them. Waits until no commit
  /// of it is under way; none lands afterwards. kConflict: its lease has not run out, the view is
  /// not `version` any more, or the plan names a node that is no live member or drains. `plan` has
  /// an entry for every slot; `gone` 0 stands for nobody's slots.
  virtual Status take_over(NodeNumber gone, const std::vector<NodeNumber>& plan,
                           std::uint64_t version) = 0;
  /// Own slots become those of `to`. Everything in them must be covered by durable snapshots.
  /// kConflict: `to` is no live member, or drains, or not all of the slots are own ones.
  virtual Status give(const cluster::SlotSet& slots, NodeNumber to) = 0;
  /// Everything in these own slots is covered by durable snapshots or by own frames: older journals
  /// are needed no more.
  virtual Status settle(const cluster::SlotSet& slots) = 0;
  /// From now on no one gives this node slots.
  virtual Status drain() = 0;
  /// This life ends. Slots that it still owns become nobody's, with its journal as a tail.
  virtual Status leave() = 0;
};

}  // namespace troupe::store
