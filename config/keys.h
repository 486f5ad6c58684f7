#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/options.h"

namespace troupe::config {

/// The place of a key's value inside Options.
using Slot = std::variant<std::string*, std::int64_t*, bool*>;
/// Finds it in an instance.
using Place =
    std::variant<std::string* (*)(Options&), std::int64_t* (*)(Options&), bool* (*)(Options&)>;

/// One key of the configuration: its name in every source, its bounds, its place.
struct Key {
  std::string_view name;  ///< "section.key"
  Place place;
  std::int64_t least = 0;  ///< bounds of a number
  std::int64_t most = 0;
  std::vector<std::string> choices;  ///< of a text; empty: any
  bool may_be_empty = false;         ///< a text
  /// How a text that may hold a password is shown; null: as it is.
  std::string (*masked)(std::string_view) = nullptr;

  Slot slot(Options& options) const {
    return std::visit([&](auto find) -> Slot { return find(options); }, place);
  }
};

/// All keys, in the order of the reference file.
const std::vector<Key>& keys();
const Key* find_key(std::string_view name);

/// "TROUPE_SERVER__LISTEN" for "server.listen".
std::string environment_name(std::string_view key);
/// The value as TOML writes it, without the secrets in it.
std::string show(const Key& key, Options& options);

}  // namespace troupe::config
