#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/conformance/store_rows.h"

// What every store that nodes share must do. The tests stand in membership_*_suite.cc; one
// executable per store links them and defines make_cluster().
namespace troupe::testing {

/// A disk that several stores share: journal tables of 4 KiB, none kept beyond those that recovery
/// needs.
class ClusterHarness {
 public:
  virtual ~ClusterHarness() = default;
  /// As a process of its own opens it.
  virtual std::unique_ptr<store::Store> open_store() = 0;
  /// Every lease has so much less left.
  virtual void pass(Duration time) = 0;
};
std::unique_ptr<ClusterHarness> make_cluster();

inline constexpr Duration kLease = seconds(6);

/// One life of a node, with rows of its own making.
struct Peer {
  Peer(ClusterHarness& cluster, const std::string& name, std::uint64_t seed)
      : store(cluster.open_store()),
        membership(store->open_membership()),
        reader(store->open_reader()),
        number(membership->join({name, "http://" + name, kLease}).value()),
        make(seed) {
    begin_epoch();
  }
  store::Writer& writer() { return store->writer(); }
  void begin_epoch() { make.next_pos((*writer().next_epoch() << store::kEpochShift) + 1); }
  /// Commits one frame per entity.
  Status write(const std::vector<RunId>& entities, std::size_t bytes = 50) {
    store::Batch batch;
    for (const RunId entity : entities) batch.frames.push_back(make.frame(entity, bytes));
    return writer().commit(batch);
  }
  store::ClusterView view() { return membership->renew(0).value(); }
  cluster::SlotSet slots() {
    cluster::SlotSet own;
    const store::ClusterView now = view();
    for (std::size_t n = 0; n < own.size(); ++n) own.set(n, now.owners[n] == number);
    return own;
  }
  /// Entities of the frames that recovery of these slots reads, in its order.
  std::vector<RunId> tail(const cluster::SlotSet& of) {
    std::vector<RunId> seen;
    store::Pos last = 0;
    const Status done = reader->scan_tail(of, [&](store::Frame frame) {
      EXPECT_GT(frame.pos, last) << "in order of pos";
      last = frame.pos;
      seen.push_back(frame.entity);
      return true;
    });
    EXPECT_TRUE(done.ok()) << done.error().message;
    return seen;
  }
  std::vector<RunId> tail() { return tail(slots()); }

  std::unique_ptr<store::Store> store;
  std::unique_ptr<store::Membership> membership;
  std::unique_ptr<store::Reader> reader;
  store::NodeNumber number = 0;
  RowMaker make;
};

class MembershipConformance : public ::testing::Test {
 protected:
  std::unique_ptr<Peer> join(const std::string& name) {
    return std::make_unique<Peer>(*harness, name, ++seed_);
  }
  /// The slots below `border` for one, the others for the other.
  static std::vector<store::NodeNumber> split(store::NodeNumber low, store::NodeNumber high,
                                              std::size_t border = cluster::kSlotCount / 2) {
    std::vector<store::NodeNumber> plan(cluster::kSlotCount, high);
    std::fill_n(plan.begin(), border, low);
    return plan;
  }
  static std::vector<store::NodeNumber> all_to(store::NodeNumber node) {
    return split(node, node);
  }
  /// `heir` alone takes what `from` has, which has let its lease run out.
  static void take_over(Peer& heir, Peer& from, ClusterHarness& harness) {
    harness.pass(kLease + seconds(1));
    const Status taken =
        heir.membership->take_over(from.number, all_to(heir.number), heir.view().version);
    ASSERT_TRUE(taken.ok()) << taken.error().message;
  }
  /// An entity whose slot is below the middle, or not.
  static RunId entity(Peer& peer, bool low) {
    for (;;) {
      const auto id = peer.make.id<RunId>();
      if ((cluster::slot_of(id) < cluster::kSlotCount / 2) == low) return id;
    }
  }

  std::unique_ptr<ClusterHarness> harness = make_cluster();

 private:
  std::uint64_t seed_ = 0;
};

}  // namespace troupe::testing
