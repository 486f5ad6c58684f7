#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/options.h"
#include "runtime/base/result.h"

namespace troupe::config {

/// Where values come from; later sources win: defaults, file, environment, flags.
struct Sources {
  std::string file_name;                                         ///< for messages
  std::optional<std::string> file_text;                          ///< TOML
  std::vector<std::pair<std::string, std::string>> environment;  ///< others are skipped
  std::vector<std::pair<std::string, std::string>> flags;        ///< key name → value
};

/// One key as it came out.
struct Setting {
  std::string key;
  std::string value;   ///< as TOML
  std::string origin;  ///< "default", "troupe.toml:3", "TROUPE_SERVER__LISTEN", "flag"
};

struct Loaded {
  Options options;
  std::vector<Setting> settings;  ///< every key, in the order of the reference file
};

/// kConfigInvalid: one line per finding, each with its place ("troupe.toml:3:1: …") and, for an
/// unknown key, the nearest known one. Every finding is reported, not only the first.
Result<Loaded> load(const Sources& sources);

}  // namespace troupe::config
