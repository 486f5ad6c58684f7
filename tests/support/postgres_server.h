#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/conformance/temporary_directory.h"
#include "tests/support/process.h"

namespace troupe::testing {

/// A PostgreSQL server of the test program's own: a fresh cluster in a temporary directory, reached
/// over a socket there and by no port. Owned by the test's main thread; ends with it, whatever
/// happens. Throws when PostgreSQL is not installed or does not start.
class PostgresServer {
 public:
  /// `settings` as "name=value".
  explicit PostgresServer(const std::vector<std::string>& settings = {});
  ~PostgresServer();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  /// Where a client finds it, as libpq's connection string.
  std::string conninfo() const;
  /// The directory of the socket, whose name is libpq's own.
  std::string socket() const { return directory_.file(".s.PGSQL.5432"); }

 private:
  TemporaryDirectory directory_;
  std::unique_ptr<Process> process_;
};

/// The one that all tests of this program share, started by the first.
PostgresServer& postgres_server();
/// A schema's name that no other test of this program uses.
std::string fresh_schema();

}  // namespace troupe::testing
