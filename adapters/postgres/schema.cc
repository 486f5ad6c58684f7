#include "adapters/postgres/schema.h"

#include <algorithm>
#include <array>

#include "adapters/postgres/wall.h"

namespace troupe::postgres {
namespace {

// Bodies hold whole rows with their checksum (row_codec.h); the other columns only serve to find
// them. Texts that tenants choose are bytea, because text refuses U+0000; what has no limit of its
// own is found by its hash, because an index entry has one. `scope` is a small number for
// (workspace, project): it keeps the list indexes short. Lists are indexed by status too, because
// then the same index serves with and without that filter: a list without it merges the statuses.
//
// Of a node, `state` is 0 for a member, 1 for one that drains, 2 for one that is gone; rows of gone
// nodes stay as long as they have journal tables. `tails` of a slot are the gone nodes whose
// journals may hold frames of it that no snapshot covers. Of a node's journal, frames before `mark`
// in `publications` have been published; if it is gone, `publisher` does it. `hash` is
// cluster::hash_of the entity.
constexpr const char* kVersion1 = R"sql(
CREATE TABLE meta(key bytea PRIMARY KEY, value int8 NOT NULL);
INSERT INTO meta VALUES('catalog', 1);
CREATE TABLE scopes(n int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY, workspace uuid NOT NULL,
  project uuid NOT NULL, UNIQUE(workspace, project));
CREATE SEQUENCE node_numbers;
CREATE SEQUENCE epochs MAXVALUE 8388607;
CREATE SEQUENCE journal_numbers;
CREATE TABLE cluster(one int2 PRIMARY KEY CHECK(one = 1), version int8 NOT NULL);
INSERT INTO cluster VALUES(1, 1);
CREATE TABLE nodes(number int8 PRIMARY KEY, name text NOT NULL, address text NOT NULL,
  state int2 NOT NULL, lease interval NOT NULL, lease_until timestamptz NOT NULL,
  recovery_mark int8 NOT NULL, backend int8, backend_start int8);
CREATE UNIQUE INDEX nodes_by_name ON nodes(name) WHERE state < 2;
CREATE FUNCTION fence(node int8) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM nodes WHERE number = node AND state < 2 FOR KEY SHARE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'this node has been declared gone' USING ERRCODE = 'TR001';
  END IF;
END $$;
CREATE TABLE slots(n int8 PRIMARY KEY, owner int8 NOT NULL, tails int8[] NOT NULL);
INSERT INTO slots SELECT n, 0, '{}' FROM generate_series(0, 1023) AS n;
CREATE TABLE journal_tables(n int8 PRIMARY KEY, node int8 NOT NULL, start int8 NOT NULL,
  retiring int2 NOT NULL);
CREATE TABLE publications(node int8 PRIMARY KEY, mark int8 NOT NULL, publisher int8 NOT NULL);
CREATE TABLE buckets(bucket int8 PRIMARY KEY);

CREATE TABLE runs(id uuid PRIMARY KEY, scope int8 NOT NULL, workflow uuid, created int8 NOT NULL,
  status int2 NOT NULL, external_id bytea NOT NULL, body bytea NOT NULL);
CREATE INDEX runs_by_scope ON runs(scope, status, created, id);
CREATE INDEX runs_by_workflow ON runs(workflow, scope, status, created, id)
  WHERE workflow IS NOT NULL;
CREATE INDEX runs_by_external ON runs(scope, external_id, created, id) WHERE external_id <> '';
CREATE INDEX runs_open ON runs(status) WHERE status < 4;

CREATE TABLE snapshots(entity uuid PRIMARY KEY, hash int4 NOT NULL, wake_at int8,
  runnable int2 NOT NULL, body bytea NOT NULL);
CREATE INDEX snapshots_by_wake ON snapshots(wake_at, entity) WHERE wake_at IS NOT NULL;
CREATE INDEX snapshots_runnable ON snapshots(entity) WHERE runnable = 1;

CREATE TABLE tasks(id uuid PRIMARY KEY, scope int8 NOT NULL, run uuid NOT NULL,
  created int8 NOT NULL, pending int2 NOT NULL, body bytea NOT NULL);
CREATE INDEX tasks_by_scope ON tasks(scope, created, id) WHERE pending = 1;
CREATE INDEX tasks_by_run ON tasks(run, scope, created, id) WHERE pending = 1;
CREATE TABLE waiters(run uuid, step bytea, scope int8 NOT NULL, awaited bytea NOT NULL,
  body bytea NOT NULL, PRIMARY KEY(run, step));
CREATE INDEX waiters_by_event ON waiters(awaited, scope);

CREATE TABLE workspaces(id uuid PRIMARY KEY, slug bytea NOT NULL UNIQUE, body bytea NOT NULL);
CREATE TABLE projects(id uuid PRIMARY KEY, workspace uuid NOT NULL, slug bytea NOT NULL,
  body bytea NOT NULL, UNIQUE(workspace, slug));
CREATE TABLE workflows(id uuid PRIMARY KEY, scope int8 NOT NULL, archived int2 NOT NULL,
  created int8 NOT NULL, body bytea NOT NULL);
CREATE INDEX workflows_by_scope ON workflows(scope, archived, created, id);
CREATE TABLE versions(workflow uuid, version int8, body bytea NOT NULL,
  PRIMARY KEY(workflow, version));

CREATE TABLE payloads(bucket int8 NOT NULL, hash bytea, project uuid, bytes bytea NOT NULL,
  PRIMARY KEY(hash, project, bucket)) PARTITION BY LIST (bucket);
CREATE TABLE history(bucket int8 NOT NULL, entity uuid, first_pos int8, last_pos int8 NOT NULL,
  bytes bytea NOT NULL, PRIMARY KEY(entity, first_pos, bucket)) PARTITION BY LIST (bucket);
)sql";

// An id that a document has not is all zeroes; a key that it has not is NULL, and unique to nobody.
// Who appends to an audit log holds its end in `audit_heads`, a body like those of entries.
constexpr const char* kVersion2 = R"sql(
CREATE TABLE documents(kind int2, id uuid, workspace uuid NOT NULL, project uuid NOT NULL,
  key bytea, owner uuid NOT NULL, created int8 NOT NULL, expires int8, body bytea NOT NULL,
  PRIMARY KEY(kind, id));
CREATE UNIQUE INDEX documents_by_key ON documents(kind, workspace, project, key)
  WHERE key IS NOT NULL;
CREATE INDEX documents_by_workspace ON documents(kind, workspace, created, id);
CREATE INDEX documents_by_project ON documents(kind, workspace, project, created, id);
CREATE INDEX documents_by_owner ON documents(kind, owner, created, id);
CREATE INDEX documents_by_expiry ON documents(expires) WHERE expires IS NOT NULL;
CREATE TABLE audit(workspace uuid, n int8, project uuid NOT NULL, body bytea NOT NULL,
  PRIMARY KEY(workspace, n));
CREATE TABLE audit_heads(workspace uuid PRIMARY KEY, body bytea NOT NULL);
INSERT INTO meta VALUES('access_generation', 0);
)sql";

