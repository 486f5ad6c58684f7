#include "config/consistency.h"

namespace troupe::config {
namespace {

using Found = std::vector<Contradiction>;

bool is_lower(char c) { return (c >= 'a' && c <= 'z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// It stands unquoted in SQL, so it must be a plain word.
bool is_schema_name(std::string_view name) {
  if (name.empty() || name.size() > 40 || !is_lower(name.front())) return false;
  for (const char c : name) {
    if (!is_lower(c) && !is_digit(c)) return false;
  }
  return true;
}

/// It becomes a label of metrics and a word in logs.
bool is_node_name(std::string_view name) {
  if (name.size() > 63) return false;
  for (const char c : name) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (!letter && !is_digit(c) && c != '.' && c != '_' && c != '-') return false;
  }
  return true;
}

void check_store(const Options& options, Found* found) {
  const Postgres& postgres = options.postgres;
  const bool any = !postgres.url.empty() || !postgres.url_file.empty();
  if (options.store.kind == "postgres" && !any) {
    found->push_back({"store.kind",
                      "store.kind is postgres, but neither postgres.url nor postgres.url_file says "
                      "where it is"});
  }
  // A node that quietly kept its state in a file of its own would look like one that works.
  if (options.store.kind != "postgres" && any) {
    const bool url = !postgres.url.empty();
    found->push_back({url ? "postgres.url" : "postgres.url_file",
                      std::string(url ? "postgres.url" : "postgres.url_file") +
                          " is set, but store.kind is " + options.store.kind});
  }
  if (!postgres.url.empty() && !postgres.url_file.empty()) {
    found->push_back({"postgres.url_file", "postgres.url and postgres.url_file are both set"});
  }
  if (!is_schema_name(postgres.schema)) {
    found->push_back({"postgres.schema", "postgres.schema must be [a-z_][a-z0-9_]{0,39}"});
  }
}

void check_nats(const Nats& nats, Found* found) {
  if (nats.url.empty()) {
    const struct {
      std::string_view key;
      bool set;
    } needs_url[] = {{"nats.creds_file", !nats.creds_file.empty()},
                     {"nats.nkey_file", !nats.nkey_file.empty()},
                     {"nats.tls_ca_file", !nats.tls_ca_file.empty()},
                     {"nats.tls_cert_file", !nats.tls_cert_file.empty()},
                     {"nats.tls_key_file", !nats.tls_key_file.empty()},
                     {"nats.events", nats.events != "off"},
                     {"nats.submissions", nats.submissions != "broker"}};
    for (const auto& one : needs_url) {
      if (one.set) found->push_back({one.key, std::string(one.key) + " needs nats.url"});
    }
  }
  if (!nats.creds_file.empty() && !nats.nkey_file.empty()) {
    found->push_back({"nats.nkey_file", "nats.creds_file and nats.nkey_file are both set"});
  }
  if (nats.tls_cert_file.empty() != nats.tls_key_file.empty()) {
    const bool certificate = !nats.tls_cert_file.empty();
    found->push_back({certificate ? "nats.tls_cert_file" : "nats.tls_key_file",
                      "nats.tls_cert_file and nats.tls_key_file need each other"});
  }
}

void check_server(const Server& server, Found* found) {
  if (server.tls_certificate_file.empty() == server.tls_key_file.empty()) return;
  const bool certificate = !server.tls_certificate_file.empty();
  found->push_back({certificate ? "server.tls_certificate_file" : "server.tls_key_file",
                    "server.tls_certificate_file and server.tls_key_file need each other"});
}

bool is_web(const std::string& url) {
  return url.starts_with("http://") || url.starts_with("https://");
}

void check_oidc(const Options& options, Found* found) {
  const Oidc& oidc = options.oidc;
  const std::string& own = options.server.public_url;
  if (!own.empty() && (!is_web(own) || own.ends_with('/'))) {
    found->push_back({"server.public_url",
                      "server.public_url must be as https://troupe.example.org, with no / behind "
                      "it"});
  }
  if (oidc.issuer.empty()) {
    if (oidc.client_id.empty()) return;
    found->push_back({"oidc.client_id", "oidc.client_id needs oidc.issuer"});
    return;
  }
  if (!is_web(oidc.issuer)) {
    found->push_back({"oidc.issuer", "oidc.issuer must begin with https://"});
  }
  if (oidc.client_id.empty()) {
    found->push_back({"oidc.issuer", "oidc.issuer needs oidc.client_id"});
  }
  if ((" " + oidc.scopes + " ").find(" openid ") == std::string::npos) {
    found->push_back({"oidc.scopes", "oidc.scopes must have openid among them"});
  }
  // What a stranger writes into a Host field must not be where the provider sends people to.
  const std::string& listen = options.server.listen;
  const bool is_loopback = listen.starts_with("127.") || listen.starts_with("localhost:") ||
                           listen.starts_with("[::1]:");
  if (own.empty() && (!is_loopback || options.server.behind_proxy)) {
    found->push_back({"oidc.issuer", "oidc.issuer needs server.public_url, unless the server is "
                                     "for this machine alone"});
  }
}

void check_mail(const Options& options, Found* found) {
  const Mail& mail = options.mail;
  if (mail.url.empty()) {
    if (options.access.verification == "required") {
      found->push_back({"access.verification", "access.verification needs mail.url"});
    }
    return;
  }
  if (!mail.url.starts_with("smtps://") && !mail.url.starts_with("smtp://")) {
    found->push_back({"mail.url", "mail.url must begin with smtps:// or smtp://"});
  }
  // A password belongs in a file, and is shown by nobody there.
  if (mail.url.find('@') != std::string::npos) {
    found->push_back({"mail.url", "mail.url has a user in it: set mail.username"});
  }
  if (mail.from.find('@') == std::string::npos) {
    found->push_back({"mail.from", "mail.from must be an e-mail address"});
  }
  if (mail.username.empty() != mail.password_file.empty()) {
    const bool has_name = !mail.username.empty();
    found->push_back({has_name ? "mail.username" : "mail.password_file",
                      "mail.username and mail.password_file need each other"});
  }
  if (mail.pages.empty() && options.server.public_url.empty()) {
    found->push_back({"mail.url", "mail.url needs mail.pages or server.public_url, where letters "
                                  "lead to"});
  }
  if (!mail.pages.empty() && (!is_web(mail.pages) || mail.pages.ends_with('/'))) {
    found->push_back({"mail.pages",
                      "mail.pages must be as https://app.example.org/account, with no / behind "
                      "it"});
  }
}

void check_vault(const Vault& vault, Found* found) {
  const struct {
    std::string_view key;
    bool set;
  } sources[] = {{"vault.master_key_file", !vault.master_key_file.empty()},
                 {"vault.master_key_variable", !vault.master_key_variable.empty()},
                 {"vault.master_key_command", !vault.master_key_command.empty()}};
  std::string_view first;
  for (const auto& one : sources) {
    if (one.set && !first.empty()) {
      found->push_back({one.key, std::string(first) + " and " + std::string(one.key) +
                                     " are both set: there is one master key"});
    }
    if (one.set) first = one.key;
  }
}

void check_cluster(const Cluster& cluster, Found* found) {
  if (!is_node_name(cluster.node_name)) {
    found->push_back({"cluster.node_name", "cluster.node_name must be [A-Za-z0-9._-]{1,63}"});
  }
  const std::string& url = cluster.advertise_url;
  if (!url.empty() && !is_web(url)) {
    found->push_back(
        {"cluster.advertise_url", "cluster.advertise_url must begin with http:// or https://"});
  }
}

}  // namespace

std::vector<Contradiction> contradictions(const Options& options) {
  Found found;
  check_server(options.server, &found);
  check_oidc(options, &found);
  check_mail(options, &found);
  check_vault(options.vault, &found);
  check_store(options, &found);
  check_nats(options.nats, &found);
  check_cluster(options.cluster, &found);
  return found;
}

}  // namespace troupe::config
