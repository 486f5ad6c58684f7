#include "bench/raw_store.h"

#include <sqlite3.h>

#include <cstdio>

#include "bench/usage.h"

namespace troupe::bench {

double raw_rows_per_s(const std::string& dir) {
  const std::string path = dir + "/raw.db";
  sqlite3* db = nullptr;
  if (sqlite3_open(path.c_str(), &db) != SQLITE_OK) return 0;
  const auto run = [db](const char* sql) { sqlite3_exec(db, sql, nullptr, nullptr, nullptr); };
  run("PRAGMA page_size=8192; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
      "PRAGMA secure_delete=OFF; PRAGMA wal_autocheckpoint=2000;"
      "CREATE TABLE t(pos INTEGER PRIMARY KEY, entity BLOB, slot INTEGER, bytes BLOB)");
  sqlite3_stmt* insert = nullptr;
  sqlite3_prepare_v2(db, "INSERT INTO t VALUES(?,?,?,?)", -1, &insert, nullptr);
  const std::string entity(16, 'e');
  const std::string bytes(300, 'b');
  const double begun = monotonic_s();
  std::int64_t rows = 0;
  while (monotonic_s() - begun < 1.0) {
    run("BEGIN");
    for (int i = 0; i < 500; ++i) {
      sqlite3_bind_int64(insert, 1, ++rows);
      sqlite3_bind_blob(insert, 2, entity.data(), static_cast<int>(entity.size()), SQLITE_STATIC);
      sqlite3_bind_int(insert, 3, 7);
      sqlite3_bind_blob(insert, 4, bytes.data(), static_cast<int>(bytes.size()), SQLITE_STATIC);
      sqlite3_step(insert);
      sqlite3_reset(insert);
    }
    run("COMMIT");
  }
  const double took = monotonic_s() - begun;
  sqlite3_finalize(insert);
  sqlite3_close(db);
  for (const char* suffix : {"", "-wal", "-shm"}) std::remove((path + suffix).c_str());
  return static_cast<double>(rows) / took;
}

}  // namespace troupe::bench