// A run that is kept for ever names no bucket. Tasks are found by their run to be removed with it,
// the decided ones too. Tallies change with every batch: room on a page lets a change stay there.
constexpr const char* kVersion4 = R"sql(
ALTER TABLE runs ADD COLUMN bucket int8;
CREATE INDEX runs_by_bucket ON runs(bucket, status, id) WHERE bucket IS NOT NULL;
DROP INDEX tasks_by_run;
CREATE INDEX tasks_by_run ON tasks(run, pending, scope, created, id);
CREATE TABLE tallies(scope int8, hour int8, kind int8, workflow uuid, node int8,
  runs int8 NOT NULL, steps int8 NOT NULL, ms int8 NOT NULL,
  PRIMARY KEY(scope, hour, kind, workflow, node)) WITH (fillfactor=50);
CREATE POLICY seen ON tallies FOR SELECT
  USING (abs(scope) = ANY ((SELECT seen_scopes())::int8[]));
ALTER TABLE tallies ENABLE ROW LEVEL SECURITY;
)sql";

// The predicate holds for every row. A statement that says it may walk this index; one that does
// not, for it has a workflow, walks that one's, which the planner knows too little of to prefer.
constexpr const char* kVersion5 = R"sql(
DROP INDEX runs_by_scope;
CREATE INDEX runs_by_scope ON runs(scope, status, created, id) WHERE scope<>0;
)sql";

/// Steps forward. A node of the release before works beside one that has made the newest: whoever
/// adds a step that it cannot work with has to raise what the schema needs.
constexpr std::int64_t kNeeds = 1;
std::array<std::string, 5> migrations() {
  return {kVersion1, kVersion2, wall_policies(), kVersion4, kVersion5};
}

Error invalid(std::string message) { return {Code::kConfigInvalid, std::move(message), {}}; }

/// Inside the transaction that holds the schema's lock; `last` notes how far it has come.
Status step_forward(Connection& db, const std::string& schema, std::vector<Request>& last) {
  const auto exists = db.query_integer(
      "SELECT count(*) FROM pg_namespace WHERE nspname = '" + schema + "'");
  if (!exists) return exists.error();
  if (*exists == 0) {
    if (Status made = db.execute("CREATE SCHEMA \"" + schema + "\""); !made) return made;
  }
  const auto version = version_of(db, schema);
  if (!version) return version.error();
  const auto steps = migrations();
  if (version->needs > newest_version()) {
    return invalid("The schema " + schema + " was written by a newer Troupe (schema version " +
                   std::to_string(version->needs) + ").");
  }
  for (auto step = static_cast<std::size_t>(version->steps); step < steps.size(); ++step) {
    if (Status done = db.execute(steps[step]); !done) return done;
  }
  last.push_back(write_meta("schema_steps", std::max(version->steps, newest_version())));
  last.push_back(write_meta("schema_version", std::max(version->needs, kNeeds)));
  return raise_wall(db, schema);
}

}  // namespace

