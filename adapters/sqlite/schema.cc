#include "adapters/sqlite/schema.h"

#include <array>

namespace troupe::sqlite {
namespace {

// Bodies hold whole rows with their checksum (row_codec.h); the other columns only serve to find
// them.
// `scope` is a small number for (workspace, project): it keeps the list indexes short. Lists are
// indexed by status too, because then the same index serves with and without that filter: a list
// without it merges the statuses.
constexpr const char* kVersion1 = R"sql(
CREATE TABLE meta(key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE scopes(n INTEGER PRIMARY KEY, workspace BLOB NOT NULL, project BLOB NOT NULL,
  UNIQUE(workspace, project));
CREATE TABLE journal_tables(n INTEGER PRIMARY KEY, start INTEGER NOT NULL,
  retiring INTEGER NOT NULL);
CREATE TABLE buckets(bucket INTEGER PRIMARY KEY);

CREATE TABLE runs(id BLOB PRIMARY KEY, scope INTEGER NOT NULL, workflow BLOB,
  created INTEGER NOT NULL, status INTEGER NOT NULL, external_id TEXT NOT NULL,
  body BLOB NOT NULL) WITHOUT ROWID;
CREATE INDEX runs_by_scope ON runs(scope, status, created, id);
CREATE INDEX runs_by_workflow ON runs(workflow, scope, status, created, id)
  WHERE workflow IS NOT NULL;
CREATE INDEX runs_by_external ON runs(scope, external_id, created, id) WHERE external_id <> '';

CREATE TABLE snapshots(entity BLOB PRIMARY KEY, wake_at INTEGER, runnable INTEGER NOT NULL,
  body BLOB NOT NULL) WITHOUT ROWID;
CREATE INDEX snapshots_by_wake ON snapshots(wake_at, entity) WHERE wake_at IS NOT NULL;
CREATE INDEX snapshots_runnable ON snapshots(entity) WHERE runnable = 1;

CREATE TABLE tasks(id BLOB PRIMARY KEY, scope INTEGER NOT NULL, run BLOB NOT NULL,
  created INTEGER NOT NULL, pending INTEGER NOT NULL, body BLOB NOT NULL) WITHOUT ROWID;
CREATE INDEX tasks_by_scope ON tasks(scope, created, id) WHERE pending = 1;
CREATE INDEX tasks_by_run ON tasks(run, scope, created, id) WHERE pending = 1;
CREATE TABLE waiters(run BLOB, step TEXT, scope INTEGER NOT NULL, event TEXT NOT NULL,
  key TEXT NOT NULL, body BLOB NOT NULL, PRIMARY KEY(run, step)) WITHOUT ROWID;
CREATE INDEX waiters_by_event ON waiters(scope, event, key);

CREATE TABLE workspaces(id BLOB PRIMARY KEY, slug TEXT NOT NULL UNIQUE, body BLOB NOT NULL)
  WITHOUT ROWID;
CREATE TABLE projects(id BLOB PRIMARY KEY, workspace BLOB NOT NULL, slug TEXT NOT NULL,
  body BLOB NOT NULL, UNIQUE(workspace, slug)) WITHOUT ROWID;
CREATE TABLE workflows(n INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, scope INTEGER NOT NULL,
  archived INTEGER NOT NULL, created INTEGER NOT NULL, body BLOB NOT NULL);
CREATE INDEX workflows_by_scope ON workflows(scope, archived, created, id);
CREATE TABLE versions(n INTEGER PRIMARY KEY, workflow BLOB NOT NULL, version INTEGER NOT NULL,
  body BLOB NOT NULL, UNIQUE(workflow, version));

INSERT INTO journal_tables VALUES(1, 0, 0);
)sql";

// An id that a document has not is all zeroes; a key that it has not is NULL, and unique to nobody.
constexpr const char* kVersion2 = R"sql(
CREATE TABLE documents(kind INTEGER, id BLOB, workspace BLOB NOT NULL, project BLOB NOT NULL,
  key BLOB, owner BLOB NOT NULL, created INTEGER NOT NULL, expires INTEGER, body BLOB NOT NULL,
  PRIMARY KEY(kind, id)) WITHOUT ROWID;
CREATE UNIQUE INDEX documents_by_key ON documents(kind, workspace, project, key)
  WHERE key IS NOT NULL;
CREATE INDEX documents_by_workspace ON documents(kind, workspace, created, id);
CREATE INDEX documents_by_project ON documents(kind, workspace, project, created, id);
CREATE INDEX documents_by_owner ON documents(kind, owner, created, id);
CREATE INDEX documents_by_expiry ON documents(expires) WHERE expires IS NOT NULL;
CREATE TABLE audit(workspace BLOB, n INTEGER, project BLOB NOT NULL, body BLOB NOT NULL,
  PRIMARY KEY(workspace, n)) WITHOUT ROWID;
)sql";

// A run that is kept for ever names no bucket. Tasks are found by their run to be removed with it,
// the decided ones too.
constexpr const char* kVersion3 = R"sql(
ALTER TABLE runs ADD COLUMN bucket INTEGER;
CREATE INDEX runs_by_bucket ON runs(bucket, status, id) WHERE bucket IS NOT NULL;
DROP INDEX tasks_by_run;
CREATE INDEX tasks_by_run ON tasks(run, pending, scope, created, id);
CREATE TABLE tallies(scope INTEGER, hour INTEGER, kind INTEGER, workflow BLOB,
  runs INTEGER NOT NULL, steps INTEGER NOT NULL, ms INTEGER NOT NULL,
  PRIMARY KEY(scope, hour, kind, workflow)) WITHOUT ROWID;
)sql";

