#include "adapters/postgres/membership.h"

#include <algorithm>

#include "adapters/postgres/journal.h"
#include "adapters/postgres/schema.h"
#include "adapters/postgres/wire.h"

namespace troupe::postgres {

using store::ClusterView;
using store::Member;
using store::NodeNumber;

namespace {

constexpr int kTries = 3;

Error gone() { return {Code::kStaleEpoch, "This node has been declared gone.", {}}; }
Error conflict(const char* message) { return {Code::kConflict, message, {}}; }

Request next_version() { return {"UPDATE cluster SET version=version+1", {}}; }

/// The slots of `from`, or nobody's, become those of whom the plan names for them. The journal of
/// `from`, if there is one, is a tail of theirs.
Request move_slots(NodeNumber from, const std::vector<NodeNumber>& plan) {
  Column slots(Type::kInteger), owners(Type::kInteger);
  for (std::size_t n = 0; n < plan.size(); ++n) {
    slots.integer(static_cast<std::int64_t>(n));
    owners.integer(static_cast<std::int64_t>(plan[n]));
  }
  return {"UPDATE slots SET owner=plan.owner, tails=CASE WHEN EXISTS(SELECT 1 FROM journal_tables "
          "WHERE node=$1) THEN array_append(tails, $1) ELSE tails END "
          "FROM unnest($2,$3) AS plan(n, owner) WHERE slots.n=plan.n AND slots.owner=$1",
          Parameters().number(from).column(std::move(slots)).column(std::move(owners))};
}

/// The node's life ends, and its slots go where the plan says.
void declare_gone(NodeNumber node, const std::vector<NodeNumber>& plan,
                  std::vector<Request>& last) {
  last.push_back({"UPDATE nodes SET state=2 WHERE number=$1", Parameters().number(node)});
  last.push_back(move_slots(node, plan));
  last.push_back(forget_if_empty(node));
}

std::vector<NodeNumber> all_to(NodeNumber heir) {
  return std::vector<NodeNumber>(cluster::kSlotCount, heir);
}

Result<ClusterView> view_in(const Answer& answer, NodeNumber own, Duration lease) {
  ClusterView view;
  for (int row = 0; row < answer.rows(); ++row) {
    view.version = answer.number_at(row, 1);
    view.catalog = answer.number_at(row, 8);
    Member member;
    member.number = answer.number_at(row, 3);
    member.name = answer.blob_at(row, 4);
    member.address = answer.blob_at(row, 5);
    member.draining = answer.integer_at(row, 6) != 0;
    member.lease_left = {answer.integer_at(row, 7)};
    member.lease = {answer.integer_at(row, 9)};
    if (member.number == own) {
      member.lease_left = lease;  // the rows are from before the renewal
      const std::string_view owners = answer.blob_at(row, 2);
      for (std::size_t at = 0; at + 8 <= owners.size(); at += 8) {
        view.owners.push_back(static_cast<NodeNumber>(read_integer(owners.substr(at, 8))));
      }
    }
    view.members.push_back(std::move(member));
  }
  return view;
}

}  // namespace

Membership::Membership(const Options& options, Life& life)
    : options_(options), life_(life), db_(options_, Connection::Use::kMembership) {}

Status Membership::open() { return db_.is_open() ? ok() : db_.open(); }

Status Membership::change(const std::function<Status(std::uint64_t, Requests&)>& body) {
  Status done = ok();
  for (int tried = 0; tried < kTries; ++tried) {
    if (Status opened = open(); !opened) return opened;
    in_the_way_ = 0;
    db_.begin();
    const auto version = db_.query_integer("SELECT version FROM cluster FOR UPDATE");
    Requests last;
    done = version ? body(static_cast<std::uint64_t>(*version), last) : Status(version.error());
    if (done) done = db_.commit(last);
    if (done) return done;
    db_.roll_back();
    if (in_the_way_ == 0) break;
    end_session_in_the_way();
  }
  Error error = done.error();
  // Whether it came about shows in the next view, and asking twice does no harm.
  if (error.code == Code::kOutcomeUnknown) error.code = Code::kUnavailable;
  return error;
}

Status Membership::lock_out(NodeNumber node) {
  // An UPDATE alone would not wait for those who hold the row FOR KEY SHARE.
  const auto row = db_.query("SELECT 1 FROM nodes WHERE number=$1 AND state<2 FOR UPDATE",
                             Parameters().number(node));
  if (row) return row->rows() > 0 ? ok() : Status(conflict("The node is gone already."));
  if (db_.is_open() && row.error().code == Code::kUnavailable) in_the_way_ = node;
  return row.error();
}

void Membership::end_session_in_the_way() {
  // If this fails, the next try shows whether it was needed.
  static_cast<void>(
      db_.run("SELECT pg_terminate_backend(pid, $2) FROM nodes JOIN pg_stat_activity ON "
              "pid=backend AND (extract(epoch FROM pg_stat_activity.backend_start)*1000000)::int8="
              "nodes.backend_start WHERE number=$1",
              Parameters().number(in_the_way_).integer(options_.takeover_lock_ms))
          .ok());
}

Status Membership::stay() {
  if (own_ == 0) return Error{Code::kStaleEpoch, "This node has not joined the cluster.", {}};
  return db_.run("SELECT fence($1)", Parameters().number(own_));
}

Result<NodeNumber> Membership::join(const store::Joining& joining) {
  NodeNumber number = 0;
  const Status done = change([&](std::uint64_t, Requests& last) -> Status {
    if (Status whole = require_whole(db_, options_.schema); !whole) return whole;
    const auto earlier = db_.query_integer(
        "SELECT number FROM nodes WHERE name=convert_from($1,'UTF8') AND state<2",
        Parameters().blob(joining.name));
    if (!earlier) return earlier.error();
    const auto next = db_.query_integer("SELECT nextval('node_numbers')");
    if (!next) return next.error();
    number = static_cast<NodeNumber>(*next);
    if (*earlier != 0) {
      const auto before = static_cast<NodeNumber>(*earlier);
      if (Status locked = lock_out(before); !locked) return locked;
      declare_gone(before, all_to(number), last);
    }
    last.push_back({"INSERT INTO nodes(number, name, address, state, lease, lease_until, "
                    "recovery_mark) VALUES($1, convert_from($2,'UTF8'), convert_from($3,'UTF8'), "
                    "0, $4 * interval '1 microsecond', clock_timestamp() + "
                    "$4 * interval '1 microsecond', 0)",
                    Parameters()
                        .number(number)
                        .blob(joining.name)
                        .blob(joining.address)
                        .integer(joining.lease.us)});
    last.push_back(next_version());
    return ok();
  });
  if (!done) return done.error();
  own_ = number;
  lease_ = joining.lease;
  life_.node = number;
  life_.looks_for_unneeded = true;
  return number;
}

Result<ClusterView> Membership::renew(std::uint64_t known) {
  if (own_ == 0) return Error{Code::kStaleEpoch, "This node has not joined the cluster.", {}};
  if (Status opened = open(); !opened) return opened.error();
  // Whoever counts this node's lease begins before it asks, the database after: it ends here first.
  const auto answer = db_.query(
      "WITH own AS (UPDATE nodes SET lease_until=clock_timestamp()+lease WHERE number=$1 AND "
      "state<2 RETURNING 1) "
      "SELECT (SELECT count(*) FROM own), c.version, CASE WHEN n.number=$1 AND c.version<>$2 THEN "
      "(SELECT string_agg(int8send(owner), ''::bytea ORDER BY slots.n) FROM slots) END, "
      "n.number, n.name, n.address, n.state, "
      "(extract(epoch FROM n.lease_until-clock_timestamp())*1000000)::int8, "
      "(SELECT value FROM meta WHERE key='catalog'), (extract(epoch FROM n.lease)*1000000)::int8 "
      "FROM cluster AS c CROSS JOIN nodes AS n WHERE n.state<2 ORDER BY n.number",
      Parameters().number(own_).number(known));
  if (!answer) return answer.error();
  if (answer->rows() == 0 || answer->integer_at(0, 0) == 0) return gone();
  return view_in(*answer, own_, lease_);
}

Result<bool> Membership::all_take_slots(std::vector<NodeNumber> nodes) {
  std::sort(nodes.begin(), nodes.end());
  nodes.erase(std::unique(nodes.begin(), nodes.end()), nodes.end());
  std::erase(nodes, NodeNumber{0});
  Column wanted(Type::kInteger);
  for (const NodeNumber node : nodes) wanted.integer(static_cast<std::int64_t>(node));
  const auto there =
      db_.query_integer("SELECT count(*) FROM nodes WHERE number=ANY($1) AND state=0",
                        Parameters().column(std::move(wanted)));
  if (!there) return there.error();
  return static_cast<std::size_t>(*there) == nodes.size();
}

Status Membership::require_lease_out(NodeNumber node) {
  const auto out = db_.query_integer(
      "SELECT count(*) FROM nodes WHERE number=$1 AND state<2 AND lease_until<clock_timestamp()",
      Parameters().number(node));
  if (!out) return out.error();
  return *out > 0 ? ok() : Status(conflict("The node's lease has not run out."));
}

Status Membership::take_over(NodeNumber from, const std::vector<NodeNumber>& plan,
                             std::uint64_t version) {
  TROUPE_ENSURE(plan.size() == cluster::kSlotCount);
  return change([&](std::uint64_t current, Requests& last) -> Status {
    if (current != version) return conflict("Members or owners have changed.");
    if (Status is = stay(); !is) return is;
    if (from != 0) {
      // Before the lock, which may end sessions, and behind it, because it may have had to wait.
      if (Status is = require_lease_out(from); !is) return is;
      if (Status locked = lock_out(from); !locked) return locked;
      if (Status is = require_lease_out(from); !is) return is;
    }
    const auto fit = all_take_slots(plan);
    if (!fit) return fit.error();
    const bool names_it = from != 0 && std::find(plan.begin(), plan.end(), from) != plan.end();
    if (!*fit || names_it) return conflict("The plan names a node that takes no slots.");
    if (from != 0) {
      declare_gone(from, plan, last);
    } else {
      last.push_back(move_slots(0, plan));
    }
    last.push_back(next_version());
    return ok();
  });
}

Status Membership::give(const cluster::SlotSet& slots, NodeNumber to) {
  const Status done = change([&](std::uint64_t, Requests& last) -> Status {
    if (Status is = stay(); !is) return is;
    const auto fits = all_take_slots({to});
    if (!fits) return fits.error();
    if (!*fits || to == 0) return conflict("The node takes no slots.");
    // Snapshots cover everything, so no journal is needed.
    const auto given = db_.query_integer(
        "WITH given AS (UPDATE slots SET owner=$2, tails='{}' WHERE n=ANY($1) AND owner=$3 "
        "RETURNING 1) SELECT count(*) FROM given",
        Parameters().column(slot_column(slots)).number(to).number(own_));
    if (!given) return given.error();
    if (static_cast<std::size_t>(*given) != slots.count()) {
      return conflict("Not all of the slots are this node's own.");
    }
    last.push_back(next_version());
    return ok();
  });
  if (done) life_.looks_for_unneeded = true;
  return done;
}

Status Membership::settle(const cluster::SlotSet& slots) {
  const Status done = change([&](std::uint64_t, Requests& last) -> Status {
    if (Status is = stay(); !is) return is;
    last.push_back({"UPDATE slots SET tails='{}' WHERE n=ANY($1) AND owner=$2",
                    Parameters().column(slot_column(slots)).number(own_)});
    return ok();
  });
  if (done) life_.looks_for_unneeded = true;
  return done;
}

Status Membership::drain() {
  return change([&](std::uint64_t, Requests& last) -> Status {
    if (Status is = stay(); !is) return is;
    last.push_back({"UPDATE nodes SET state=1 WHERE number=$1", Parameters().number(own_)});
    last.push_back(next_version());
    return ok();
  });
}

Status Membership::leave() {
  return change([&](std::uint64_t, Requests& last) -> Status {
    if (own_ == 0) return gone();
    if (Status locked = lock_out(own_); !locked) {
      return locked.error().code == Code::kConflict ? gone() : locked;
    }
    declare_gone(own_, all_to(0), last);
    last.push_back(next_version());
    return ok();
  });
}

}  // namespace troupe::postgres
