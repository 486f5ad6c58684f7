#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "runtime/base/time.h"

namespace troupe::vault {

/// A file with a master key: 32 bytes, or their base64 or hexadecimal text. Regular, ours or
/// root's, closed to everybody else.
struct KeyFile {
  std::string path;
};

/// An environment variable with a master key as base64 or hexadecimal text; wiped once it is read.
struct KeyVariable {
  std::string name;
};

/// A program that wraps and unwraps with a key which never comes here, such as a cloud's key
/// service. It is run as `argv… wrap` or `argv… unwrap`, without a shell, reads one line of base64
/// and writes one.
struct KeyHook {
  std::string id;                   ///< of the master key, 1 to 48 of a-z 0-9 . _ -; for good
  std::vector<std::string> argv;    ///< an absolute path first
  Duration deadline = seconds(10);  ///< of one call, to ten minutes
};

using MasterKeySource = std::variant<KeyFile, KeyVariable, KeyHook>;

struct Options {
  MasterKeySource current;             ///< wraps
  std::vector<MasterKeySource> older;  ///< unwrap, as the current one does
};

/// What a password hash costs. The least is what OWASP asks for.
struct PasswordOptions {
  std::uint32_t memory_kib = 19 * 1024;  ///< to 1 GiB
  std::uint32_t passes = 2;              ///< to 64
  std::uint32_t concurrent_max = 4;      ///< hashes at once; each takes `memory_kib`
};

}  // namespace troupe::vault
