#include "adapters/sqlite/database.h"

#include <cerrno>

#include "adapters/sqlite/page_seal.h"

namespace troupe::sqlite {
namespace {

// Statements over journal tables come and go; beyond this the cache starts again.
constexpr std::size_t kCacheStatementsMax = 256;

Error failure_of(sqlite3* db, int extended_code, std::string_view what) {
  const std::string damage = extended_code == SQLITE_IOERR_DATA ? damage_seen(db) : "";
  if (!damage.empty()) {
    return {Code::kCorrupt, "Stored bytes are damaged: " + damage + " does not have its checksum.",
            {}};
  }
  return error_of(extended_code, what, sqlite3_errmsg(db), sqlite3_system_errno(db));
}

}  // namespace

Error error_of(int extended_code, std::string_view what, std::string_view detail,
               int system_errno) {
  Code code = Code::kInternal;
  switch (extended_code & 0xFF) {
    case SQLITE_FULL: code = Code::kStorageFull; break;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: code = Code::kCorrupt; break;
    case SQLITE_CONSTRAINT: code = Code::kConflict; break;
    case SQLITE_IOERR:
      if (extended_code == SQLITE_IOERR_DATA) {
        code = Code::kCorrupt;
        break;
      }
      // The shared-memory file reports a full disk as an I/O error.
      code = system_errno == ENOSPC && extended_code != SQLITE_IOERR_FSYNC ? Code::kStorageFull
                                                                           : Code::kUnavailable;
      break;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_NOMEM:
    case SQLITE_PROTOCOL:
    case SQLITE_INTERRUPT: code = Code::kUnavailable; break;
    default: break;
  }
  std::string message = "The store failed at " + std::string(what) + ": " + std::string(detail) +
                        " (SQLite code " + std::to_string(extended_code) + ").";
  return Error{code, std::move(message), {}, "The store cannot do this."};
}

Error Statement::failure(int code) const {
  const char* sql = stmt_ ? sqlite3_sql(stmt_.get()) : "preparing a statement";
  return failure_of(db_, code, std::string_view(sql).substr(0, 60));
}

Result<bool> Statement::step() {
  if (!stmt_) return failure(code_);
  const int code = sqlite3_step(stmt_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return failure(sqlite3_extended_errcode(db_));
}

Status Statement::run() {
  if (!stmt_) return failure(code_);
  const int code = sqlite3_step(stmt_.get());
  if (code != SQLITE_DONE && code != SQLITE_ROW) {
    const Error error = failure(sqlite3_extended_errcode(db_));
    sqlite3_reset(stmt_.get());
    return error;
  }
  sqlite3_reset(stmt_.get());
  return ok();
}

Result<std::unique_ptr<Database>> Database::open(const std::string& path, Mode mode,
                                                 const std::string& vfs, Logger* log) {
  std::unique_ptr<Database> database(new Database(std::make_unique<CheckedPages>(vfs, log)));
  const int flags = SQLITE_OPEN_NOMUTEX | (mode == Mode::kWrite
                                               ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
                                               : SQLITE_OPEN_READONLY);
  const int code =
      sqlite3_open_v2(path.c_str(), &database->db_, flags, database->pages_->name().c_str());
  sqlite3* const db = database->db_;
  if (code != SQLITE_OK) {
    return error_of(code, "opening " + path, db ? sqlite3_errmsg(db) : sqlite3_errstr(code),
                    db ? sqlite3_system_errno(db) : 0);
  }
  sqlite3_extended_result_codes(db, 1);
  sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  int reserved = kSealBytes;  // of a new file
  sqlite3_file_control(db, "main", SQLITE_FCNTL_RESERVE_BYTES, &reserved);
  return database;
}

Database::~Database() {
  cache_.clear();
  sqlite3_close_v2(db_);
}

Statement Database::prepare(std::string_view sql) {
  if (const auto it = cache_.find(sql); it != cache_.end()) return {db_, it->second, SQLITE_OK};
  if (cache_.size() >= kCacheStatementsMax) cache_.clear();
  sqlite3_stmt* raw = nullptr;
  const int code = sqlite3_prepare_v3(db_, sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
  if (code != SQLITE_OK) return {db_, nullptr, code};
  std::shared_ptr<sqlite3_stmt> stmt(raw, [](sqlite3_stmt* s) { sqlite3_finalize(s); });
  cache_.emplace(std::string(sql), stmt);
  return {db_, std::move(stmt), SQLITE_OK};
}

Status Database::execute(const std::string& sql) {
  if (sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK) return ok();
  return failure_of(db_, sqlite3_extended_errcode(db_), sql.substr(0, 60));
}

Result<std::string> Database::query_text(const std::string& sql) {
  Statement statement = prepare(sql);
  const Result<bool> row = statement.step();
  if (!row) return row.error();
  return *row ? std::string(statement.blob_at(0)) : std::string();
}

Result<std::int64_t> Database::query_integer(const std::string& sql) {
  Statement statement = prepare(sql);
  const Result<bool> row = statement.step();
  if (!row) return row.error();
  return *row ? statement.integer_at(0) : 0;
}

void Database::forget(std::string_view table) {
  std::erase_if(cache_, [table](const auto& entry) {
    return entry.first.find(table) != std::string::npos;
  });
}

}  // namespace troupe::sqlite