/// Steps forward; the file's version is the number of steps it has seen.
std::array<std::string, 3> migrations() {
  return {kVersion1 + create_journal_table(1), kVersion2, kVersion3};
}

Status refuse(std::string_view setting, std::string_view value) {
  return Error{Code::kConfigInvalid,
               "SQLite does not keep the setting " + std::string(setting) + ": it reads back as " +
                   std::string(value) + ", with which commits could be lost.",
               {}};
}

/// Each of `pragmas` in turn.
Status apply(Database& db, std::initializer_list<std::string> pragmas) {
  for (const std::string& pragma : pragmas) {
    if (Status done = db.execute("PRAGMA " + pragma); !done) return done;
  }
  return ok();
}

std::string kibibytes(std::size_t bytes) { return std::to_string(bytes / 1024); }

}  // namespace

Status configure_writer(Database& db, const Options& options) {
  const Status applied = apply(
      db, {"page_size=" + std::to_string(options.page_bytes), "journal_mode=WAL",
           "synchronous=FULL", "locking_mode=NORMAL",
           // Debian's default overwrites freed pages with zeroes.
           "secure_delete=OFF", "wal_autocheckpoint=0", "temp_store=MEMORY",
           // A commit then meets a full disk before its commit frame, with nothing written.
           "cache_spill=OFF", "cell_size_check=ON", "trusted_schema=OFF",
           "cache_size=-" + kibibytes(options.writer_cache_bytes),
           "journal_size_limit=" + std::to_string(options.wal_bytes_max)});
  if (!applied) return applied;
  // The WAL file stays and is overwritten: that is twice as fast as appending.
  int persist = 1;
  sqlite3_file_control(db.handle(), "main", SQLITE_FCNTL_PERSIST_WAL, &persist);
  sqlite3_busy_timeout(db.handle(), options.reader_wait_ms);
  return require_durable(db);
}

Status configure_reader(Database& db, const Options& options) {
  sqlite3_busy_timeout(db.handle(), 5000);
  return apply(db, {"query_only=ON", "temp_store=MEMORY", "cell_size_check=ON",
                    "trusted_schema=OFF", "wal_autocheckpoint=0",
                    "cache_size=-" + kibibytes(options.reader_cache_bytes)});
}

Status require_durable(Database& db) {
  struct Expected {
    const char* pragma;
    const char* value;
  };
  constexpr Expected kExpected[] = {{"journal_mode", "wal"},
                                    {"synchronous", "2"},
                                    {"wal_autocheckpoint", "0"},
                                    {"locking_mode", "normal"},
                                    {"secure_delete", "0"}};
  for (const Expected& expected : kExpected) {
    const auto value = db.query_text(std::string("PRAGMA ") + expected.pragma);
    if (!value) return value.error();
    if (*value != expected.value) return refuse(expected.pragma, *value);
  }
  return ok();
}

