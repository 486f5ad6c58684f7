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
  std::string host_names;
  std::string public_url;
  std::int64_t io_threads = 1;
  std::int64_t connections_max = 10'000;
  std::int64_t body_bytes_max = 1'048'576;
  std::string tls_certificate_file;
  std::string tls_key_file;
};

/// Who may come in, and how often. `sign_up` is "closed" or "open".
struct Access {
  std::string sign_up = "closed";
  std::string verification = "off";  ///< "required": only a verified address signs in
  std::string product_code = "troupe";
  std::int64_t session_hours = 12;
  std::int64_t password_memory_kib = 19'456;
  std::int64_t sign_ins_per_minute = 10;
  std::int64_t requests_per_second = 0;
};

/// The identity provider at which users sign in beside their passwords; off without an issuer.
struct Oidc {
  std::string issuer;
  std::string client_id;
  std::string client_secret_file;
  std::string scopes = "openid email profile";
};

/// The server that letters to users go by; none are sent without a URL. `pages` is where users find
/// the pages that letters lead to; empty: `server.public_url`.
struct Mail {
  std::string url;
  std::string from;
  std::string username;
  std::string password_file;
  std::string ca_file;
  bool allow_plain = false;
  std::string pages;
};

/// What may be reached outside beside the public internet, and whose certificates count.
struct Egress {
  std::string allow;       ///< for the operator's own settings
  std::string allow_steps; ///< for steps of runs, of every workspace
  std::string ca_file;
  std::int64_t requests_per_host = 128;         ///< at once
  std::int64_t requests_per_second_per_host = 0;  ///< 0: any number
};

/// The models that the operator offers every workspace beside its own. Paths, or empty.
struct Models {
  std::string file;    ///< provider keys and names of models
  std::string script;  ///< what the provider "scripted" says
};

/// The master key under which secrets lie. One of the first three at most.
struct Vault {
  std::string master_key_file;
  std::string master_key_variable;
  std::string master_key_command;
  std::string master_key_command_id = "hook";
  std::string older_master_key_files;
};

/// The engine. `durability` is "run_ahead" or "strict".
struct Engine {
  std::string durability = "run_ahead";
  std::int64_t workers = 0;
  std::int64_t readers = 2;
  std::int64_t attempts_in_flight_max = 64;
  std::int64_t active_runs_per_workspace = 256;
  std::int64_t queued_runs_per_workspace = 1'000'000;
  std::int64_t loop_spread_items = 1'024;
  std::int64_t crashes_max = 3;
};

/// What one workflow may ask for.
struct Limits {
  std::int64_t steps_max = 10'000;
  std::int64_t graph_bytes_max = 1'048'576;
  std::int64_t script_bytes_max = 65'536;
  std::int64_t lua_timeout_s_max = 30;
  std::int64_t result_bytes_max = 8'388'608;
  std::int64_t loop_result_bytes_max = 67'108'864;
  std::int64_t run_depth_max = 16;
  std::int64_t drain_timeout_s = 60;
};

/// The processes that run Lua.
struct Sandbox {
  std::int64_t processes = 0;
  std::int64_t processes_max = 16;
  std::int64_t memory_mb = 256;
};

/// What a node says about itself, and how loudly.
struct Log {
  std::string level = "info";
  std::string format = "text";
};

/// Which store a node keeps its state in. `kind` is "sqlite" or "postgres".
struct Store {
  std::string kind = "sqlite";
};

/// The shared store. Either `url` or `url_file` is set if `store.kind` is "postgres"; the file
/// holds the URL on one line, so that its password need not be in the configuration.
struct Postgres {
  std::string url;
  std::string url_file;
  std::string schema = "troupe";
};

/// The message broker; without a URL there is none. `events` is "off" or "all". `submissions` is
/// "broker" (whom the broker lets publish may start runs) or "token" (and has to send a token too).
struct Nats {
  std::string url;
  std::string creds_file;
  std::string nkey_file;
  std::string tls_ca_file;
  std::string tls_cert_file;
  std::string tls_key_file;
  std::string events = "off";
  std::string submissions = "broker";
};

/// This node among others. An empty name is the host's, an empty URL is where the node listens.
struct Cluster {
  std::string node_name;
  std::string advertise_url;
  std::int64_t lease_ms = 6'000;
  std::int64_t drain_timeout_s = 10;
};

/// Every option of a node, validated. `keys.cc` names and bounds each; the reference file explains
/// it.
struct Options {
  Node node;
  Server server;
  Engine engine;
  Limits limits;
  Sandbox sandbox;
  Log log;
  Access access;
  Oidc oidc;
  Mail mail;
  Egress egress;
  Models models;
  Vault vault;
  Store store;
  Postgres postgres;
  Nats nats;
  Cluster cluster;
};

}  // namespace troupe::config
