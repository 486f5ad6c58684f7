// Nodes and sessions that hang in the middle of a transaction: others must not hang with them, and
// what they were at must not land later.
#include <gtest/gtest.h>
#include <libpq-fe.h>
#include <signal.h>

#include <chrono>
#include <thread>

#include "adapters/postgres/postgres_store.h"
#include "adapters/system/hasher.h"
#include "tests/adapters/postgres/cutting_link.h"
#include "tests/conformance/store_rows.h"
#include "tests/support/postgres_server.h"

namespace troupe::testing {
namespace {

constexpr double kFewSeconds = 5;

/// Stops a process until it goes out of scope.
class Stopped {
 public:
  explicit Stopped(pid_t process) : process_(process) {
    TROUPE_ENSURE(::kill(process_, SIGSTOP) == 0);
  }
  ~Stopped() { ::kill(process_, SIGCONT); }
  Stopped(const Stopped&) = delete;
  Stopped& operator=(const Stopped&) = delete;

 private:
  const pid_t process_;
};

struct Node {
  Node(const postgres::Options& options, const Hasher& hasher, const std::string& name)
      : store(*postgres::PostgresStore::open(options, hasher)),
        membership(store->open_membership()),
        number(*membership->join({name, "", seconds(6)})) {
    make.next_pos((*store->writer().next_epoch() << store::kEpochShift) + 1);
  }
  /// Two frames, which go by COPY, ahead of COMMIT.
  store::Batch batch() {
    store::Batch batch;
    const auto run = make.id<RunId>();
    batch.frames = {make.frame(run), make.frame(run)};
    return batch;
  }
  Status take_over(Node& other) {
    const std::vector<store::NodeNumber> plan(cluster::kSlotCount, number);
    return membership->take_over(other.number, plan, membership->renew(0)->version);
  }

  std::unique_ptr<postgres::PostgresStore> store;
  std::unique_ptr<store::Membership> membership;
  store::NodeNumber number = 0;
  RowMaker make;
};

class StuckNode : public ::testing::Test {
 protected:
  StuckNode() {
    options.schema = fresh_schema();
    options.copy_frames_min = 2;
    options.silent_transaction_ms = 60'000;  // others have to help themselves
    options.conninfo = link.conninfo();
    stuck.emplace(options, hasher, "stuck");
    options.conninfo = postgres_server().conninfo();
    other.emplace(options, hasher, "other");
  }
  std::string ask(const std::string& sql) {
    const std::unique_ptr<PGconn, void (*)(PGconn*)> admin(
        PQconnectdb(postgres_server().conninfo().c_str()), PQfinish);
    const std::unique_ptr<PGresult, void (*)(PGresult*)> result(PQexec(admin.get(), sql.c_str()),
                                                                PQclear);
    return PQntuples(result.get()) > 0 ? PQgetvalue(result.get(), 0, 0) : "";
  }
  /// Until the stuck node's session is as `condition` says.
  void wait_for_session(const std::string& condition) {
    while (ask("SELECT 1 FROM pg_stat_activity WHERE pid=" + std::to_string(session()) + " AND " +
               condition) != "1") {
    }
  }
  pid_t session() {
    return std::stoi(ask("SELECT backend FROM " + options.schema +
                         ".nodes WHERE number=" + std::to_string(stuck->number)));
  }
  void end_lease() {
    ask("UPDATE " + options.schema + ".nodes SET lease_until=now()-interval '1s' WHERE number=" +
        std::to_string(stuck->number) + " RETURNING 1");
  }
  static double seconds_of(const std::function<void()>& work) {
    const auto begun = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  }
  bool is_there(const store::Batch& batch) {
    return other->store->open_reader()->frame(batch.frames[1].pos)->has_value();
  }