std::string describe_settings(Database& db) {
  std::string text;
  for (const char* pragma : {"journal_mode", "synchronous", "wal_autocheckpoint", "locking_mode",
                             "secure_delete", "page_size", "cache_size", "journal_size_limit"}) {
    const auto value = db.query_text(std::string("PRAGMA ") + pragma);
    text += (text.empty() ? "" : " ") + std::string(pragma) + "=" + (value ? *value : "?");
  }
  return text;
}

Status migrate(Database& db) {
  const auto application = db.query_integer("PRAGMA application_id");
  if (!application) return application.error();
  const auto tables = db.query_integer("SELECT count(*) FROM sqlite_schema");
  if (!tables) return tables.error();
  if (*tables > 0 && *application != kApplicationId) {
    return Error{Code::kConfigInvalid, "The database file belongs to another application.", {}};
  }
  std::int64_t version = 0;
  if (*tables > 0) {
    const auto read = read_meta(db, "schema_version");
    if (!read) return read.error();
    version = *read;
  }
  const auto steps = migrations();
  if (version > static_cast<std::int64_t>(steps.size())) {
    return Error{Code::kConfigInvalid,
                 "The database file was written by a newer Troupe (schema version " +
                     std::to_string(version) + ").",
                 {}};
  }
  for (auto step = static_cast<std::size_t>(version); step < steps.size(); ++step) {
    const std::string sql =
        "BEGIN IMMEDIATE;" + steps[step] +
        "PRAGMA application_id=" + std::to_string(kApplicationId) +
        ";INSERT INTO meta VALUES('schema_version'," + std::to_string(step + 1) +
        ") ON CONFLICT(key) DO UPDATE SET value=excluded.value;COMMIT";
    if (Status done = db.execute(sql); !done) {
      static_cast<void>(db.execute("ROLLBACK").ok());
      return done;
    }
  }
  return ok();
}

Result<std::int64_t> read_meta(Database& db, std::string_view key) {
  Statement select = db.prepare("SELECT value FROM meta WHERE key=?1");
  const Result<bool> row = select.text(1, key).step();
  if (!row) return row.error();
  return *row ? select.integer_at(0) : 0;
}

Status write_meta(Database& db, std::string_view key, std::int64_t value) {
  return db
      .prepare("INSERT INTO meta VALUES(?1,?2) ON CONFLICT(key) DO UPDATE SET value=excluded.value")
      .text(1, key)
      .integer(2, value)
      .run();
}

std::string journal_table(std::int64_t number) { return "journal_" + std::to_string(number); }
std::string history_table(std::uint32_t bucket) { return "history_" + std::to_string(bucket); }
std::string payload_table(std::uint32_t bucket) { return "payloads_" + std::to_string(bucket); }

std::string create_journal_table(std::int64_t number) {
  return "CREATE TABLE " + journal_table(number) +
         "(pos INTEGER PRIMARY KEY, entity BLOB NOT NULL, slot INTEGER NOT NULL, "
         "bytes BLOB NOT NULL);";
}

std::string create_bucket_tables(std::uint32_t bucket) {
  // Bodies are appended and found through a small unique index: clustered by their random hash they
  // would dirty a page each.
  return "CREATE TABLE " + payload_table(bucket) +
         "(n INTEGER PRIMARY KEY, hash BLOB NOT NULL, project BLOB NOT NULL, bytes BLOB NOT NULL, "
         "UNIQUE(hash, project));"
         "CREATE TABLE " +
         history_table(bucket) +
         "(entity BLOB, first_pos INTEGER, last_pos INTEGER NOT NULL, bytes BLOB NOT NULL, "
         "PRIMARY KEY(entity, first_pos)) WITHOUT ROWID;"
         "INSERT INTO buckets VALUES(" +
         std::to_string(bucket) + ");";
}

}  // namespace troupe::sqlite
