#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "adapters/vault/options.h"
#include "runtime/base/result.h"
#include "runtime/base/secret_text.h"
#include "runtime/port/log.h"

namespace troupe::vault {

/// Asks the program that holds a master key elsewhere. Each call is a process of its own and waits
/// for it. What the program says on standard error goes to the log, redacted. Any thread; the log
/// outlives it.
class Hook {
 public:
  Hook(KeyHook options, Logger& log) : options_(std::move(options)), log_(log) {}

  /// The program's answer to `wrap` or `unwrap`, 1 to `answer_bytes_max` bytes, in locked memory.
  /// kUnavailable for whatever else it does.
  Result<SecretText> call(std::string_view verb,
                          std::string_view bytes,
                          std::size_t answer_bytes_max) const;

 private:
  void report(std::string_view verb, const std::string& said, bool went_well) const;

  const KeyHook options_;
  Logger& log_;
};

}  // namespace troupe::vault
