#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "runtime/base/result.h"

namespace troupe::cli {

/// `D/moved.json`: what this directory held lives elsewhere now. Written before the new place comes
/// to life, so that the same runs never go on at both.
struct MovedFile {
  std::string to;      ///< without passwords
  std::string schema;
  std::uint64_t move = 0;  ///< the number that the new place knows
  std::string at;      ///< RFC 3339
  bool is_certain = false;  ///< false: perhaps not; `troupe migrate` finds out
};

/// Nothing if there is none. A file that cannot be read counts as one that says nothing certain.
std::optional<MovedFile> read_moved_file(const std::string& data_dir);
/// Durable when it returns ok.
Status write_moved_file(const std::string& data_dir, const MovedFile& moved);
Status remove_moved_file(const std::string& data_dir);

/// kConfigInvalid, and where to look, if the directory's store has been moved away.
Status require_not_moved(const std::string& data_dir);

}  // namespace troupe::cli
