#pragma once

#include <cstdint>
#include <string>

namespace troupe::config {

/// Where a node keeps its state.
struct Node {
  std::string data_dir = "./.troupe";
};

/// The HTTP server of `troupe serve`.
struct Server {
  std::string listen = "127.0.0.1:7420";
  bool behind_proxy = false;
  std::int64_t threads = 0;
  std::int64_t connections_max = 20'000;
  std::int64_t body_bytes_max = 8 << 20;
};

/// The engine. `durability` is "run_ahead" or "strict".
struct Engine {
  std::string durability = "run_ahead";
  std::int64_t workers = 0;
};

/// The processes that run Lua.
struct Sandbox {
  std::int64_t processes = 0;
  std::int64_t memory_mb = 64;
};

/// What a node says about itself, and how loudly.
struct Log {
  std::string level = "info";
  std::string format = "text";
};

/// Every option of a node, validated. `config/keys.cc` names, bounds and describes each.
struct Options {
  Node node;
  Server server;
  Engine engine;
  Sandbox sandbox;
  Log log;
};

}  // namespace troupe::config
