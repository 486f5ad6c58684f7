#include "adapters/postgres/examination.h"

#include "adapters/postgres/connection.h"
#include "adapters/postgres/schema.h"

namespace troupe::postgres {
namespace {

Status read_clock(Connection& db, const Clock& clock, Examination& found) {
  const TimePoint asked = clock.now();
  const auto theirs =
      db.query_integer("SELECT (extract(epoch FROM clock_timestamp())*1000000)::int8");
  if (!theirs) return theirs.error();
  const TimePoint answered = clock.now();
  found.clock_doubt = {(answered.us - asked.us) / 2};
  found.clock_ahead = {*theirs - asked.us - found.clock_doubt.us};
  return ok();
}

Status read_members(Connection& db, Examination& found) {
  const auto rows = db.query(
      "SELECT number, name, address, state, "
      "(extract(epoch FROM lease_until-clock_timestamp())*1000000)::int8, "
      "(SELECT count(*) FROM slots WHERE owner=number) FROM nodes WHERE state<2 ORDER BY name");
  if (!rows) return rows.error();
  for (int row = 0; row < rows->rows(); ++row) {
    Examination::Node node;
    node.member.number = rows->number_at(row, 0);
    node.member.name = rows->blob_at(row, 1);
    node.member.address = rows->blob_at(row, 2);
    node.member.draining = rows->integer_at(row, 3) != 0;
    node.member.lease_left = {rows->integer_at(row, 4)};
    node.slots = rows->number_at(row, 5);
    found.members.push_back(std::move(node));
  }
  return ok();
}

Status read_slots(Connection& db, Examination& found) {
  const auto row = db.query(
      "SELECT count(*) FILTER (WHERE owner=0), count(*) FILTER (WHERE tails<>'{}'), "
      "(SELECT count(*) FROM nodes WHERE state=2) FROM slots");
  if (!row) return row.error();
  found.slots_free = row->number_at(0, 0);
  found.slots_tailed = row->number_at(0, 1);
  found.nodes_gone = row->number_at(0, 2);
  return ok();
}

}  // namespace

Result<Examination> examine(const Options& options, const Clock& clock) {
  if (Status good = check_name(options.schema); !good) return good.error();
  // As a member's connection: it waits for nothing long, and has the settings that a writer has.
  Connection db(options, Connection::Use::kMembership);
  if (Status opened = db.open(); !opened) return opened.error();
  Examination found;
  found.version = version_text(db.server_version());
  found.settings = describe_settings(db);
  const Status durable = require_durable(db);
  if (!durable && !db.is_open()) return durable.error();
  if (!durable) found.weakness = durable.error().message;
  // It may be 0, which is what a missing row reads as.
  const auto kept = db.query_integer(
      "SELECT pg_size_bytes(current_setting('min_wal_size')) / 1048576");
  if (!kept) return kept.error();
  found.wal_kept = static_cast<std::uint64_t>(*kept);
  if (Status read = read_clock(db, clock, found); !read) return read.error();
  found.schema_known = newest_version();
  const auto version = version_of(db, options.schema);
  if (!version) return version.error();
  found.schema_version = version->steps;
  found.schema_needs = version->needs;
  if (version->steps == 0 || version->needs > found.schema_known) return found;
  const auto moving = read_meta(db, "moving");
  if (!moving) return moving.error();
  found.is_part = *moving != 0;
  if (Status read = read_members(db, found); !read) return read.error();
  if (Status read = read_slots(db, found); !read) return read.error();
  return found;
}

}  // namespace troupe::postgres
