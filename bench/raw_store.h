#pragma once

#include <string>

namespace troupe::bench {

/// What SQLite itself can do here: rows of 300 bytes per second into an append-only table, 500 a
/// transaction, WAL, synchronous=FULL. Runs for about a second in a file of its own in `dir`.
double raw_rows_per_s(const std::string& dir);

}  // namespace troupe::bench
