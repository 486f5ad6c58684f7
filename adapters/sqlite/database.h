#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "adapters/sqlite/checked_pages.h"
#include "runtime/base/result.h"
#include "runtime/base/uuid.h"

namespace troupe::sqlite {

/// What a SQLite result means to callers of the store. A failed COMMIT is the writer's to judge.
Error error_of(int extended_code, std::string_view what, std::string_view detail, int system_errno);

/// One use of a prepared statement: bind, step, read, and the end of its life resets it, so that no
/// read transaction outlives the look. Bound texts and blobs are not copied: they must live until
/// the last step. A statement that could not be prepared reports that at its first step.
class Statement {
 public:
  Statement(sqlite3* db, std::shared_ptr<sqlite3_stmt> stmt, int prepare_code)
      : db_(db), stmt_(std::move(stmt)), code_(prepare_code) {}
  Statement(Statement&&) = default;
  Statement& operator=(Statement&&) = delete;
  ~Statement() {
    if (stmt_) sqlite3_reset(stmt_.get());
  }

  Statement& integer(int index, std::int64_t value) {
    sqlite3_bind_int64(stmt_.get(), index, value);
    return *this;
  }
  Statement& number(int index, std::uint64_t value) {
    return integer(index, static_cast<std::int64_t>(value));
  }
  Statement& blob(int index, std::string_view value) {
    // A null pointer would bind NULL instead of an empty blob.
    sqlite3_bind_blob64(stmt_.get(), index, value.empty() ? "" : value.data(), value.size(),
                        SQLITE_STATIC);
    return *this;
  }
  Statement& text(int index, std::string_view value) {
    sqlite3_bind_text64(stmt_.get(), index, value.empty() ? "" : value.data(), value.size(),
                        SQLITE_STATIC, SQLITE_UTF8);
    return *this;
  }
  Statement& id(int index, const Uuid& id) {
    const auto raw = id.bytes();
    sqlite3_bind_blob(stmt_.get(), index, raw.data(), static_cast<int>(raw.size()),
                      SQLITE_TRANSIENT);
    return *this;
  }
  Statement& null(int index) {
    sqlite3_bind_null(stmt_.get(), index);
    return *this;
  }

  /// True if there is a row.
  Result<bool> step();
  /// For statements without rows; resets, so that the next one can be bound.
  Status run();
  void reset() { sqlite3_reset(stmt_.get()); }

  std::int64_t integer_at(int column) const { return sqlite3_column_int64(stmt_.get(), column); }
  std::uint64_t number_at(int column) const {
    return static_cast<std::uint64_t>(integer_at(column));
  }
  /// Valid until the next step.
  std::string_view blob_at(int column) const {
    const void* data = sqlite3_column_blob(stmt_.get(), column);
    const int size = sqlite3_column_bytes(stmt_.get(), column);
    return {static_cast<const char*>(data), data ? static_cast<std::size_t>(size) : 0};
  }
  bool null_at(int column) const {
    return sqlite3_column_type(stmt_.get(), column) == SQLITE_NULL;
  }
  /// An id column; unset if its size is wrong, which no id is.
  Uuid id_at(int column) const {
    const std::string_view raw = blob_at(column);
    return raw.size() == 16 ? Uuid::from_bytes(raw.data()) : Uuid();
  }

 private:
  Error failure(int code) const;

  sqlite3* db_;
  std::shared_ptr<sqlite3_stmt> stmt_;
  int code_;
};

/// One connection and its prepared statements, over pages that are checked as they come and go.
/// Belongs to one thread at a time. Closing never checkpoints: that is the writer's business alone.
class Database {
 public:
  enum class Mode { kWrite, kRead };
  /// Damaged pages go to `log` too, which outlives the connection or is null.
  static Result<std::unique_ptr<Database>> open(const std::string& path, Mode mode,
                                                const std::string& vfs, Logger* log = nullptr);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// From the cache by its text, or prepared now.
  Statement prepare(std::string_view sql);
  /// One statement or several, without results.
  Status execute(const std::string& sql);
  /// The first column of the first row, as text; empty if there is none.
  Result<std::string> query_text(const std::string& sql);
  Result<std::int64_t> query_integer(const std::string& sql);
  /// Ends the use of statements that name `table`, which is about to be dropped.
  void forget(std::string_view table);
  sqlite3* handle() const { return db_; }

 private:
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };
  explicit Database(std::unique_ptr<CheckedPages> pages) : pages_(std::move(pages)) {}

  std::unique_ptr<CheckedPages> pages_;
  sqlite3* db_ = nullptr;
  std::unordered_map<std::string, std::shared_ptr<sqlite3_stmt>, TextHash, std::equal_to<>> cache_;
};

/// A consistent look over several statements. Ends with its life; a read has nothing to commit.
class ReadTransaction {
 public:
  explicit ReadTransaction(Database& db) : db_(db), begun_(db.prepare("BEGIN").run().ok()) {}
  ~ReadTransaction() {
    if (!begun_ || db_.prepare("COMMIT").run()) return;
    static_cast<void>(db_.prepare("ROLLBACK").run().ok());
  }
  ReadTransaction(const ReadTransaction&) = delete;
  ReadTransaction& operator=(const ReadTransaction&) = delete;

 private:
  Database& db_;
  bool begun_;
};

}  // namespace troupe::sqlite
