#include "config/keys.h"

#include <iterator>
#include <utility>

#include "config/mask.h"
#include "runtime/json/write.h"

namespace troupe::config {
namespace {

Key text(std::string_view name, std::string* (*place)(Options&), bool may_be_empty = false) {
  return {name, place, 0, 0, {}, may_be_empty};
}
Key url(std::string_view name,
        std::string* (*place)(Options&),
        std::string (*masked)(std::string_view)) {
  return {name, place, 0, 0, {}, true, masked};
}
Key choice(std::string_view name,
           std::string* (*place)(Options&),
           std::vector<std::string> choices) {
  return {name, place, 0, 0, std::move(choices), false};
}
Key number(std::string_view name,
           std::int64_t* (*place)(Options&),
           std::int64_t least,
           std::int64_t most) {
  return {name, place, least, most, {}, false};
}
Key toggle(std::string_view name, bool* (*place)(Options&)) {
  return {name, place, 0, 0, {}, false};
}

/// Where it keeps its state, and how it is reached.
std::vector<Key> server_keys() {
  return {
      text("node.data_dir", [](Options& o) { return &o.node.data_dir; }),
      text("server.listen", [](Options& o) { return &o.server.listen; }),
      toggle("server.behind_proxy", [](Options& o) { return &o.server.behind_proxy; }),
      text(
          "server.host_names", [](Options& o) { return &o.server.host_names; }, true),
      text(
          "server.public_url", [](Options& o) { return &o.server.public_url; }, true),
      number(
          "server.io_threads", [](Options& o) { return &o.server.io_threads; }, 1, 64),
      number(
          "server.connections_max", [](Options& o) { return &o.server.connections_max; }, 1,
          1'000'000),
      number(
          "server.body_bytes_max", [](Options& o) { return &o.server.body_bytes_max; }, 1024,
          1'073'741'824),
      text(
          "server.tls_certificate_file", [](Options& o) { return &o.server.tls_certificate_file; },
          true),
      text(
          "server.tls_key_file", [](Options& o) { return &o.server.tls_key_file; }, true),
  };
}

/// What one node needs.
std::vector<Key> node_keys() {
  return {
      choice("engine.durability", [](Options& o) { return &o.engine.durability; },
             {"run_ahead", "strict"}),
      number(
          "engine.workers", [](Options& o) { return &o.engine.workers; }, 0, 1024),
      number(
          "engine.readers", [](Options& o) { return &o.engine.readers; }, 1, 64),
      number(
          "engine.attempts_in_flight_max",
          [](Options& o) { return &o.engine.attempts_in_flight_max; }, 1, 100'000),
      number(
          "engine.active_runs_per_workspace",
          [](Options& o) { return &o.engine.active_runs_per_workspace; }, 1, 1'000'000),
      number(
          "engine.queued_runs_per_workspace",
          [](Options& o) { return &o.engine.queued_runs_per_workspace; }, 1, 100'000'000),
      number(
          "engine.loop_spread_items", [](Options& o) { return &o.engine.loop_spread_items; }, 2,
          1'000'000'000),
      number(
          "engine.crashes_max", [](Options& o) { return &o.engine.crashes_max; }, 1, 100),
      number(
          "limits.steps_max", [](Options& o) { return &o.limits.steps_max; }, 1, 100'000),
      number(
          "limits.graph_bytes_max", [](Options& o) { return &o.limits.graph_bytes_max; }, 1024,
          16'777'216),
      number(
          "limits.script_bytes_max", [](Options& o) { return &o.limits.script_bytes_max; }, 1024,
          1'048'576),
      number(
          "limits.lua_timeout_s_max", [](Options& o) { return &o.limits.lua_timeout_s_max; }, 1,
          3600),
      number(
          "limits.result_bytes_max", [](Options& o) { return &o.limits.result_bytes_max; }, 1024,
          67'108'864),
      number(
          "limits.loop_result_bytes_max",
          [](Options& o) { return &o.limits.loop_result_bytes_max; }, 1024, 1'073'741'824),
      number(
          "limits.run_depth_max", [](Options& o) { return &o.limits.run_depth_max; }, 1, 64),
      number(
          "limits.drain_timeout_s", [](Options& o) { return &o.limits.drain_timeout_s; }, 1, 3600),
      number(
          "sandbox.processes", [](Options& o) { return &o.sandbox.processes; }, 0, 256),
      number(
          "sandbox.processes_max", [](Options& o) { return &o.sandbox.processes_max; }, 1, 1024),
      number(
          "sandbox.memory_mb", [](Options& o) { return &o.sandbox.memory_mb; }, 32, 16'384),
      choice("log.level", [](Options& o) { return &o.log.level; },
             {"debug", "info", "warning", "error"}),
      choice("log.format", [](Options& o) { return &o.log.format; }, {"text", "json"}),
  };
}

/// Who comes in, and what is kept secret.
std::vector<Key> access_keys() {
  return {
      choice("access.sign_up", [](Options& o) { return &o.access.sign_up; }, {"closed", "open"}),
      choice("access.verification", [](Options& o) { return &o.access.verification; },
             {"off", "required"}),
      text("access.product_code", [](Options& o) { return &o.access.product_code; }),
      number(
          "access.session_hours", [](Options& o) { return &o.access.session_hours; }, 1, 720),
      number(
          "access.password_memory_kib", [](Options& o) { return &o.access.password_memory_kib; },
          19'456, 1'048'576),
      number(
          "access.sign_ins_per_minute", [](Options& o) { return &o.access.sign_ins_per_minute; }, 1,
          10'000),
      number(
          "access.requests_per_second", [](Options& o) { return &o.access.requests_per_second; }, 0,
          1'000'000),
      text(
          "oidc.issuer", [](Options& o) { return &o.oidc.issuer; }, true),
      text(
          "oidc.client_id", [](Options& o) { return &o.oidc.client_id; }, true),
      text(
          "oidc.client_secret_file", [](Options& o) { return &o.oidc.client_secret_file; }, true),
      text("oidc.scopes", [](Options& o) { return &o.oidc.scopes; }),
      text(
          "mail.url", [](Options& o) { return &o.mail.url; }, true),
      text(
          "mail.from", [](Options& o) { return &o.mail.from; }, true),
      text(
          "mail.username", [](Options& o) { return &o.mail.username; }, true),
      text(
          "mail.password_file", [](Options& o) { return &o.mail.password_file; }, true),
      text(
          "mail.ca_file", [](Options& o) { return &o.mail.ca_file; }, true),
      toggle("mail.allow_plain", [](Options& o) { return &o.mail.allow_plain; }),
      text(
          "mail.pages", [](Options& o) { return &o.mail.pages; }, true),
      text(
          "egress.allow", [](Options& o) { return &o.egress.allow; }, true),
      text(
          "egress.allow_steps", [](Options& o) { return &o.egress.allow_steps; }, true),
      text(
          "egress.ca_file", [](Options& o) { return &o.egress.ca_file; }, true),
      number(
          "egress.requests_per_host", [](Options& o) { return &o.egress.requests_per_host; }, 1,
          100'000),
      number(
          "egress.requests_per_second_per_host",
          [](Options& o) { return &o.egress.requests_per_second_per_host; }, 0, 1'000'000),
      text(
          "models.file", [](Options& o) { return &o.models.file; }, true),
      text(
          "models.script", [](Options& o) { return &o.models.script; }, true),
      text(
          "vault.master_key_file", [](Options& o) { return &o.vault.master_key_file; }, true),
      text(
          "vault.master_key_variable", [](Options& o) { return &o.vault.master_key_variable; },
          true),
      text(
          "vault.master_key_command", [](Options& o) { return &o.vault.master_key_command; }, true),
      text("vault.master_key_command_id",
           [](Options& o) { return &o.vault.master_key_command_id; }),
      text(
          "vault.older_master_key_files",
          [](Options& o) { return &o.vault.older_master_key_files; }, true),
  };
}

/// What it needs beside others.
std::vector<Key> cluster_keys() {
  return {
      choice("store.kind", [](Options& o) { return &o.store.kind; }, {"sqlite", "postgres"}),
      url(
          "postgres.url", [](Options& o) { return &o.postgres.url; }, mask_conninfo),
      text(
          "postgres.url_file", [](Options& o) { return &o.postgres.url_file; }, true),
      text("postgres.schema", [](Options& o) { return &o.postgres.schema; }),
      url(
          "nats.url", [](Options& o) { return &o.nats.url; }, mask_nats_urls),
      text(
          "nats.creds_file", [](Options& o) { return &o.nats.creds_file; }, true),
      text(
          "nats.nkey_file", [](Options& o) { return &o.nats.nkey_file; }, true),
      text(
          "nats.tls_ca_file", [](Options& o) { return &o.nats.tls_ca_file; }, true),
      text(
          "nats.tls_cert_file", [](Options& o) { return &o.nats.tls_cert_file; }, true),
      text(
          "nats.tls_key_file", [](Options& o) { return &o.nats.tls_key_file; }, true),
      choice("nats.events", [](Options& o) { return &o.nats.events; }, {"off", "all"}),
      choice("nats.submissions", [](Options& o) { return &o.nats.submissions; },
             {"broker", "token"}),
      text(
          "cluster.node_name", [](Options& o) { return &o.cluster.node_name; }, true),
      text(
          "cluster.advertise_url", [](Options& o) { return &o.cluster.advertise_url; }, true),
      number(
          "cluster.lease_ms", [](Options& o) { return &o.cluster.lease_ms; }, 1000, 60'000),
      number(
          "cluster.drain_timeout_s", [](Options& o) { return &o.cluster.drain_timeout_s; }, 1, 600),
  };
}

std::vector<Key> joined(std::vector<Key> first, std::vector<Key> second) {
  first.insert(first.end(), std::make_move_iterator(second.begin()),
               std::make_move_iterator(second.end()));
  return first;
}

}  // namespace

const std::vector<Key>& keys() {
  static const std::vector<Key> all =
      joined(joined(server_keys(), node_keys()), joined(access_keys(), cluster_keys()));
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

std::string show(const Key& key, Options& options) {
  const Slot slot = key.slot(options);
  if (const auto* text = std::get_if<std::string*>(&slot)) {
    return json::quote(key.masked == nullptr ? **text : key.masked(**text));
  }
  if (const auto* number = std::get_if<std::int64_t*>(&slot)) return std::to_string(**number);
  return *std::get<bool*>(slot) ? "true" : "false";
}

}  // namespace troupe::config
