// Changes of documents that several nodes make at once.
#include <atomic>
#include <functional>
#include <thread>

#include "adapters/system/hasher.h"
#include "tests/conformance/document_rows.h"
#include "tests/conformance/membership_suite.h"

namespace troupe::testing {
namespace {

using store::Change;
using store::Document;
using store::DocumentKind;
using store::Documents;
using store::DocumentScope;

constexpr int kSeats = 20;

class SharedDocuments : public MembershipConformance {
 protected:
  /// Both at once, each on a thread of its own.
  static void race(const std::function<void(Peer&)>& body, Peer& a, Peer& b) {
    std::thread other([&] { body(b); });
    body(a);
    other.join();
  }
  /// The log's entries are numbered from 1 without a gap, each bound to the one before it.
  void expect_whole(Peer& by, WorkspaceId log, std::size_t size) {
    const auto rows = by.reader->audit({.workspace = log});
    ASSERT_TRUE(rows.ok()) << rows.error().message;
    ASSERT_EQ(rows->size(), size);
    store::AuditHead last;
    for (const store::AuditRow& row : *rows) {
      EXPECT_EQ(row.entry.head.n, last.n + 1);
      EXPECT_EQ(row.entry.head.hash, chained(hasher, last.hash, row.entry.json));
      last = row.entry.head;
    }
    EXPECT_EQ(*by.reader->audit_head(log), last);
  }

  system::Blake2bHasher hasher;
};

TEST_F(SharedDocuments, TheLastSeatIsGivenOnce) {
  const auto a = join("a");
  const auto b = join("b");
  const auto workspace = a->make.id<WorkspaceId>();
  std::atomic<int> given{0};
  std::atomic<int> refused{0};
  const auto invite = [&](Peer& peer) {
    for (int i = 0; i < kSeats; ++i) {
      const Document row = document(peer.make, DocumentKind::kInvite, workspace);
      const auto decide = [&](Documents& at) -> Result<Change> {
        const auto taken = at.all({DocumentKind::kInvite, workspace, {}, {}});
        if (!taken) return taken.error();
        if (taken->size() >= kSeats) return Error{Code::kPreconditionFailed, "Full.", {}};
        return Change{.put = {row}, .audit = {line(hasher, workspace, "invited")}};
      };
      const Status done = peer.writer().change({workspace}, {1}, decide);
      if (done) ++given;
      if (!done) {
        EXPECT_EQ(done.error().code, Code::kPreconditionFailed) << done.error().message;
        ++refused;
      }
    }
  };
  race(invite, *a, *b);
  EXPECT_EQ(given, kSeats);
  EXPECT_EQ(refused, kSeats);
  const auto seats = a->reader->documents(DocumentScope::of(workspace))
                         .all({DocumentKind::kInvite, workspace, {}, {}});
  EXPECT_EQ(seats->size(), static_cast<std::size_t>(kSeats));
  expect_whole(*b, workspace, kSeats);
}

TEST_F(SharedDocuments, NobodyWaitsInACircleAndNoEntryOfALogIsLost) {
  const auto a = join("a");
  const auto b = join("b");
  const auto first = a->make.id<WorkspaceId>();
  const auto second = a->make.id<WorkspaceId>();
  const auto common = a->make.id<WorkspaceId>();
  const std::uint64_t before = *a->reader->access_generation();
  const auto work = [&](Peer& peer) {
    for (int i = 0; i < kSeats; ++i) {
      const bool is_a = &peer == a.get();
      const std::vector<Uuid> locks =
          is_a ? std::vector<Uuid>{first, second} : std::vector<Uuid>{second, first};
      Change change;
      change.put = {document(peer.make, DocumentKind::kMember, first)};
      change.audit = {line(hasher, is_a ? first : second, "x"), line(hasher, common, "y"),
                      line(hasher, is_a ? second : first, "z")};
      const Status done = peer.writer().change(locks, {1}, always(change));
      EXPECT_TRUE(done.ok()) << done.error().message;
      // Under a lock of its own, but of the same log.
      const Status apart = peer.writer().change({peer.make.id<RunId>()}, {1},
                                                always({.audit = {line(hasher, common, "w")}}));
      EXPECT_TRUE(apart.ok()) << apart.error().message;
    }
  };
  race(work, *a, *b);
  expect_whole(*a, first, 2 * kSeats);
  expect_whole(*a, second, 2 * kSeats);
  expect_whole(*b, common, 4 * kSeats);
  EXPECT_EQ(*b->reader->access_generation(), before + 2 * kSeats);
}

TEST_F(SharedDocuments, WhoIsGoneChangesNothing) {
  const auto a = join("a");
  const auto b = join("b");
  take_over(*a, *b, *harness);
  const Document row = document(b->make, DocumentKind::kUser, {});
  bool was_asked = false;
  const Status done = b->writer().change({row.id}, {1}, [&](Documents&) -> Result<Change> {
    was_asked = true;
    return Change{.put = {row}};
  });
  EXPECT_EQ(done.error().code, Code::kStaleEpoch);
  EXPECT_FALSE(was_asked);
  EXPECT_FALSE(*a->reader->documents(DocumentScope::all()).find(row.kind, row.id));
}

}  // namespace
}  // namespace troupe::testing