  CuttingLink link{postgres_server().socket()};
  system::Blake2bHasher hasher;
  postgres::Options options;
  std::optional<Node> stuck;
  std::optional<Node> other;
};

TEST_F(StuckNode, ATakeoverEndsTheTransactionOfANodeThatHangs) {
  const store::Batch lost = stuck->batch();
  link.cut_next(CuttingLink::Cut::kHold, "COMMIT");
  Status told = ok();
  std::thread hangs([&] { told = stuck->store->writer().commit(lost); });
  wait_for_session("state='idle in transaction'");
  end_lease();
  Status taken = ok();
  EXPECT_LT(seconds_of([&] { taken = other->take_over(*stuck); }), kFewSeconds);
  EXPECT_TRUE(taken.ok()) << taken.error().message;
  link.release();
  hangs.join();
  ASSERT_FALSE(told.ok());
  EXPECT_EQ(told.error().code, Code::kOutcomeUnknown);
  EXPECT_EQ(stuck->store->writer().landed(lost.frames.back().pos).error().code, Code::kStaleEpoch);
  EXPECT_FALSE(is_there(lost));
}

TEST_F(StuckNode, ANewLifeEndsTheTransactionOfTheOneBefore) {
  const store::Batch lost = stuck->batch();
  link.cut_next(CuttingLink::Cut::kHold, "COMMIT");
  std::thread hangs([&] { EXPECT_FALSE(stuck->store->writer().commit(lost).ok()); });
  wait_for_session("state='idle in transaction'");
  EXPECT_LT(seconds_of([&] { Node(options, hasher, "stuck"); }), kFewSeconds);
  link.release();
  hangs.join();
  EXPECT_FALSE(is_there(lost));
}

TEST_F(StuckNode, TheServerEndsATransactionWhoseNodeSaysNothing) {
  options.conninfo = link.conninfo();
  options.silent_transaction_ms = 200;
  Node silent(options, hasher, "silent");
  const store::Batch lost = silent.batch();
  link.cut_next(CuttingLink::Cut::kHold, "COMMIT");
  EXPECT_EQ(silent.store->writer().commit(lost).error().code, Code::kOutcomeUnknown);
  EXPECT_FALSE(*silent.store->writer().landed(lost.frames.back().pos));
  EXPECT_TRUE(silent.store->writer().commit(lost).ok());
}

TEST_F(StuckNode, ATakeoverGivesUpOnASessionThatTheServerCannotEndAndSucceedsLater) {
  const store::Batch lost = stuck->batch();
  link.cut_next(CuttingLink::Cut::kHold, "COMMIT");
  std::thread hangs([&] { EXPECT_FALSE(stuck->store->writer().commit(lost).ok()); });
  wait_for_session("state='idle in transaction'");
  end_lease();
  {
    const Stopped backend(session());
    Status taken = ok();
    EXPECT_LT(seconds_of([&] { taken = other->take_over(*stuck); }), kFewSeconds);
    EXPECT_EQ(taken.error().code, Code::kUnavailable);
    EXPECT_TRUE(other->membership->renew(0).ok()) << "it holds nobody else up";
  }
  const Status taken = other->take_over(*stuck);
  EXPECT_TRUE(taken.ok()) << taken.error().message;
  link.release();
  hangs.join();
  EXPECT_FALSE(is_there(lost));
}

TEST_F(StuckNode, AnUnknownOutcomeIsNotToldBeforeTheLostSessionIsGone) {
  store::Batch lost = stuck->batch();
  lost.frames.erase(lost.frames.begin());  // one goes without COPY, in one message with COMMIT
  const store::Pos last = lost.frames[0].pos;
  store::Writer& writer = stuck->store->writer();
  {
    // The session has all of the batch in its socket, and has read none of it.
    const Stopped backend(session());
    link.cut_next(CuttingLink::Cut::kBoth, "COMMIT");
    EXPECT_EQ(writer.commit(lost).error().code, Code::kOutcomeUnknown);
    EXPECT_EQ(writer.landed(last).error().code, Code::kUnavailable);
    EXPECT_EQ(writer.commit(stuck->batch()).error().code, Code::kUnavailable);
  }
  const auto landed = writer.landed(last);
  ASSERT_TRUE(landed.ok()) << landed.error().message;
  EXPECT_EQ(writer.commit(lost).ok(), !*landed);
  EXPECT_TRUE(*writer.landed(last));
}

}  // namespace
}  // namespace troupe::testing
