#include "adapters/postgres/row_requests.h"

#include <algorithm>
#include <tuple>

#include "adapters/postgres/schema.h"
#include "adapters/postgres/wire.h"
#include "runtime/journal/row_codec.h"
#include "runtime/store/expiry.h"
#include "runtime/store/tally.h"

// Each kind of row goes as one statement over arrays, in key order: neighbours meet on a page, and
// two writers take their locks in the same order. Only payloads are wanted by several: what else a
// batch writes belongs to entities, which have one owner.
namespace troupe::postgres {

using namespace store;

namespace {

/// In key order; of several rows with one key the last, as if they had been written in turn.
template <class Row, class KeyOf>
std::vector<const Row*> last_of_each(const std::vector<Row>& rows, KeyOf key_of) {
  std::vector<const Row*> sorted;
  for (const Row& row : rows) sorted.push_back(&row);
  std::stable_sort(sorted.begin(), sorted.end(),
                   [&](const Row* a, const Row* b) { return key_of(*a) < key_of(*b); });
  std::vector<const Row*> last;
  for (const Row* row : sorted) {
    if (!last.empty() && key_of(*last.back()) == key_of(*row)) {
      last.back() = row;
    } else {
      last.push_back(row);
    }
  }
  return last;
}

// What a run is found by never changes, and no more does one that has ended. A row that came new
// has no transaction that ended it or locked it to change it.
constexpr const char* kPutRuns =
    "WITH rows AS (SELECT * FROM unnest($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12) AS r(id, scope, "
    "workflow, created, status, external_id, body, bucket, hour, kind, steps, ms)), put AS ("
    "INSERT INTO runs(id, scope, workflow, created, status, external_id, body, bucket) "
    "SELECT id, scope, workflow, created, status, external_id, body, bucket FROM rows "
    "ON CONFLICT(id) DO UPDATE SET status=excluded.status, body=excluded.body "
    "WHERE runs.status<4 RETURNING id, xmax=0 AS is_new) ";
static_assert(static_cast<int>(RunStatus::kCompleted) == 4 && kStartedRuns == 0);

// Of rows in lists. Each node adds to rows of its own, so none waits for another's commit.
constexpr const char* kCountRuns =
    "INSERT INTO tallies AS t(scope, hour, kind, workflow, node, runs, steps, ms) "
    "SELECT scope, hour, kind, coalesce(workflow, '00000000-0000-0000-0000-000000000000'), $13, "
    "count(*), sum(steps)::int8, sum(ms)::int8 FROM ("
    "SELECT scope, created/3600000000 AS hour, 0 AS kind, workflow, 0 AS steps, 0 AS ms "
    "FROM put JOIN rows USING(id) WHERE is_new AND scope>0 UNION ALL "
    "SELECT scope, hour, kind, workflow, steps, ms FROM put JOIN rows USING(id) "
    "WHERE status>=4 AND scope>0) AS counted GROUP BY 1, 2, 3, 4 "
    "ON CONFLICT(scope, hour, kind, workflow, node) DO UPDATE SET runs=t.runs+excluded.runs, "
    "steps=t.steps+excluded.steps, ms=t.ms+excluded.ms";

std::string_view view(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

}  // namespace

std::string awaited(const Hasher& hasher, std::string_view event, std::string_view key) {
  std::string both;
  append_field(both, event);
  append_field(both, key);
  return std::string(view(hasher.hash(both)));
}

Status RowRequests::put(const Batch& batch, std::vector<Request>& last) {
  if (Status put = put_runs(batch.runs, last); !put) return put;
  put_snapshots(batch, last);
  if (Status put = put_payloads(batch.payloads, last); !put) return put;
  if (Status put = put_tasks(batch.tasks, last); !put) return put;
  return put_waiters(batch.waiters, last);
}

void RowRequests::rolled_back() {
  scopes_.rolled_back();
  buckets_.clear();
}

Status RowRequests::put_runs(const std::vector<RunRow>& runs, std::vector<Request>& last) {
  if (runs.empty()) return ok();
  Column ids(Type::kId), scopes(Type::kInteger), workflows(Type::kId), created(Type::kInteger),
      statuses(Type::kInteger), external_ids(Type::kBytes), bodies(Type::kBytes),
      buckets(Type::kInteger), hours(Type::kInteger), kinds(Type::kInteger), steps(Type::kInteger),
      ms(Type::kInteger);
  for (const RunRow* run : last_of_each(runs, [](const RunRow& row) { return row.id; })) {
    const auto scope = scopes_.of(run->workspace, run->project);
    if (!scope) return scope.error();
    ids.id(run->id);
    // Lists are looked up by numbers from 1 on; below zero, it is in none and yet has a scope.
    scopes.integer(run->part ? -*scope : *scope);
    run->workflow.set() ? workflows.id(run->workflow) : workflows.null();
    created.integer(run->created.us);
    statuses.integer(static_cast<std::int64_t>(run->status));
    external_ids.blob(run->external_id);
    bodies.blob(encode(hasher_, *run));
    expires(run->bucket) ? buckets.integer(run->bucket) : buckets.null();
    const Tally end = tally_of_end(*run);
    hours.integer(end.hour);
    kinds.integer(end.kind);
    steps.integer(static_cast<std::int64_t>(end.steps));
    ms.integer(static_cast<std::int64_t>(end.ms));
  }
  last.push_back(
      {std::string(kPutRuns) + (counted_by_ == 0 ? "SELECT count(*) FROM put" : kCountRuns),
       Parameters::of(std::move(ids), std::move(scopes), std::move(workflows), std::move(created),
                      std::move(statuses), std::move(external_ids), std::move(bodies),
                      std::move(buckets), std::move(hours), std::move(kinds), std::move(steps),
                      std::move(ms))});
  if (counted_by_ != 0) last.back().parameters.number(counted_by_);
  return ok();
}

void RowRequests::put_snapshots(const Batch& batch, std::vector<Request>& last) {
  if (!batch.snapshots.empty()) {
    Column entities(Type::kId), hashes(Type::kInteger), wake_at(Type::kInteger),
        runnable(Type::kInteger), bodies(Type::kBytes);
    const auto rows =
        last_of_each(batch.snapshots, [](const Snapshot& row) { return row.entity; });
    for (const Snapshot* row : rows) {
      entities.id(row->entity);
      hashes.integer(cluster::hash_of(row->entity));
      row->wake_at.set() ? wake_at.integer(row->wake_at.us) : wake_at.null();
      runnable.integer(row->runnable);
      bodies.blob(encode(hasher_, *row));
    }
    last.push_back({"INSERT INTO snapshots(entity, hash, wake_at, runnable, body) "
                    "SELECT * FROM unnest($1,$2,$3,$4,$5) ON CONFLICT(entity) DO UPDATE SET "
                    "wake_at=excluded.wake_at, runnable=excluded.runnable, body=excluded.body",
                    Parameters::of(std::move(entities), std::move(hashes), std::move(wake_at),
                                   std::move(runnable), std::move(bodies))});
  }
  if (!batch.snapshots_dropped.empty()) {
    Column dropped(Type::kId);
    for (const RunId& entity : batch.snapshots_dropped) dropped.id(entity);
    last.push_back({"DELETE FROM snapshots WHERE entity = ANY($1)",
                    Parameters::of(std::move(dropped))});
  }
}

Status RowRequests::put_payloads(const std::vector<Payload>& payloads, std::vector<Request>& last) {
  if (payloads.empty()) return ok();
  Column buckets(Type::kInteger), hashes(Type::kBytes), projects(Type::kId), bodies(Type::kBytes);
  const auto rows = last_of_each(payloads, [](const Payload& row) {
    return std::tie(row.hash, row.project, row.bucket);
  });
  for (const Payload* row : rows) {
    if (Status done = ensure_bucket(row->bucket); !done) return done;
    buckets.integer(row->bucket);
    hashes.blob(view(row->hash));
    projects.id(row->project);
    bodies.blob(row->bytes);
  }
  last.push_back({"INSERT INTO payloads(bucket, hash, project, bytes) "
                  "SELECT * FROM unnest($1,$2,$3,$4) ON CONFLICT DO NOTHING",
                  Parameters::of(std::move(buckets), std::move(hashes), std::move(projects),
                                 std::move(bodies))});
  return ok();
}

Status RowRequests::ensure_bucket(std::uint32_t bucket) {
  if (buckets_.contains(bucket)) return ok();
  const auto known = [&] {
    return db_.query_integer("SELECT count(*) FROM buckets WHERE bucket=$1",
                             Parameters().integer(bucket));
  };
  auto count = known();
  if (count && *count == 0) {
    if (Status locked = lock_making(db_, options_.schema); !locked) return locked;
    count = known();  // another node may have been quicker
  }
  if (!count) return count.error();
  if (*count == 0) {
    if (Status made = db_.execute(create_bucket_tables(bucket)); !made) return made;
  }
  buckets_.insert(bucket);
  return ok();
}

Status RowRequests::put_tasks(const std::vector<TaskRow>& tasks, std::vector<Request>& last) {
  if (tasks.empty()) return ok();
  Column ids(Type::kId), scopes(Type::kInteger), runs(Type::kId), created(Type::kInteger),
      pending(Type::kInteger), bodies(Type::kBytes);
  for (const TaskRow* task : last_of_each(tasks, [](const TaskRow& row) { return row.id; })) {
    const auto scope = scopes_.of(task->workspace, task->project);
    if (!scope) return scope.error();
    ids.id(task->id);
    scopes.integer(*scope);
    runs.id(task->run);
    created.integer(task->created.us);
    pending.integer(task->pending);
    bodies.blob(encode(hasher_, *task));
  }
  last.push_back({"INSERT INTO tasks(id, scope, run, created, pending, body) "
                  "SELECT * FROM unnest($1,$2,$3,$4,$5,$6) "
                  "ON CONFLICT(id) DO UPDATE SET pending=excluded.pending, body=excluded.body",
                  Parameters::of(std::move(ids), std::move(scopes), std::move(runs),
                                 std::move(created), std::move(pending), std::move(bodies))});
  return ok();
}

Status RowRequests::put_waiters(const std::vector<WaiterRow>& waiters, std::vector<Request>& last) {
  Column runs(Type::kId), steps(Type::kBytes), scopes(Type::kInteger), keys(Type::kBytes),
      bodies(Type::kBytes), gone_runs(Type::kId), gone_steps(Type::kBytes);
  std::size_t waiting = 0;
  const auto rows = last_of_each(waiters, [](const WaiterRow& row) {
    return std::tie(row.run, row.step_id);
  });
  for (const WaiterRow* waiter : rows) {
    const Digest step = hasher_.hash(waiter->step_id);
    if (!waiter->waiting) {
      gone_runs.id(waiter->run);
      gone_steps.blob(view(step));
      continue;
    }
    const auto scope = scopes_.of(waiter->workspace, waiter->project);
    if (!scope) return scope.error();
    runs.id(waiter->run);
    steps.blob(view(step));
    scopes.integer(*scope);
    keys.blob(awaited(hasher_, waiter->event, waiter->key));
    bodies.blob(encode(hasher_, *waiter));
    ++waiting;
  }
  if (waiting > 0) {
    last.push_back({"INSERT INTO waiters(run, step, scope, awaited, body) "
                    "SELECT * FROM unnest($1,$2,$3,$4,$5) ON CONFLICT(run, step) DO UPDATE SET "
                    "awaited=excluded.awaited, body=excluded.body",
                    Parameters::of(std::move(runs), std::move(steps), std::move(scopes),
                                   std::move(keys), std::move(bodies))});
  }
  if (waiting < rows.size()) {
    last.push_back({"DELETE FROM waiters USING unnest($1,$2) AS gone(run, step) "
                    "WHERE waiters.run=gone.run AND waiters.step=gone.step",
                    Parameters::of(std::move(gone_runs), std::move(gone_steps))});
  }
  return ok();
}

Status RowRequests::put_tallies(const std::vector<ScopedTally>& tallies,
                                std::vector<Request>& last) {
  for (const ScopedTally& row : tallies) {
    const auto scope = scopes_.of(row.workspace, row.project);
    if (!scope) return scope.error();
    last.push_back({"INSERT INTO tallies VALUES($1,$2,$3,$4,0,$5,$6,$7)",
                    Parameters()
                        .integer(*scope)
                        .integer(row.tally.hour)
                        .integer(row.tally.kind)
                        .id(row.tally.workflow)
                        .number(row.tally.runs)
                        .number(row.tally.steps)
                        .number(row.tally.ms)});
  }
  return ok();
}

Request insert(const Workspace& row, std::string_view body) {
  return {"INSERT INTO workspaces(id, slug, body) VALUES($1,$2,$3)",
          Parameters().id(row.id).blob(row.slug).blob(body)};
}

Request insert(const Project& row, std::string_view body) {
  return {"INSERT INTO projects(id, workspace, slug, body) VALUES($1,$2,$3,$4)",
          Parameters().id(row.id).id(row.workspace).blob(row.slug).blob(body)};
}

Request insert(const Workflow& row, std::int64_t scope, std::string_view body) {
  return {"INSERT INTO workflows(id, scope, archived, created, body) VALUES($1,$2,$3,$4,$5)",
          Parameters()
              .id(row.id)
              .integer(scope)
              .integer(row.archived)
              .integer(row.created.us)
              .blob(body)};
}

Request insert(const Version& row, std::string_view body) {
  return {"INSERT INTO versions(workflow, version, body) VALUES($1,$2,$3)",
          Parameters().id(row.workflow).integer(row.version).blob(body)};
}

}  // namespace troupe::postgres
