#include "adapters/postgres/publication.h"
#include "adapters/postgres/writer.h"

namespace troupe::postgres {

using store::Pos;
using store::Unpublished;

// A node keeps its own row of `publications` while it lives. Of a gone node, whoever claims the row
// publishes the rest; if that one goes too, the row is free again, from where it had come to.

Request publish_mark_request(store::NodeNumber node, Pos mark) {
  if (mark == 0) return {"DELETE FROM publications WHERE node=$1", Parameters().number(node)};
  return {"INSERT INTO publications VALUES($1,$2,0) ON CONFLICT(node) DO UPDATE SET "
          "mark=excluded.mark",
          Parameters().number(node).number(mark)};
}

Status Writer::set_publish_mark(Pos mark) {
  const Status done = transact([&](std::vector<Request>& last) {
    if (mark != publish_mark_) last.push_back(publish_mark_request(bound_, mark));
    return ok();
  });
  if (done) publish_mark_ = mark;
  return done;
}

Result<std::vector<Unpublished>> Writer::claim_unpublished() {
  std::vector<Unpublished> claimed;
  const Status done = transact([&](std::vector<Request>&) -> Status {
    const auto rows = db_.query(
        "UPDATE publications AS p SET publisher=$1 WHERE "
        "NOT EXISTS(SELECT 1 FROM nodes WHERE number=p.node AND state<2) AND (p.publisher=$1 OR "
        "NOT EXISTS(SELECT 1 FROM nodes WHERE number=p.publisher AND state<2)) "
        "RETURNING p.node, p.mark",
        Parameters().number(bound_));
    if (!rows) return rows.error();
    for (int row = 0; row < rows->rows(); ++row) {
      claimed.push_back({rows->number_at(row, 0), rows->number_at(row, 1)});
    }
    return ok();
  });
  if (!done) return done.error();
  return claimed;
}

Status Writer::set_publish_mark_of(store::NodeNumber node, Pos mark) {
  const Status done = transact([&](std::vector<Request>& last) {
    // Nobody else's, should another node have claimed it since.
    Parameters own;
    own.number(node).number(bound_);
    if (mark == 0) {
      last.push_back({"DELETE FROM publications WHERE node=$1 AND publisher=$2", std::move(own)});
      return ok();
    }
    own.number(mark);
    last.push_back({"UPDATE publications SET mark=$3 WHERE node=$1 AND publisher=$2",
                    std::move(own)});
    return ok();
  });
  if (done && mark == 0) life_.looks_for_unneeded = true;
  return done;
}

}  // namespace troupe::postgres
