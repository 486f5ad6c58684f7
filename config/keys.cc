#include "config/keys.h"

#include "runtime/json/write.h"

namespace troupe::config {

const std::vector<Key>& keys() {
  static const std::vector<Key> all = {
      {"node.data_dir", [](Options& o) -> Slot { return &o.node.data_dir; }, 0, 0, {}},
      {"server.listen", [](Options& o) -> Slot { return &o.server.listen; }, 0, 0, {}},
      {"server.behind_proxy", [](Options& o) -> Slot { return &o.server.behind_proxy; }, 0, 0, {}},
      {"server.threads", [](Options& o) -> Slot { return &o.server.threads; }, 0, 256, {}},
      {"server.connections_max",
       [](Options& o) -> Slot { return &o.server.connections_max; },
       1,
       1'000'000,
       {}},
      {"server.body_bytes_max",
       [](Options& o) -> Slot { return &o.server.body_bytes_max; },
       1 << 10,
       1 << 30,
       {}},
      {"engine.durability",
       [](Options& o) -> Slot { return &o.engine.durability; },
       0,
       0,
       {"run_ahead", "strict"}},
      {"engine.workers", [](Options& o) -> Slot { return &o.engine.workers; }, 0, 1024, {}},
      {"sandbox.processes", [](Options& o) -> Slot { return &o.sandbox.processes; }, 0, 256, {}},
      {"sandbox.memory_mb", [](Options& o) -> Slot { return &o.sandbox.memory_mb; }, 4, 4096, {}},
      {"log.level",
       [](Options& o) -> Slot { return &o.log.level; },
       0,
       0,
       {"debug", "info", "warn", "error"}},
      {"log.format", [](Options& o) -> Slot { return &o.log.format; }, 0, 0, {"text", "json"}},
  };
  return all;
}

const Key* find_key(std::string_view name) {
  for (const Key& key : keys()) {
    if (key.name == name) return &key;
  }
  return nullptr;
}

std::string environment_name(std::string_view key) {
  std::string name = "TROUPE_";
  for (const char c : key) {
    if (c == '.') {
      name += "__";
    } else {
      name += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    }
  }
  return name;
}

std::string show(const Slot& slot) {
  if (const auto* text = std::get_if<std::string*>(&slot)) return json::quote(**text);
  if (const auto* number = std::get_if<std::int64_t*>(&slot)) return std::to_string(**number);
  return *std::get<bool*>(slot) ? "true" : "false";
}

}  // namespace troupe::config
