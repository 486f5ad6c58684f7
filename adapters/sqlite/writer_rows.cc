#include <algorithm>
#include <map>

#include "adapters/sqlite/schema.h"
#include "adapters/sqlite/writer.h"
#include "runtime/journal/row_codec.h"
#include "runtime/store/expiry.h"
#include "runtime/store/tally.h"

namespace troupe::sqlite {

using namespace store;

Status Writer::put_runs(const std::vector<RunRow>& runs) {
  if (runs.empty()) return ok();
  // In key order, so that neighbours go to the same page while it is at hand.
  std::vector<const RunRow*> sorted;
  for (const RunRow& run : runs) sorted.push_back(&run);
  std::sort(sorted.begin(), sorted.end(),
            [](const RunRow* a, const RunRow* b) { return a->id < b->id; });
  std::map<std::int64_t, TallySums> sums;
  for (const RunRow* run : sorted) {
    const auto scope =
        run->part ? Result<std::int64_t>(kNoList) : scopes_.of(run->workspace, run->project);
    if (!scope) return scope.error();
    const auto written = put_run(*run, *scope);
    if (!written) return written.error();
    if (run->part || *written == Written::kNothing) continue;
    TallySums& own = sums[*scope];
    if (*written == Written::kNewRow) own.add(tally_of_start(*run));
    if (ended(run->status)) own.add(tally_of_end(*run));
  }
  for (const auto& [scope, own] : sums) {
    if (Status added = add_tallies(scope, own.list()); !added) return added;
  }
  return ok();
}

Result<Writer::Written> Writer::put_run(const RunRow& run, std::int64_t scope) {
  const std::string body = encode(hasher_, run);
  // What a run is found by never changes, and no more does one that has ended.
  const Status updated =
      db_->prepare("UPDATE runs SET status=?2, body=?3 WHERE id=?1 AND status<?4")
          .id(1, run.id)
          .integer(2, static_cast<std::int64_t>(run.status))
          .blob(3, body)
          .integer(4, static_cast<std::int64_t>(RunStatus::kCompleted))
          .run();
  if (!updated) return updated.error();
  if (sqlite3_changes(db_->handle()) > 0) return Written::kOldRow;
  Statement insert = db_->prepare(
      "INSERT INTO runs(id, scope, workflow, created, status, external_id, body, bucket) "
      "VALUES(?1,?2,?3,?4,?5,?6,?7,?8) ON CONFLICT(id) DO NOTHING");
  insert.id(1, run.id).integer(2, scope).integer(4, run.created.us);
  insert.integer(5, static_cast<std::int64_t>(run.status)).text(6, run.external_id).blob(7, body);
  run.workflow.set() ? insert.id(3, run.workflow) : insert.null(3);
  expires(run.bucket) ? insert.integer(8, run.bucket) : insert.null(8);
  if (Status done = insert.run(); !done) return done.error();
  return sqlite3_changes(db_->handle()) > 0 ? Written::kNewRow : Written::kNothing;
}

Status Writer::add_tallies(std::int64_t scope, const std::vector<Tally>& tallies) {
  Statement add = db_->prepare(
      "INSERT INTO tallies VALUES(?1,?2,?3,?4,?5,?6,?7) ON CONFLICT DO UPDATE SET "
      "runs=runs+excluded.runs, steps=steps+excluded.steps, ms=ms+excluded.ms");
  for (const Tally& tally : tallies) {
    add.integer(1, scope).integer(2, tally.hour).integer(3, tally.kind).id(4, tally.workflow);
    add.number(5, tally.runs).number(6, tally.steps).number(7, tally.ms);
    if (Status done = add.run(); !done) return done;
  }
  return ok();
}

Status Writer::put_snapshots(const Batch& batch) {
  if (!batch.snapshots.empty()) {
    Statement upsert = db_->prepare(
        "INSERT INTO snapshots(entity, wake_at, runnable, body) VALUES(?1,?2,?3,?4) "
        "ON CONFLICT(entity) DO UPDATE SET wake_at=excluded.wake_at, "
        "runnable=excluded.runnable, body=excluded.body");
    for (const Snapshot& snapshot : batch.snapshots) {
      const std::string body = encode(hasher_, snapshot);
      upsert.id(1, snapshot.entity);
      if (snapshot.wake_at.set()) {
        upsert.integer(2, snapshot.wake_at.us);
      } else {
        upsert.null(2);
      }
      if (Status done = upsert.integer(3, snapshot.runnable).blob(4, body).run(); !done) {
        return done;
      }
    }
  }
  for (const RunId& entity : batch.snapshots_dropped) {
    const Status done =
        db_->prepare("DELETE FROM snapshots WHERE entity=?1").id(1, entity).run();
    if (!done) return done;
  }
  return ok();
}

Status Writer::put_payloads(const std::vector<Payload>& payloads) {
  for (const Payload& payload : payloads) {
    if (Status done = ensure_bucket(payload.bucket); !done) return done;
    const Status done = db_->prepare("INSERT INTO " + payload_table(payload.bucket) +
                                     "(hash, project, bytes) VALUES(?1,?2,?3) "
                                     "ON CONFLICT DO NOTHING")
                            .blob(1, {reinterpret_cast<const char*>(payload.hash.data()),
                                      payload.hash.size()})
                            .id(2, payload.project)
                            .blob(3, payload.bytes)
                            .run();
    if (!done) return done;
  }
  return ok();
}

Status Writer::ensure_bucket(std::uint32_t bucket) {
  if (buckets_.contains(bucket)) return ok();
  {
    Statement select = db_->prepare("SELECT 1 FROM buckets WHERE bucket=?1");
    const Result<bool> exists = select.integer(1, bucket).step();
    if (!exists) return exists.error();
    if (*exists) {
      buckets_.insert(bucket);
      return ok();
    }
  }
  if (Status done = db_->execute(create_bucket_tables(bucket)); !done) return done;
  buckets_.insert(bucket);
  return ok();
}

Status Writer::put_tasks(const std::vector<TaskRow>& tasks) {
  for (const TaskRow& task : tasks) {
    const auto scope = scopes_.of(task.workspace, task.project);
    if (!scope) return scope.error();
    const std::string body = encode(hasher_, task);
    const Status done =
        db_->prepare("INSERT INTO tasks(id, scope, run, created, pending, body) "
                     "VALUES(?1,?2,?3,?4,?5,?6) ON CONFLICT(id) DO UPDATE SET "
                     "pending=excluded.pending, body=excluded.body")
            .id(1, task.id)
            .integer(2, *scope)
            .id(3, task.run)
            .integer(4, task.created.us)
            .integer(5, task.pending)
            .blob(6, body)
            .run();
    if (!done) return done;
  }
  return ok();
}

Status Writer::put_waiters(const std::vector<WaiterRow>& waiters) {
  for (const WaiterRow& waiter : waiters) {
    if (!waiter.waiting) {
      const Status done = db_->prepare("DELETE FROM waiters WHERE run=?1 AND step=?2")
                              .id(1, waiter.run)
                              .text(2, waiter.step_id)
                              .run();
      if (!done) return done;
      continue;
    }
    const auto scope = scopes_.of(waiter.workspace, waiter.project);
    if (!scope) return scope.error();
    const std::string body = encode(hasher_, waiter);
    const Status done =
        db_->prepare("INSERT INTO waiters(run, step, scope, event, key, body) "
                     "VALUES(?1,?2,?3,?4,?5,?6) ON CONFLICT(run, step) DO UPDATE SET "
                     "event=excluded.event, key=excluded.key, body=excluded.body")
            .id(1, waiter.run)
            .text(2, waiter.step_id)
            .integer(3, *scope)
            .text(4, waiter.event)
            .text(5, waiter.key)
            .blob(6, body)
            .run();
    if (!done) return done;
  }
  return ok();
}

}  // namespace troupe::sqlite
