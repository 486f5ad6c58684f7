#include "bench/server_probe.h"

#include <libpq-fe.h>

#include <cstdlib>
#include <stdexcept>

#include "bench/usage.h"

namespace troupe::bench {
namespace {

constexpr int kRows = 500;
constexpr std::size_t kFrameBytes = 300;

void append(std::string& out, std::uint64_t value, int bytes) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8)
    out += static_cast<char>(value >> shift & 0xFF);
}

/// One COPY of the binary form: header, rows of four fields, trailer.
std::string copy_of(std::uint64_t first) {
  std::string out("PGCOPY\n\377\r\n\0", 11);
  append(out, 0, 8);
  for (int i = 0; i < kRows; ++i) {
    append(out, 4, 2);
    append(out, 8, 4);
    append(out, first + static_cast<std::uint64_t>(i), 8);
    append(out, 16, 4);
    out.append(16, 'e');
    append(out, 4, 4);
    append(out, 7, 4);
    append(out, kFrameBytes, 4);
    out.append(kFrameBytes, 'b');
  }
  append(out, 0xFFFF, 2);
  return out;
}

}  // namespace

ServerProbe::ServerProbe(const std::string& conninfo)
    : connection_(PQconnectdb(conninfo.c_str()), PQfinish) {
  if (PQstatus(connection_.get()) != CONNECTION_OK)
    throw std::runtime_error(PQerrorMessage(connection_.get()));
}

void ServerProbe::run(const char* sql) {
  const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQexec(connection_.get(), sql),
                                                             PQclear);
  if (PQresultStatus(result.get()) != PGRES_COMMAND_OK)
    throw std::runtime_error(PQerrorMessage(connection_.get()));
}

std::uint64_t ServerProbe::number(const char* sql) {
  const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQexec(connection_.get(), sql),
                                                             PQclear);
  if (PQresultStatus(result.get()) != PGRES_TUPLES_OK)
    throw std::runtime_error(PQerrorMessage(connection_.get()));
  return std::strtoull(PQgetvalue(result.get(), 0, 0), nullptr, 10);
}

void ServerProbe::age_wal(int segments) {
  for (int i = 0; i < segments; ++i) {
    number("SELECT pg_logical_emit_message(false,'','')-'0/0'");  // an empty one is not left
    number("SELECT pg_switch_wal()-'0/0'");
  }
  run("CHECKPOINT");
}

double ServerProbe::raw_rows_per_s() {
  PGconn* const to = connection_.get();
  run("CREATE TABLE raw_ceiling(pos int8 PRIMARY KEY, entity uuid NOT NULL, hash int4 NOT NULL, "
      "bytes bytea NOT NULL)");
  const double begun = monotonic_s();
  std::uint64_t rows = 0;
  while (monotonic_s() - begun < 1.0) {
    const std::string copy = copy_of(rows);
    // A statement by itself is a transaction, so each COPY commits.
    PQclear(PQexec(to, "COPY raw_ceiling FROM STDIN (FORMAT binary)"));
    bool is_sent = PQputCopyData(to, copy.data(), static_cast<int>(copy.size())) == 1;
    is_sent = is_sent && PQputCopyEnd(to, nullptr) == 1;
    while (PGresult* result = PQgetResult(to)) {
      is_sent = is_sent && PQresultStatus(result) == PGRES_COMMAND_OK;
      PQclear(result);
    }
    if (!is_sent) throw std::runtime_error(PQerrorMessage(to));
    rows += kRows;
  }
  const double took = monotonic_s() - begun;
  run("DROP TABLE raw_ceiling");
  return static_cast<double>(rows) / took;
}

std::uint64_t ServerProbe::wal_bytes() {
  return number("SELECT (pg_current_wal_insert_lsn() - '0/0')::int8");
}

std::uint64_t ServerProbe::wal_page_images() { return number("SELECT wal_fpi FROM pg_stat_wal"); }

}  // namespace troupe::bench
