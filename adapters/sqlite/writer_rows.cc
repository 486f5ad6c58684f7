#include <algorithm>

#include "adapters/sqlite/schema.h"
#include "adapters/sqlite/writer.h"
#include "runtime/journal/row_codec.h"

namespace troupe::sqlite {

using namespace store;

Status Writer::put_runs(const std::vector<RunRow>& runs) {
  if (runs.empty()) return ok();
  // In key order, so that neighbours go to the same page while it is at hand.
  std::vector<const RunRow*> sorted;
  for (const RunRow& run : runs) sorted.push_back(&run);
  std::sort(sorted.begin(), sorted.end(),
            [](const RunRow* a, const RunRow* b) { return a->id < b->id; });
  // What a run is found by never changes, so an update leaves those columns out.
  Statement upsert = db_->prepare(
      "INSERT INTO runs(id, scope, workflow, created, status, external_id, body) "
      "VALUES(?1,?2,?3,?4,?5,?6,?7) "
      "ON CONFLICT(id) DO UPDATE SET status=excluded.status, body=excluded.body");
  for (const RunRow* run : sorted) {
    const auto scope =
        run->part ? Result<std::int64_t>(kNoList) : scopes_.of(run->workspace, run->project);
    if (!scope) return scope.error();
    const std::string body = encode(hasher_, *run);
    upsert.id(1, run->id).integer(2, *scope);
    if (run->workflow.set()) {
      upsert.id(3, run->workflow);
    } else {
      upsert.null(3);
    }
    const Status done = upsert.integer(4, run->created.us)
                            .integer(5, static_cast<std::int64_t>(run->status))
                            .text(6, run->external_id)
                            .blob(7, body)
                            .run();
    if (!done) return done;
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