Result<SchemaVersion> version_of(Connection& db, const std::string& schema) {
  const auto tables = db.query_integer(
      "SELECT count(*) FROM pg_class WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE "
      "nspname = '" + schema + "')");
  if (!tables) return tables.error();
  if (*tables == 0) return SchemaVersion();
  const auto ours = db.query_integer(
      "SELECT count(*) FROM pg_tables WHERE schemaname = '" + schema + "' AND tablename = 'meta'");
  const auto needs = ours && *ours > 0 ? read_meta(db, "schema_version") : ours;
  if (!needs) return needs.error();
  if (*needs == 0) return invalid("The schema " + schema + " belongs to another application.");
  const auto steps = read_meta(db, "schema_steps");
  if (!steps) return steps.error();
  // The first release noted one number only.
  return SchemaVersion{std::max(*steps, *needs), *needs};
}

std::int64_t newest_version() { return static_cast<std::int64_t>(migrations().size()); }

std::string version_text(int server_version) {
  constexpr int kMajor = 10'000;
  return std::to_string(server_version / kMajor) + "." + std::to_string(server_version % kMajor);
}

Status check_name(const std::string& schema) {
  constexpr std::size_t kBytesMax = 40;
  bool is_good = !schema.empty() && schema.size() <= kBytesMax && !schema.starts_with("pg_");
  for (std::size_t i = 0; i < schema.size(); ++i) {
    const char c = schema[i];
    is_good = is_good && ((c >= 'a' && c <= 'z') || c == '_' || (i > 0 && c >= '0' && c <= '9'));
  }
  if (is_good) return ok();
  return invalid("The schema's name must be 1 to 40 of a-z, 0-9 and _, and begin with neither a "
                 "digit nor pg_.");
}

Status require_durable(Connection& db) {
  for (const char* setting : {"synchronous_commit", "fsync", "full_page_writes"}) {
    const auto value = db.query_text("SELECT current_setting('" + std::string(setting) + "')");
    if (!value) return value.error();
    if (*value == "on") continue;
    return invalid("PostgreSQL's setting " + std::string(setting) + " reads back as " + *value +
                   ", with which commits could be lost.");
  }
  return ok();
}

std::string describe_settings(Connection& db) {
  std::string text;
  for (const char* setting : {"synchronous_commit", "fsync", "full_page_writes", "wal_level",
                              "data_checksums", "synchronous_standby_names"}) {
    const auto value = db.query_text("SELECT current_setting('" + std::string(setting) + "')");
    text += (text.empty() ? "" : " ") + std::string(setting) + "=" + (value ? *value : "?");
  }
  return text;
}

Status migrate(Connection& db, const std::string& schema) {
  if (Status begun = db.execute("BEGIN"); !begun) return begun;
  const Status locked = db.run("SELECT pg_advisory_xact_lock(hashtextextended('troupe schema " +
                               schema + "', 0))");
  std::vector<Request> last;
  const Status stepped = locked ? step_forward(db, schema, last) : locked;
  if (!stepped) {
    db.roll_back();
    return stepped;
  }
  const Status done = db.commit(last);
  if (!done) db.roll_back();
  return done;
}

Result<std::int64_t> read_meta(Connection& db, std::string_view key) {
  return db.query_integer("SELECT value FROM meta WHERE key=$1", Parameters().blob(key));
}

Request write_meta(std::string_view key, std::int64_t value) {
  return {"INSERT INTO meta VALUES($1,$2) ON CONFLICT(key) DO UPDATE SET value=excluded.value",
          Parameters().blob(key).integer(value)};
}

Status require_whole(Connection& db, const std::string& schema) {
  const auto mark = read_meta(db, "moving");
  if (!mark) return mark.error();
  if (*mark == 0) return ok();
  return invalid("The schema " + schema +
                 " holds a part of a store that is being moved there, or whose move was "
                 "interrupted: let `troupe migrate` come to its end, or run it again.");
}

Status lock_making(Connection& db, const std::string& schema) {
  return db.run("SELECT pg_advisory_xact_lock(hashtextextended('troupe making " + schema +
                "', 0))");
}

std::string journal_table(std::int64_t number) { return "journal_" + std::to_string(number); }

std::string create_journal_table(std::int64_t number) {
  // EXTERNAL: frames are not compressed on the way to a commit; history is.
  const std::string table = journal_table(number);
  return "CREATE TABLE " + table +
         "(pos int8 PRIMARY KEY, entity uuid NOT NULL, hash int4 NOT NULL, bytes bytea NOT NULL);"
         "ALTER TABLE " +
         table + " ALTER bytes SET STORAGE EXTERNAL;";
}

std::string create_bucket_tables(std::uint32_t bucket) {
  // Attached rather than created in place: that would lock out every reader of the other buckets.
  const std::string number = std::to_string(bucket);
  std::string sql;
  for (const std::string parent : {"payloads", "history"}) {
    const std::string table = parent + "_" + number;
    sql += "CREATE TABLE " + table + "(LIKE " + parent + " INCLUDING ALL);ALTER TABLE " + parent +
           " ATTACH PARTITION " + table + " FOR VALUES IN (" + number + ");";
  }
  return sql + "INSERT INTO buckets VALUES(" + number + ");";
}

}  // namespace troupe::postgres
